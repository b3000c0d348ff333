"""Sounds that are no voice, made by formulas, from which a generator learns to show nobody.

Beside the kinds of noise of v2f/audio/noise.py: plucked strings, knocks, and whistles as of birds and machines.
Recorded sounds are left for measuring.
"""

from collections.abc import Sequence

import numpy as np

from v2f.audio import NOISE_KINDS, SAMPLE_RATE, make_noise

SOUNDS = (*NOISE_KINDS, "strings", "knocks", "whistles")
PITCHES_HZ = (80.0, 660.0)  # of strings: a guitar's
RINGING = 0.996  # of a string's sound is left after each of its swings
HISS = 1e-3  # of full scale, under knocks and whistles


def make_sound(kind: str, samples: int, seed: int, clips: Sequence[np.ndarray] = ()) -> np.ndarray:
    """One of SOUNDS, float32 [samples] at 16 kHz, in [-1, 1]; `clips` are voices that babble is made of."""
    if kind in NOISE_KINDS:
        return make_noise(kind, samples, seed, clips=clips)
    rng = np.random.default_rng(seed)
    return {"strings": _strings, "knocks": _knocks, "whistles": _whistles}[kind](samples, rng).astype(
        np.float32
    )


def _strings(samples: int, rng: np.random.Generator) -> np.ndarray:
    """Plucked strings (Karplus and Strong, 1983): a burst that goes round, a little smoother each time."""
    sound, start = np.zeros(samples), 0
    while start < samples:
        swing = rng.uniform(-1, 1, int(SAMPLE_RATE / rng.uniform(*PITCHES_HZ)))
        length = min(samples - start, int(SAMPLE_RATE * rng.uniform(0.5, 2)))
        swings = [swing]
        for _ in range(length // len(swing)):
            swings.append(RINGING * (swings[-1] + np.roll(swings[-1], -1)) / 2)
        sound[start : start + length] += np.concatenate(swings)[:length]
        start += int(SAMPLE_RATE * rng.uniform(0.1, 0.5))
    return 0.3 * sound / np.abs(sound).max()


def _knocks(samples: int, rng: np.random.Generator) -> np.ndarray:
    """Taps on a table: tones that die away within some hundredths of a second."""
    sound, start = HISS * rng.standard_normal(samples), 0
    while start < samples:
        time = np.arange(min(samples - start, SAMPLE_RATE // 10))
        tone = np.sin(2 * np.pi * rng.uniform(100, 900) / SAMPLE_RATE * time)
        sound[start : start + len(time)] += (
            rng.uniform(0.2, 0.8) * np.exp(-time / rng.uniform(60, 400)) * tone
        )
        start += int(SAMPLE_RATE * rng.uniform(0.08, 0.6))
    return sound.clip(-1, 1)


def _whistles(samples: int, rng: np.random.Generator) -> np.ndarray:
    """A pure tone that rises and falls, on and off."""
    time = np.arange(samples) / SAMPLE_RATE
    pitch = rng.uniform(300, 3000) * (1 + 0.4 * np.sin(2 * np.pi * rng.uniform(0.5, 6) * time))
    on = np.sin(2 * np.pi * rng.uniform(0.5, 4) * time) > 0
    return 0.3 * on * np.sin(2 * np.pi * np.cumsum(pitch) / SAMPLE_RATE) + HISS * rng.standard_normal(samples)
