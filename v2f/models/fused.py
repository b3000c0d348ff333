"""Two public speaker encoders as F_e beside Table 2's: a d-vector (dvector.py) and CAM++ (campplus.py), side by side.

Both were trained for speaker recognition on thousands of people, as Sec. 3.1.3 asks of F_e. Each gives a vector for
each window of 1.6 s; the means over a recording, each of unit length, are its fused vector [448]. The generator is
given 64 numbers of it: both halves less a mean, of unit length again, on 64 directions; mean and directions are learned
from the training voices.

Windows lie side by side and each is brought to one level by itself, so that the windows of a growing recording stay
what they were and are computed once.
"""

import math
from collections.abc import Iterator, Sequence

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
        new: dict[bytes, Tensor] = {}
        keys_of = []
        for recording, cache in zip(recordings, caches, strict=True):
            starts = window_starts(recording.shape[-1])
            cut = [recording[:, start : start + WINDOW] for start in starts]
            keys = [window_key(window) for window in cut]
            new |= {key: window for key, window in zip(keys, cut, strict=True) if key not in cache}
            keys_of.append(keys)
        computed = dict(zip(new, self._of_windows(list(new.values())), strict=True))
        means = []
        for keys, cache in zip(keys_of, caches, strict=True):
            # Copies: what is computed together lies in one piece of memory, and another's recording may be in it.
            cache.update({key: computed[key].clone() for key in keys if key not in cache})
            means.append(torch.stack([cache[key] for key in keys]).mean(dim=0))
        return unit_halves(torch.stack(means))

    def _of_windows(self, windows: Sequence[Tensor]) -> Iterator[Tensor]:
        """Of each window [121, frames] both networks' vectors [448]."""
        both = [levelled(window) for window in windows]
        dvectors = self._dvectors([power.T for power, _ in both])
        campplus = self._campplus([filled_up(banks) for _, banks in both])
        return (torch.cat(pair) for pair in zip(dvectors, campplus, strict=True))

    def _dvectors(self, windows: Sequence[Tensor]) -> list[Tensor]:
        """Of windows [frames, 40]; the LSTM takes its steps one after another, for all of a batch."""
        vectors: list[Tensor] = []
        for first in range(0, len(windows), COUNTS[-1]):
            part = windows[first : first + COUNTS[-1]]
            missing = next(count for count in COUNTS if count >= len(part)) - len(part)
            lengths = torch.tensor([len(window) for window in part] + [1] * missing)
            padded = pad_sequence(list(part), batch_first=True).to(self.mean.device)
            padded = F.pad(padded, (0, 0, 0, -padded.shape[1] % LENGTH_STEP, 0, missing))
            vectors += self.dvector(padded, lengths.to(padded.device))[: len(part)]
        return vectors

    def _campplus(self, windows: Sequence[Tensor]) -> list[Tensor]:
        """Of windows [80, WINDOW]."""
        vectors: list[Tensor] = []
        while left := len(windows) - len(vectors):
            count = next(count for count in AT_ONCE if count <= left)
            part = torch.stack(list(windows[len(vectors) : len(vectors) + count])).to(self.mean.device)
            vectors += F.normalize(self.campplus(part), dim=-1)
        return vectors


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
