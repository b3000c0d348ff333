"""The example recordings, three people who read aloud: what tests make awkward files of."""

from functools import lru_cache
from io import BytesIO

import numpy as np
import soundfile

from tests.support.browser import EXAMPLES
from v2f.audio import SAMPLE_RATE

RATE = SAMPLE_RATE


@lru_cache
def voice(number: int, seconds: float = 4.0) -> np.ndarray:
    """The start of an example, float32 [samples] at 16 kHz, read-only."""
    sound, rate = soundfile.read(EXAMPLES[number], round(seconds * RATE), dtype="float32")
    assert rate == RATE and len(sound) == round(seconds * RATE)
    sound.flags.writeable = False
    return sound


def encoded(sound: np.ndarray, rate: int = RATE, kind: str = "WAV", subtype: str | None = None) -> bytes:
    """A sound [n] or [n, channels] as the bytes of a file."""
    file = BytesIO()
    soundfile.write(file, sound, rate, subtype, format=kind)
    return file.getvalue()


def likeness(sound: np.ndarray, part: np.ndarray) -> float:
    """How much of a waveform [n] is in another, wherever it lies there: 1 for all of it."""
    size = len(sound) + len(part)
    spectrum = np.fft.rfft(sound, size) * np.conj(np.fft.rfft(part, size))
    best = int(np.abs(np.fft.irfft(spectrum, size)).argmax()) % size
    there = sound[best : best + len(part)]
    norm = np.linalg.norm(there) * np.linalg.norm(part[: len(there)]) + 1e-9
    return float(abs(there @ part[: len(there)]) / norm * len(there) / len(part))
