"""Sounds that hold no voice, or too many: white, pink, brown, mains hum and babble; and mixing them with a voice."""

from collections.abc import Sequence

import numpy as np

from v2f.audio.vad import FRAME, SAMPLE_RATE, detect_speech

NOISE_KINDS = ("white", "pink", "brown", "hum", "babble")
LEVEL = 0.1  # root mean square of made noise
LOWEST_HZ = 20.0  # below which pink and brown noise rise no further, as nothing plays it
HARMONICS = 12  # of mains hum
BABBLE_VOICES = 6  # at once


def make_noise(
    kind: str, samples: int, seed: int, clips: Sequence[np.ndarray] = (), mains_hz: int = 50
) -> np.ndarray:
    """Make one kind of noise -> float32 [samples] at 16 kHz, RMS 0.1; the same seed, the same noise.

    `clips` [samples] are the voices that babble is made of. Raises ValueError for an unknown kind, or for
    babble without clips.
    """
    rng = np.random.default_rng(seed)
    if kind == "white":
        noise = rng.standard_normal(samples)
    elif kind in ("pink", "brown"):
        noise = _coloured(samples, 1.0 if kind == "pink" else 2.0, rng)
    elif kind == "hum":
        noise = _hum(samples, mains_hz, rng)
    elif kind == "babble":
        noise = _babble(samples, clips, rng)
    else:
        raise ValueError(f"unknown noise {kind!r}; there are {', '.join(NOISE_KINDS)}")
    return (noise * (LEVEL / max(1e-12, _rms(noise)))).astype(np.float32)


def noise_bank(samples: int, clips: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    """Every kind of noise by name, float32 [samples] each, always the same for the same clips."""
    return {kind: make_noise(kind, samples, seed, clips) for seed, kind in enumerate(NOISE_KINDS)}


def mix(voice: np.ndarray, noise: np.ndarray, snr_db: float, speech: np.ndarray | None = None) -> np.ndarray:
    """Add noise to a voice at a signal-to-noise ratio measured over the voice's speech frames.

    voice, noise: float32 [samples] at 16 kHz; noise is repeated or cut to the voice's length. speech: the
    voice's decisions per 20 ms, computed here if not given; without any speech the whole voice is measured.
    Returns float32 [samples] with a peak of at most 1; where it would be higher, all of it is turned down.
    """
    noise = np.resize(noise, len(voice))
    if speech is None:
        speech = detect_speech(voice)
    where = np.repeat(speech, FRAME)
    where = np.pad(where, (0, len(voice) - len(where))) if where.any() else np.ones(len(voice), bool)
    level = _rms(noise[where]) or _rms(noise)  # a noise that is silent whenever the voice speaks has no ratio
    gain = _rms(voice[where]) / max(1e-12, level) / 10 ** (snr_db / 20)
    mixed = voice + gain * noise
    return (mixed / max(1.0, float(np.abs(mixed).max(initial=0)))).astype(np.float32)


def _rms(signal: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(signal, dtype=np.float64)))) if len(signal) else 0.0


def _coloured(samples: int, exponent: float, rng: np.random.Generator) -> np.ndarray:
    """Noise whose power falls as 1 / f^exponent."""
    frequency = np.fft.rfftfreq(samples, 1 / SAMPLE_RATE)
    spectrum = np.fft.rfft(rng.standard_normal(samples)) / np.maximum(frequency, LOWEST_HZ) ** (exponent / 2)
    spectrum[0] = 0
    return np.fft.irfft(spectrum, n=samples)


def _hum(samples: int, mains_hz: int, rng: np.random.Generator) -> np.ndarray:
    """The mains frequency and its harmonics, each weaker than the one before, in random phase."""
    time = np.arange(samples) / SAMPLE_RATE
    hum = np.zeros(samples)
    for order, phase in enumerate(rng.uniform(0, 2 * np.pi, HARMONICS), start=1):
        hum += np.sin(2 * np.pi * mains_hz * order * time + phase) / order
    return hum


def _babble(samples: int, clips: Sequence[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """Six random clips at once, equally loud, each repeated from a random place on; fewer clips are used again."""
    voices = [clip for clip in clips if _rms(clip) > 0]
    if not voices:
        raise ValueError("babble needs clips of speech")
    babble = np.zeros(samples)
    for index in np.resize(rng.permutation(len(voices)), BABBLE_VOICES):
        clip = voices[index]
        start = int(rng.integers(len(clip)))
        babble += np.resize(np.roll(clip, -start), samples) / _rms(clip)
    return babble
