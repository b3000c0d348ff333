"""From a clip to a face, to a strip of faces by duration, or to a face that grows while someone speaks."""

from v2f.pipeline.live import LiveSession
from v2f.pipeline.prefixes import Prefixes
from v2f.pipeline.strip import draw_strip
from v2f.pipeline.types import DURATIONS, MAX_SECONDS, Clip, Face, Waveform
from v2f.pipeline.voice_to_face import VoiceToFace

__all__ = [
    "DURATIONS",
    "MAX_SECONDS",
    "Clip",
    "Face",
    "LiveSession",
    "Prefixes",
    "VoiceToFace",
    "Waveform",
    "draw_strip",
]
