"""Speech of made people for stores: tones that swell and fall."""

import numpy as np


def tones(samples: int, pitch: float, rhythm: float, rng: np.random.Generator) -> np.ndarray:
    """Seven harmonics of a pitch that swell in a rhythm, both in Hz, and a little noise: int16 [samples] at 16 kHz.

    An unchanging tone would be taken away when its features are normalised.
    """
    time = np.arange(samples) / 16_000
    sound = sum(np.sin(2 * np.pi * pitch * n * time) / n for n in range(1, 8)) * 3000
    sound *= 1 + np.sin(2 * np.pi * rhythm * time)
    return (sound + rng.normal(0, 200, samples)).astype(np.int16)
