"""Sound in, features out: reading, speech detection, log-mel, and noise. Everything is mono at 16 kHz."""

from v2f.audio.features import (
    FRAMES_AT_ONCE,
    FRAMES_PER_SECOND,
    MIN_SPEECH_SECONDS,
    features,
    log_mel,
    log_mel_by_frame,
    normalise,
    require_speech,
    whole_frames,
)
from v2f.audio.front_ends import FRONT_ENDS, FrontEnd
from v2f.audio.io import at_level, read_audio, to_waveform
from v2f.audio.noise import NOISE_KINDS, make_noise, mix, noise_bank
from v2f.audio.vad import (
    FRAME,
    FULL_SCALE,
    SAMPLE_RATE,
    SpeechDetector,
    bridge_gaps,
    decide,
    detect_speech,
    keep_speech,
)

__all__ = [
    "FRAME",
    "FRAMES_AT_ONCE",
    "FRAMES_PER_SECOND",
    "FRONT_ENDS",
    "FULL_SCALE",
    "FrontEnd",
    "MIN_SPEECH_SECONDS",
    "NOISE_KINDS",
    "SAMPLE_RATE",
    "SpeechDetector",
    "at_level",
    "bridge_gaps",
    "decide",
    "detect_speech",
    "features",
    "keep_speech",
    "log_mel",
    "log_mel_by_frame",
    "make_noise",
    "mix",
    "noise_bank",
    "normalise",
    "read_audio",
    "require_speech",
    "to_waveform",
    "whole_frames",
]
