"""Sound in, features out: reading, speech detection, log-mel, and noise. Everything is mono at 16 kHz."""

from v2f.audio.features import MIN_SPEECH_SECONDS, features, log_mel, normalise
from v2f.audio.noise import NOISE_KINDS, make_noise, mix
from v2f.audio.reading import read_audio, to_waveform
from v2f.audio.vad import SAMPLE_RATE, detect_speech, keep_speech

__all__ = [
    "MIN_SPEECH_SECONDS",
    "NOISE_KINDS",
    "SAMPLE_RATE",
    "detect_speech",
    "features",
    "keep_speech",
    "log_mel",
    "make_noise",
    "mix",
    "normalise",
    "read_audio",
    "to_waveform",
]
