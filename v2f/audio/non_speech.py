"""Sounds that are no voice, made by formulas, from which a generator learns to show nobody.

Beside the kinds of noise of v2f/audio/noise.py: plucked strings, knocks, whistles as of birds and machines, calls as
of animals, and surroundings: noise of any colour that swells and fades, as of traffic, rooms and weather. Recorded
sounds are left for measuring.
"""

from collections.abc import Sequence

import numpy as np

from v2f.audio import NOISE_KINDS, SAMPLE_RATE, make_noise

SOUNDS = (*NOISE_KINDS, "strings", "knocks", "whistles", "calls", "surroundings")
PITCHES_HZ = (80.0, 660.0)  # of strings: a guitar's
RINGING = 0.996  # of a string's sound is left after each of its swings
HISS = 1e-3  # of full scale, under knocks and whistles


def make_sound(kind: str, samples: int, seed: int, clips: Sequence[np.ndarray] = ()) -> np.ndarray:
    """One of SOUNDS, float32 [samples] at 16 kHz, in [-1, 1]; `clips` are voices that babble is made of."""
    if kind in NOISE_KINDS:
        return make_noise(kind, samples, seed, clips=clips)
    rng = np.random.default_rng(seed)
    made = {
        "strings": _strings,
        "knocks": _knocks,
        "whistles": _whistles,
        "calls": _calls,
        "surroundings": _surroundings,
    }
    return made[kind](samples, rng).astype(np.float32)


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


def _calls(samples: int, rng: np.random.Generator) -> np.ndarray:
    """One animal's calls, over a quiet surrounding: harmonic sounds that tremble and slide, again and again."""
    sound, start = _surroundings(samples, rng) * 10 ** rng.uniform(-2, -0.3), 0
    pitch, tremble = np.exp(rng.uniform(np.log(150), np.log(2000))), rng.uniform(4, 30)
    loudness = rng.uniform(0, 1, 12) * np.exp(-np.arange(12) / rng.uniform(1, 8))  # of the harmonics
    while start < samples:
        time = np.arange(min(samples - start, int(SAMPLE_RATE * rng.uniform(0.05, 0.9)))) / SAMPLE_RATE
        own = pitch * rng.uniform(0.8, 1.25) * (1 + rng.uniform(-0.6, 0.6) * time)
        own *= 1 + rng.uniform(0, 0.1) * np.sin(2 * np.pi * tremble * time)
        phase = 2 * np.pi * np.cumsum(own) / SAMPLE_RATE
        call = sum(part * np.sin((i + 1) * phase) * ((i + 1) * own < 7500) for i, part in enumerate(loudness))
        envelope = np.hanning(len(time) + 2)[1:-1] * (
            1 + rng.uniform(0, 1) * np.sin(2 * np.pi * tremble * time)
        )
        rough = 1 + rng.uniform(0, 0.8) * rng.standard_normal(len(time))
        sound[start : start + len(time)] += 0.3 * call * envelope * rough
        start += int(SAMPLE_RATE * rng.uniform(0.1, 1.0))
    return 0.5 * sound / np.abs(sound).max()


def _surroundings(samples: int, rng: np.random.Generator) -> np.ndarray:
    """Noise whose colour is a random curve over the frequencies, and whose loudness comes and goes."""
    size = samples + SAMPLE_RATE  # the loudness is a curve over more than the shortest sounds
    points = np.cumsum(rng.normal(0, 6, 24)) - rng.uniform(0, 2) * np.arange(24)  # dB, over a musical scale
    frequency = np.fft.rfftfreq(size, 1 / SAMPLE_RATE)
    places = np.linspace(np.log(30), np.log(8000), 24)
    gain = 10 ** (np.interp(np.log(frequency.clip(min=1)), places, points) / 20)
    noise = np.fft.irfft(np.fft.rfft(rng.standard_normal(size)) * gain, n=size)
    steps = max(4, int(size / SAMPLE_RATE * rng.uniform(0.5, 20)))
    swell = np.interp(
        np.linspace(0, steps - 1, size), np.arange(steps), rng.normal(0, rng.uniform(0, 8), steps)
    )
    sound = (noise * 10 ** (swell / 20))[:samples]
    return 0.3 * sound / np.abs(sound).max()
