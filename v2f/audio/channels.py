"""From several channels to one: their mean, unless they cancel each other or each holds a voice of its own."""

from typing import Literal

import numpy as np

from v2f.audio.vad import FAINTEST_DB

Channel = Literal["left", "right"]
CHANNELS: tuple[Channel, Channel] = ("left", "right")

LOUDEST = 8.0  # beyond it no sound in [-1, 1] overshoots
STRAY = 1e-3  # a smaller share of samples beyond it is damage
SCALES = (2.0**15, 2.0**23, 2.0**31)  # of integers that were written as floats
CREST = (1.5, 100.0)  # peak by root mean square, of sound
FRAMES_A_SECOND = 50
CANCELLED = 0.5  # of the power that a mean of unrelated channels has
MOST_CANCELLED = 0.2  # of the energy of all channels
APART = 0.5  # correlation of the loudness of two channels, below which they do not hold the same
LATER = 15  # frames, 300 ms, by which one channel may be later than the other; of what is short, a twentieth
AUDIBLE = 10 ** (FAINTEST_DB / 20)  # root mean square of a channel's loudest frame


def mono(block: np.ndarray) -> np.ndarray:
    """Samples [n] or [n, channels] of any type -> float32 [n] in [-1, 1], the mean of all channels."""
    return _mixed(as_floats(block), None)


def as_floats(block: np.ndarray) -> np.ndarray:
    """Samples of any type and shape -> float32 in [-1, 1]; integers are scaled by their type's range."""
    if np.issubdtype(block.dtype, np.integer):
        half = 2.0 ** (8 * block.dtype.itemsize - 1)
        middle = half if np.issubdtype(block.dtype, np.unsignedinteger) else 0.0
        block = (block.astype(np.float64) - middle) / half
    return _in_range(block).astype(np.float32, copy=False)


def _in_range(block: np.ndarray) -> np.ndarray:
    """Floats in [-1, 1]; NaN and infinities become silence."""
    if within(block, 1.0):
        return block
    return np.nan_to_num(block, nan=0.0, posinf=0.0, neginf=0.0).clip(-1.0, 1.0)


def within(block: np.ndarray, limit: float) -> bool:
    """Whether all of these floats are numbers from -limit to limit."""
    return not block.size or bool(block.min() >= -limit and block.max() <= limit)


def _mixed(block: np.ndarray, channel: int | None) -> np.ndarray:
    if block.ndim == 1:
        return block
    if channel is not None:
        return block[:, min(channel, block.shape[1] - 1)]
    total = block[:, 0]
    for i in range(1, block.shape[1]):  # several times as fast as a mean along the shorter axis
        total = total + block[:, i]
    return total if block.shape[1] == 1 else total / np.float32(block.shape[1])


class Mixer:
    """Mixes one recording's blocks, and keeps what tells how it should have been mixed."""

    def __init__(self, channel: int | None = None, scale: float = 1.0) -> None:
        self._channel = channel
        self._scale = np.float32(scale)
        self._powers: list[np.ndarray] = []  # [frames, channels] of each block
        self._of_mean: list[np.ndarray] = []  # [frames]
        self._peak = self._squares = 0.0  # of blocks that go far beyond 1
        self._beyond = self._samples = 0

    def mix(self, block: np.ndarray, rate: int) -> np.ndarray:
        """A block float32 [n, channels] -> float32 [n]."""
        if self._scale != 1:
            block = block / self._scale
        if not within(block, 1.0):
            block = _in_range(block if within(block, LOUDEST) else self._measure(block))
        mixed = _mixed(block, self._channel)
        if block.shape[1] > 1 and self._channel is None:
            self._compare(block, mixed, rate // FRAMES_A_SECOND)
        return mixed

    def _measure(self, block: np.ndarray) -> np.ndarray:
        """Count what is far beyond 1; what is so by damage becomes silence."""
        block = np.nan_to_num(block, nan=0.0, posinf=0.0, neginf=0.0)
        loud = np.abs(block) > LOUDEST
        self._peak = max(self._peak, float(np.abs(block).max()))
        self._squares += float(np.square(block, dtype=np.float64).sum())
        self._beyond += int(loud.sum())
        self._samples += block.size
        return np.where(loud, np.float32(0), block) if loud.mean() < STRAY else block

    def _compare(self, block: np.ndarray, mixed: np.ndarray, size: int) -> None:
        if len(self._powers) and self._powers[-1].shape[1] != block.shape[1]:
            return  # of a part with other channels than the first
        whole = len(block) // size * size
        frames = block[:whole].reshape(-1, size, block.shape[1])
        self._powers.append(np.einsum("fsc,fsc->fc", frames, frames) / size)
        means = mixed[:whole].reshape(-1, size)
        self._of_mean.append(np.einsum("fs,fs->f", means, means) / size)

    @property
    def scale(self) -> float | None:
        """What the samples have to be divided by; None where no scale makes sound of them."""
        if self._beyond <= STRAY * self._samples:
            return 1.0
        crest = self._peak / np.sqrt(self._squares / self._samples)
        if self._peak > SCALES[-1] or not CREST[0] < crest < CREST[1]:
            return None
        fitting = min(scale for scale in SCALES if scale >= self._peak)
        return fitting if self._peak > fitting / 256 else self._peak

    @property
    def louder(self) -> int | None:
        """The loudest channel, where the mean lacks much of what the channels hold."""
        if not self._powers:
            return None
        powers, of_mean = np.concatenate(self._powers), np.concatenate(self._of_mean)
        starts = np.arange(0, len(powers), FRAMES_A_SECOND // 2)
        if not len(starts):
            return None
        both, mean = np.add.reduceat(powers.sum(axis=1), starts), np.add.reduceat(of_mean, starts)
        cancelled = both[mean < CANCELLED * both / powers.shape[1] ** 2].sum()
        return int(powers.sum(axis=0).argmax()) if cancelled > MOST_CANCELLED * both.sum() else None

    @property
    def apart(self) -> bool:
        """Whether two channels do not get loud together, as they do where both hold the same voices."""
        if not self._powers or self._powers[0].shape[1] != 2:
            return False
        loudness = np.sqrt(np.concatenate(self._powers))
        if len(loudness) < FRAMES_A_SECOND or loudness.max(axis=0).min() < AUDIBLE:
            return False
        left, right = ((loudness - loudness.mean(axis=0)) / (loudness.std(axis=0) + 1e-12)).T
        together = max(
            (one[later:] * other[: len(other) - later]).mean()
            for one, other in ((left, right), (right, left))
            for later in range(min(LATER, len(loudness) // 20) + 1)
        )
        return bool(together < APART)
