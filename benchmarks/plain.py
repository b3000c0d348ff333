"""Preparing a recording the plain way, as the textbook and the detector's own example have it, to be measured against.

Honest and not slowed down: the same constants, the same results up to rounding, one frame after another.
"""

from dataclasses import dataclass

import numpy as np
import webrtcvad

from v2f.audio import FRAME, SAMPLE_RATE
from v2f.audio.features import (
    BIN_HZ,
    BINS,
    FFT_SIZE,
    FLOOR,
    FULL_SCALE,
    HIGHEST_HZ,
    HOP,
    LOWEST_HZ,
    PRE_EMPHASIS,
    WINDOW,
)
from v2f.audio.vad import AGGRESSIVENESS, FAINTEST_DB, FALL_DB, LEVEL_DB, LONGEST_GAP
from v2f.models.networks import MEL_BINS


@dataclass
class Frame:
    """20 ms of a recording, as the detector takes them."""

    bytes: bytes
    timestamp: float
    duration: float


def speech_of(waveform: np.ndarray) -> np.ndarray:
    """The speech-bearing frames of float32 [samples] at 16 kHz, joined."""
    detector = webrtcvad.Vad(AGGRESSIVENESS)
    pcm = np.clip(levelled(waveform) * 32768.0, -32768, 32767).astype("<i2").tobytes()
    frames, offset, duration = [], 0, FRAME / SAMPLE_RATE
    while offset + 2 * FRAME <= len(pcm):
        frames.append(Frame(pcm[offset : offset + 2 * FRAME], offset / 2 / SAMPLE_RATE, duration))
        offset += 2 * FRAME
    spoken = [detector.is_speech(frame.bytes, SAMPLE_RATE) for frame in frames]
    last = None
    for i, speech in enumerate(list(spoken)):
        if speech:
            if last is not None and 1 < i - last <= LONGEST_GAP + 1:
                for gap in range(last + 1, i):
                    spoken[gap] = True
            last = i
    kept = [waveform[i * FRAME : (i + 1) * FRAME] for i, speech in enumerate(spoken) if speech]
    return np.concatenate(kept) if kept else waveform[:0]


def levelled(waveform: np.ndarray) -> np.ndarray:
    """Whole frames of float32 [samples] at 16 kHz, the loudest of late at one level."""
    frames, loudest = [waveform[:0]], FAINTEST_DB
    for start in range(0, len(waveform) - FRAME + 1, FRAME):
        frame = waveform[start : start + FRAME].astype(np.float64)
        loudness = 10 * np.log10(np.mean(frame**2) + 1e-12)
        loudest = max(loudness, FAINTEST_DB, loudest - FALL_DB * FRAME / SAMPLE_RATE)
        frames.append(frame * 10 ** ((LEVEL_DB - loudest) / 20))
    return np.concatenate(frames)


def log_mel_of(waveform: np.ndarray, filters: np.ndarray) -> np.ndarray:
    """The log-mel of float32 [samples] by `filterbank` -> float64 [frames, 64]."""
    signal = waveform.astype(np.float64) * FULL_SCALE
    signal = np.append(signal[0], signal[1:] - PRE_EMPHASIS * signal[:-1])
    window = np.hamming(WINDOW)
    rows = []
    for start in range(0, len(signal) - WINDOW + 1, HOP):
        power = np.abs(np.fft.rfft(signal[start : start + WINDOW] * window, FFT_SIZE)) ** 2
        rows.append(np.log(np.maximum(power @ filters, FLOOR)))
    return np.array(rows)


def filterbank() -> np.ndarray:
    """Triangular mel filters [513, 64], filter by filter and bin by bin."""
    low, high = (2595 * np.log10(1 + hz / 700) for hz in (LOWEST_HZ, HIGHEST_HZ))
    mels = np.linspace(low, high, MEL_BINS + 2)
    edges = np.round(700 * (10 ** (mels / 2595) - 1) / BIN_HZ)
    filters = np.zeros((BINS, MEL_BINS))
    for m in range(MEL_BINS):
        left, middle, right = edges[m : m + 3]
        for k in range(int(left), int(right)):
            rising, falling = (k - left) / (middle - left), (right - k) / (right - middle)
            filters[k, m] = max(0.0, min(rising, falling)) * 2 / ((right - left) * BIN_HZ)
    return filters
