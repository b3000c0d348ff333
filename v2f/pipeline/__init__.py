"""From a clip to a face, to a strip of faces by duration, or to a face that grows while someone speaks.

Importing this package loads no torch: the names below fetch what they need at first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from v2f.pipeline.live import LiveSession
    from v2f.pipeline.prefixes import Prefixes
    from v2f.pipeline.settling import Settling
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
    "Settling",
    "VoiceToFace",
    "Waveform",
    "draw_strip",
]

_HOMES = {
    "LiveSession": "live",
    "Prefixes": "prefixes",
    "Settling": "settling",
    "VoiceToFace": "voice_to_face",
    "draw_strip": "strip",
    **dict.fromkeys(("DURATIONS", "MAX_SECONDS", "Clip", "Face", "Waveform"), "types"),
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"v2f.pipeline.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'v2f.pipeline' has no attribute {name!r}")
