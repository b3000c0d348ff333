"""Sound in, features out: reading, speech detection, log-mel, and noise. Everything is mono at 16 kHz.

Importing this package loads no torch, which `features` and `front_ends` need: so the kiosk's decoder stays small.
"""

from v2f.audio.channels import CHANNELS, Channel
from v2f.audio.io import read_audio, read_samples, read_sound
from v2f.audio.noise import NOISE_KINDS, make_noise, mix, noise_bank
from v2f.audio.sound import Sound
from v2f.audio.vad import (
    FRAME,
    FULL_SCALE,
    SAMPLE_RATE,
    SpeechDetector,
    bridge_gaps,
    decide,
    detect_speech,
    keep_speech,
    require_speech,
)
from v2f.audio.waveform import at_level, to_waveform

__all__ = [
    "CHANNELS",
    "FRAME",
    "FULL_SCALE",
    "NOISE_KINDS",
    "SAMPLE_RATE",
    "Channel",
    "Sound",
    "SpeechDetector",
    "at_level",
    "bridge_gaps",
    "decide",
    "detect_speech",
    "keep_speech",
    "make_noise",
    "mix",
    "noise_bank",
    "read_audio",
    "read_samples",
    "read_sound",
    "require_speech",
    "to_waveform",
]
