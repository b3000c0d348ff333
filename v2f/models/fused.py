"""Two public speaker encoders as F_e beside Table 2's: a d-vector (dvector.py) and CAM++ (campplus.py), side by side.

Both were trained for speaker recognition on thousands of people, as Sec. 3.1.3 asks of F_e. Each gives a vector for
each window of 1.6 s; the means over a recording, each of unit length, are its fused vector [448]. The generator is
given 64 numbers of it: both halves less a mean, of unit length again, on 64 directions; mean and directions are learned
from the training voices.

windows.py says where the windows lie; each is computed once, also of a growing recording. CAM++, which costs four times
as much, hears the first, second, fourth, eighth window and so on: twice the recording for one window more
(docs/experiments.md, 27).
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import chain

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from v2f.models.campplus import CAMPPLUS_SIZE, CAMPPlus
from v2f.models.cores import cores, shares, side_by_side
from v2f.models.dvector import DVECTOR_SIZE, DVectorNetwork
from v2f.models.networks import EMBEDDING_SIZE
from v2f.models.windows import (
    WINDOW,
    WindowCache,
    filled_up,
    heard_by_campplus,
    levelled,
    window_key,
    window_starts,
)

FUSED_SIZE = DVECTOR_SIZE + CAMPPLUS_SIZE  # 448
DVECTOR, CAMPPLUS = b"d-vector ", b"CAM++ "  # before the keys of their vectors in a cache
OPEN = b"CAM++, open "  # of a first window that its recording does not fill yet; how many frames it has comes next
ENOUGH = 3 / 4  # of such a window, whose vector will do for it while the recording grows
# The d-vector's windows have few lengths, and come in few numbers at once: a CPU keeps kernels for each shape (0.5 MB).
LENGTH_STEP = 32  # frames, a multiple of which they are padded to
COUNTS = (1, 2, 4, 6, 8, 9, 10, 12, 16, 24, 32, 64, 128)  # at once, which the rest is filled up to
AT_ONCE = (16, 8, 4, 3, 2, 1)  # windows for CAM++, of which few come at once

KeyedWindows = list[tuple[bytes, Tensor]]  # each with the key of its vector, [121, frames]


class FusedEncoder(nn.Module):
    """F_e: frames [batch, 121, frames] of v2f/audio/front_ends.py -> embedding [batch, 64], not yet unit length."""

    mean: Tensor  # [448], of the training voices' fused vectors
    directions: Tensor  # [448, 64], of the fused vectors less the mean, each half of unit length

    def __init__(self) -> None:
        super().__init__()
        self.dvector, self.campplus = DVectorNetwork(), CAMPPlus()
        self.register_buffer("mean", torch.zeros(FUSED_SIZE))
        # Not torch.eye: on the device "meta", where weights are loaded, it imports torch.compile, two seconds.
        self.register_buffer("directions", torch.zeros(FUSED_SIZE, EMBEDDING_SIZE).fill_diagonal_(1))

    def forward(self, features: Tensor, frames: int | None = None) -> Tensor:
        """Embed a batch of one length, or its first `frames` frames."""
        return self.embed_each(list(features[..., :frames]))

    def embed_each(
        self,
        recordings: Sequence[Tensor],
        caches: Sequence[WindowCache] | None = None,
        growing: Sequence[bool] | None = None,
    ) -> Tensor:
        """Embeddings float32 [n, 64] of recordings [121, frames] of any lengths; see `vectors`."""
        return self.chosen(self.vectors(recordings, caches, growing))

    def chosen(self, vectors: Tensor) -> Tensor:
        """Fused vectors [n, 448] -> the embeddings float32 [n, 64] of them, not yet unit length."""
        with torch.autocast(vectors.device.type, enabled=False):
            return unit_halves(vectors - self.mean.float()) @ self.directions.float()

    def vectors(
        self,
        recordings: Sequence[Tensor],
        caches: Sequence[WindowCache] | None = None,
        growing: Sequence[bool] | None = None,
    ) -> Tensor:
        """Fused vectors float32 [n, 448], both halves of unit length, of recordings [121, frames], one at least.

        The windows of all of them go through the networks together; those that recordings on the CPU share, as
        prefixes of one recording do, once. Of each recording the windows in its cache are not computed again, and new
        ones are added to it. While a recording is `growing`, and shorter than a window, CAM++ hears it again only when
        it has grown by a third.
        """
        caches = [{}] * len(recordings) if caches is None else caches
        growing = [False] * len(recordings) if growing is None else growing
        new: tuple[dict[bytes, Tensor], ...] = ({}, {})  # windows that each network is to hear, by key
        keys_of: list[list[list[bytes]]] = []
        for recording, cache, grows in zip(recordings, caches, growing, strict=True):
            of_dvector, of_campplus = windows_of(recording)
            if grows:
                others = zip(keys_of, caches, strict=False)
                earlier = [key for keys, of in others if of is cache for key in keys[1]]
                of_campplus = heard_enough(of_campplus, [*cache, *earlier])
            keys_of.append([])
            for waiting, own in zip(new, (of_dvector, of_campplus), strict=True):
                keys_of[-1].append([key for key, _ in own])
                waiting |= {key: window for key, window in own if key not in waiting and key not in cache}
        by_dvector, by_campplus = ([levelled(window) for window in windows.values()] for windows in new)
        # The d-vector takes about as long as CAM++ without its convolutions.
        convolved = side_by_side([partial(self._steps, share) for share in shares(by_campplus, cores())])
        steps = list(chain(*convolved))
        heard = side_by_side(
            [
                partial(self._dvectors, by_dvector),
                *(partial(self._campplus, share) for share in shares(steps, cores() - 1)),
            ]
        )
        computed = dict(zip(chain(*new), chain(*heard), strict=True))
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

    def _steps(self, windows: Sequence[tuple[Tensor, Tensor]]) -> list[Tensor]:
        """CAM++'s steps [80, 128] of levelled windows."""
        banks = [filled_up(banks) for _, banks in windows]
        return [
            steps
            for part in few(banks)
            for steps in self.campplus.steps(torch.stack(part).to(self.mean.device))
        ]

    def _campplus(self, steps: Sequence[Tensor]) -> list[Tensor]:
        return [
            vector
            for part in few(list(steps))
            for vector in F.normalize(self.campplus.speaker(torch.stack(part)), dim=-1)
        ]


