"""The windows of 1.6 s in which the fused encoder hears a recording: where they lie, their level, and their cache.

Windows lie side by side and each is brought to one level by itself, so that the windows of a growing recording stay
what they were and are computed once. Resemblyzer's half overlap, and a recording is brought to the level as a whole; a
ridge regression predicts face descriptors from these as well (docs/experiments.md, 13), for half the work.
"""

import math
from collections.abc import Sequence
from hashlib import blake2b

from torch import Tensor

from v2f.models.networks import POWER_BANDS

WINDOW = 160  # frames of 10 ms
LEAST_REST = 20  # frames left over, from which on one more window ends where the recording does
LEVEL_DB = -30.0  # dBFS, root mean square: of the speech that the d-vector's network was trained on
FAINTEST = 1e-12  # mean square, -120 dBFS, above which a window is brought to that level
QUIETEST = 1.2e-7  # power in a filter bank at LEVEL_DB, below which CAM++ was shown no differences

# Vectors of windows, by network and a hash of each. Biometric data of one recording: delete both together.
WindowCache = dict[bytes, Tensor]


def window_starts(frames: int) -> list[int]:
    """Where the windows of a recording start, in frames. One shorter than a window is one short window."""
    starts = list(range(0, max(1, frames - WINDOW + 1), WINDOW))
    last = frames - WINDOW
    return [*starts, last] if last - starts[-1] >= LEAST_REST else starts


def heard_by_campplus(starts: Sequence[int]) -> list[int]:
    """Which of a recording's windows CAM++ hears: the first, the second, the fourth, ..., if they lie side by side."""
    powers = (i for i in range(len(starts)) if (i + 1) & i == 0)
    return [i for i in powers if starts[i] == i * WINDOW]


def levelled(window: Tensor) -> tuple[Tensor, Tensor]:
    """A window [121, frames] at LEVEL_DB: its mel power [40, frames], and log filter banks [80, frames].

    Row 40 of the window is the frames' mean square. The mean of each filter bank over time is taken away.
    """
    gain = level_gain(window[POWER_BANDS].mean())
    return window[:POWER_BANDS] * gain, levelled_banks(window[POWER_BANDS + 1 :], gain)


def level_gain(mean_square: Tensor) -> Tensor:
    """What the power of a window has to be multiplied by to be at LEVEL_DB."""
    return 10 ** (LEVEL_DB / 10) / mean_square.clamp(min=FAINTEST)


def levelled_banks(banks: Tensor, gain: Tensor) -> Tensor:
    """Log filter banks [..., 80, frames] of windows at LEVEL_DB, the mean of each bank over time taken away."""
    banks = (banks + gain.log()).clamp(min=math.log(QUIETEST))
    return banks - banks.mean(dim=-1, keepdim=True)


def filled_up(banks: Tensor) -> Tensor:
    """A window [80, frames] again and again until it is as long as others, [80, WINDOW]."""
    return banks.repeat(1, -(-WINDOW // banks.shape[-1]))[:, :WINDOW]


def window_key(window: Tensor) -> bytes:
    """What a window holds, in short; or where it lies, if to read it would mean to wait for a GPU."""
    if window.device.type != "cpu":
        return f"{window.data_ptr()} {tuple(window.shape)}".encode()
    return blake2b(window.contiguous().numpy().data, digest_size=16).digest()
