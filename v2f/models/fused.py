"""Two public speaker encoders as F_e beside Table 2's: a d-vector (dvector.py) and CAM++ (campplus.py), side by side.

Both were trained for speaker recognition on thousands of people, as Sec. 3.1.3 asks of F_e. Each gives a vector for
each window of 1.6 s; the means over a recording, each of unit length, are its fused vector [448]. The generator is
given 64 numbers of it: both halves less a mean, of unit length again, on 64 directions; mean and directions are learned
from the training voices.

Windows lie side by side and each is brought to one level by itself, so that the windows of a growing recording stay
what they were and are computed once. CAM++, which costs four times as much, hears the first, second, fourth, eighth
window and so on: twice the recording for one window more (docs/experiments.md, 27).
"""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from v2f.models.campplus import CAMPPLUS_SIZE, CAMPPlus
from v2f.models.dvector import (
    COUNTS,
    DVECTOR_SIZE,
    FAINTEST,
    LENGTH_STEP,
    LEVEL_DB,
    WINDOW,
    DVectorNetwork,
    WindowCache,
    window_key,
    window_starts,
)
from v2f.models.networks import EMBEDDING_SIZE, POWER_BANDS

FUSED_SIZE = DVECTOR_SIZE + CAMPPLUS_SIZE  # 448
QUIETEST = 1.2e-7  # power in a filter bank at LEVEL_DB, below which CAM++ was shown no differences
NAMES = (b"dvector", b"campplus")  # before the keys of their vectors in a cache
AT_ONCE = (16, 8, 4, 2, 1)  # windows for CAM++, whose batches cost as much as their windows one by one


class FusedEncoder(nn.Module):
    """F_e: frames [batch, 121, frames] of v2f/audio/front_ends.py -> embedding [batch, 64], not yet unit length."""

    mean: Tensor  # [448], of the training voices' fused vectors
    directions: Tensor  # [448, 64], of the fused vectors less the mean, each half of unit length

    def __init__(self) -> None:
        super().__init__()
        self.dvector, self.campplus = DVectorNetwork(), CAMPPlus()
        self.register_buffer("mean", torch.zeros(FUSED_SIZE))
        self.register_buffer("directions", torch.eye(FUSED_SIZE, EMBEDDING_SIZE))

    def forward(self, features: Tensor, frames: int | None = None) -> Tensor:
        """Embed a batch of one length, or its first `frames` frames."""
        return self.embed_each(list(features[..., :frames]))

    def embed_each(self, recordings: Sequence[Tensor], caches: Sequence[WindowCache] | None = None) -> Tensor:
        """Embeddings float32 [n, 64] of recordings [121, frames] of any lengths; for `caches` see `vectors`."""
        vectors = self.vectors(recordings, caches)
        with torch.autocast(vectors.device.type, enabled=False):
            return unit_halves(vectors - self.mean.float()) @ self.directions.float()

    def vectors(self, recordings: Sequence[Tensor], caches: Sequence[WindowCache] | None = None) -> Tensor:
        """Fused vectors float32 [n, 448], both halves of unit length, of recordings [121, frames], one at least.

        The windows of all of them go through the networks together; those that recordings on the CPU share, as
        prefixes of one recording do, once. Of each recording the windows in its cache are not computed again, and new
        ones are added to it.
        """
        caches = [{}] * len(recordings) if caches is None else caches
        new: tuple[dict[bytes, Tensor], ...] = ({}, {})  # windows that each network is to hear, by key
        keys_of = []
        for recording, cache in zip(recordings, caches, strict=True):
            starts = window_starts(recording.shape[-1])
            cut = [recording[:, start : start + WINDOW] for start in starts]
            keys = [window_key(window) for window in cut]
            parts = range(len(starts)), heard_by_campplus(starts)
            keys_of.append([[name + keys[i] for i in part] for name, part in zip(NAMES, parts, strict=True)])
            for windows, own, part in zip(new, keys_of[-1], parts, strict=True):
                windows |= {key: cut[i] for key, i in zip(own, part, strict=True) if key not in cache}
        computed: dict[bytes, Tensor] = {}
        for windows, hear in zip(new, (self._dvectors, self._campplus), strict=True):
            computed |= zip(windows, hear([levelled(window) for window in windows.values()]), strict=True)
        means = []
        for both, cache in zip(keys_of, caches, strict=True):
            # Copies: what is computed together lies in one piece of memory, and another's recording may be in it.
            cache.update({key: computed[key].clone() for keys in both for key in keys if key not in cache})
            means.append(torch.cat([torch.stack([cache[key] for key in keys]).mean(dim=0) for keys in both]))
        return unit_halves(torch.stack(means))

    def _dvectors(self, windows: Sequence[tuple[Tensor, Tensor]]) -> list[Tensor]:
        """Of levelled windows; the LSTM takes its steps one after another, for all of a batch."""
        vectors: list[Tensor] = []
        for first in range(0, len(windows), COUNTS[-1]):
            part = [power.T for power, _ in windows[first : first + COUNTS[-1]]]
            missing = next(count for count in COUNTS if count >= len(part)) - len(part)
            lengths = torch.tensor([len(window) for window in part] + [1] * missing)
            padded = pad_sequence(part, batch_first=True).to(self.mean.device)
            padded = F.pad(padded, (0, 0, 0, -padded.shape[1] % LENGTH_STEP, 0, missing))
            vectors += self.dvector(padded, lengths.to(padded.device))[: len(part)]
        return vectors

    def _campplus(self, windows: Sequence[tuple[Tensor, Tensor]]) -> list[Tensor]:
        """Of levelled windows."""
        vectors: list[Tensor] = []
        while left := len(windows) - len(vectors):
            count = next(count for count in AT_ONCE if count <= left)
            part = [filled_up(banks) for _, banks in windows[len(vectors) : len(vectors) + count]]
            vectors += F.normalize(self.campplus(torch.stack(part).to(self.mean.device)), dim=-1)
        return vectors


def heard_by_campplus(starts: Sequence[int]) -> list[int]:
    """Which of a recording's windows CAM++ hears: the first, the second, the fourth, ..., if they lie side by side."""
    powers = (i for i in range(len(starts)) if (i + 1) & i == 0)
    return [i for i in powers if starts[i] == i * WINDOW]


def levelled(window: Tensor) -> tuple[Tensor, Tensor]:
    """A window [121, frames] at LEVEL_DB: its mel power [40, frames], and log filter banks [80, frames].

    Row 40 of the window is the frames' mean square. The mean of each filter bank over time is taken away.
    """
    mean_square = window[POWER_BANDS].mean()
    gain = 10 ** (LEVEL_DB / 10) / mean_square.clamp(min=FAINTEST)
    banks = (window[POWER_BANDS + 1 :] + gain.log()).clamp(min=math.log(QUIETEST))
    return window[:POWER_BANDS] * gain, banks - banks.mean(dim=-1, keepdim=True)


def filled_up(banks: Tensor) -> Tensor:
    """A window [80, frames] again and again until it is as long as others, [80, WINDOW]."""
    return banks.repeat(1, -(-WINDOW // banks.shape[-1]))[:, :WINDOW]


def unit_halves(vectors: Tensor) -> Tensor:
    """Fused vectors [..., 448], the half of each network scaled to length one."""
    halves = vectors.split((DVECTOR_SIZE, CAMPPLUS_SIZE), dim=-1)
    return torch.cat([F.normalize(half, dim=-1) for half in halves], dim=-1)
