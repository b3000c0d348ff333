"""A public speaker encoder, as F_e beside Table 2's: the d-vector of Resemblyzer 0.1.4 (Apache-2.0).

Three LSTM layers of 256 units read 40 mel bands in windows of 1.6 s, each window gives 256 numbers of unit length, and
their mean over the recording, made unit length, is the d-vector (Wan et al., "Generalized End-to-End Loss for Speaker
Verification", 2018). It was trained for speaker recognition on thousands of people, as Sec. 3.1.3 asks of F_e. The
generator is given 64 numbers: the d-vector less a mean, on its first 64 principal directions, both of the training
voices.

Resemblyzer: windows that half overlap, the recording brought to one level as a whole. Here: windows side by side, each
brought to that level by itself, so that the windows of a growing recording stay what they were and are computed once.
A ridge regression predicts face descriptors from these d-vectors as well (docs/experiments.md), for half the work.
"""

from collections.abc import Sequence
from hashlib import blake2b

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from v2f.models.networks import EMBEDDING_SIZE, POWER_BANDS

DVECTOR_SIZE = 256
WINDOW = 160  # frames of 10 ms
LEVEL_DB = -30.0  # dBFS, root mean square: of the speech that the network was trained on
FAINTEST = 1e-12  # mean square, -120 dBFS, above which a window is brought to that level
LEAST_REST = 20  # frames left over, from which on one more window ends where the recording does
# Windows come in few lengths, and in few numbers at once, as a CPU keeps kernels for each shape (0.5 MB):
LENGTH_STEP = 32  # frames, a multiple of which windows are padded to
COUNTS = (1, 2, 4, 6, 8, 12, 16, 24, 32, 64, 128)  # windows at once, which the rest is filled up to

# Vectors of windows, by a hash of each. Biometric data of one recording: delete both together.
WindowCache = dict[bytes, Tensor]


class DVectorNetwork(nn.Module):
    """Mel power [batch, frames, 40] of levelled speech -> d-vector of each window [batch, 256], unit length."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(POWER_BANDS, DVECTOR_SIZE, num_layers=3, batch_first=True)
        self.linear = nn.Linear(DVECTOR_SIZE, DVECTOR_SIZE)

    def forward(self, mel: Tensor, lengths: Tensor) -> Tensor:
        """`lengths`, int64 [batch], are the frames of each window; what pads them is ignored."""
        states, _ = self.lstm(mel.to(self.linear.weight.dtype))  # [batch, frames, 256]
        last = states[torch.arange(len(mel), device=mel.device), lengths - 1]
        return F.normalize(F.relu(self.linear(last)).float(), dim=-1)


class DVectorEncoder(nn.Module):
    """F_e: mel power [batch, 41, frames] (v2f/audio/mel_power.py) -> embedding [batch, 64], not yet unit length."""

    mean: Tensor  # [256], of the training voices' d-vectors
    directions: Tensor  # [256, 64], orthonormal columns: their first principal directions

    def __init__(self) -> None:
        super().__init__()
        self.network = DVectorNetwork()
        self.register_buffer("mean", torch.zeros(DVECTOR_SIZE))
        self.register_buffer("directions", torch.eye(DVECTOR_SIZE, EMBEDDING_SIZE))

    def forward(self, mel: Tensor, frames: int | None = None) -> Tensor:
        """Embed a batch of one length, or its first `frames` frames."""
        return self.embed_each(list(mel[..., :frames]))

    def embed_each(self, mels: Sequence[Tensor], caches: Sequence[WindowCache] | None = None) -> Tensor:
        """Embeddings float32 [n, 64] of recordings [41, frames] of any lengths; for `caches` see `dvectors`."""
        dvectors = self.dvectors(mels, caches)
        with torch.autocast(dvectors.device.type, enabled=False):
            return (dvectors - self.mean.float()) @ self.directions.float()

    def dvectors(self, mels: Sequence[Tensor], caches: Sequence[WindowCache] | None = None) -> Tensor:
        """D-vectors float32 [n, 256], unit length, of recordings [41, frames] of any lengths, one at least.

        The windows of all of them go through the LSTM together, which takes its steps one after another; those that
        recordings on the CPU share, as prefixes of one recording do, once. Of each recording the windows in its cache
        are not computed again, and new ones are added to it.
        """
        caches = [{}] * len(mels) if caches is None else caches
        new: dict[bytes, Tensor] = {}
        recordings = []
        for mel, cache in zip(mels, caches, strict=True):
            cut = [mel[:, start : start + WINDOW] for start in window_starts(mel.shape[-1])]
            keys = [window_key(window) for window in cut]
            new |= {key: window for key, window in zip(keys, cut, strict=True) if key not in cache}
            recordings.append(keys)
        windows, vectors = [levelled(window).T for window in new.values()], []
        for first in range(0, len(windows), COUNTS[-1]):
            part = windows[first : first + COUNTS[-1]]
            missing = next(count for count in COUNTS if count >= len(part)) - len(part)
            lengths = torch.tensor([len(window) for window in part] + [1] * missing)
            padded = pad_sequence(part, batch_first=True).to(self.mean.device)
            padded = F.pad(padded, (0, 0, 0, -padded.shape[1] % LENGTH_STEP, 0, missing))
            vectors += self.network(padded, lengths.to(padded.device))[: len(part)]
        computed = dict(zip(new, vectors, strict=True))
        means = []
        for keys, cache in zip(recordings, caches, strict=True):
            # Copies: what is computed together lies in one piece of memory, and another's recording may be in it.
            cache.update({key: computed[key].clone() for key in keys if key not in cache})
            means.append(torch.stack([cache[key] for key in keys]).mean(dim=0))
        return F.normalize(torch.stack(means), dim=-1)


def levelled(window: Tensor) -> Tensor:
    """A window [41, frames], its last row the frames' mean square, at LEVEL_DB -> its mel power [40, frames]."""
    mean_square = window[POWER_BANDS].mean()
    return window[:POWER_BANDS] * (10 ** (LEVEL_DB / 10) / mean_square.clamp(min=FAINTEST))


def window_key(window: Tensor) -> bytes:
    """What a window holds, in short; or where it lies, if to read it would mean to wait for a GPU."""
    if window.device.type != "cpu":
        return f"{window.data_ptr()} {tuple(window.shape)}".encode()
    return blake2b(window.contiguous().numpy().data, digest_size=16).digest()


def window_starts(frames: int) -> list[int]:
    """Where the windows of a recording start, in frames. One shorter than a window is one short window."""
    starts = list(range(0, max(1, frames - WINDOW + 1), WINDOW))
    last = frames - WINDOW
    return [*starts, last] if last - starts[-1] >= LEAST_REST else starts