def few(items: list[Tensor]) -> Iterator[list[Tensor]]:
    """Items in parts of AT_ONCE."""
    while items:
        count = next(count for count in AT_ONCE if count <= len(items))
        yield items[:count]
        items = items[count:]


def windows_of(recording: Tensor) -> tuple[KeyedWindows, KeyedWindows]:
    """The windows of a recording [121, frames] that the d-vector's network hears, and those that CAM++ hears."""
    frames = recording.shape[-1]
    starts = window_starts(frames)
    windows = [recording[:, start : start + WINDOW] for start in starts]
    keys = [window_key(window) for window in windows]
    name = CAMPPLUS if frames >= WINDOW else OPEN + b"%d " % frames
    return (
        [(DVECTOR + key, window) for key, window in zip(keys, windows, strict=True)],
        [(name + keys[i], windows[i]) for i in heard_by_campplus(starts)],
    )


def heard_enough(windows: KeyedWindows, known: Iterable[bytes]) -> KeyedWindows:
    """CAM++'s windows of a recording; in place of an open one the longest that is known, if that is ENOUGH of it."""
    (key, window), *_ = windows
    if not key.startswith(OPEN):
        return windows
    lengths = {other: _open_frames(other) for other in known if other.startswith(OPEN)}
    enough = [other for other, frames in lengths.items() if ENOUGH * window.shape[-1] <= frames]
    return [(max(enough, key=lengths.__getitem__, default=key), window)]


def _open_frames(key: bytes) -> int:
    return int(key.removeprefix(OPEN).split()[0])


def unit_halves(vectors: Tensor) -> Tensor:
    """Fused vectors [..., 448], the half of each network scaled to length one."""
    halves = vectors.split((DVECTOR_SIZE, CAMPPLUS_SIZE), dim=-1)
    return torch.cat([F.normalize(half, dim=-1) for half in halves], dim=-1)
