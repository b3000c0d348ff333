"""A public speaker encoder, as F_e beside Table 2's: the d-vector of Resemblyzer 0.1.4 (Apache-2.0).

Three LSTM layers of 256 units read 40 mel bands in windows of 1.6 s, each window gives 256 numbers of unit length, and
their mean over the recording, made unit length, is the d-vector (Wan et al., "Generalized End-to-End Loss for Speaker
Verification", 2018). It was trained for speaker recognition on thousands of people, as Sec. 3.1.3 asks of F_e. The
generator is given 64 numbers: the d-vector less a mean, on its first 64 principal directions, both of the training
voices.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from v2f.models.networks import EMBEDDING_SIZE, POWER_BANDS

DVECTOR_SIZE = 256
WINDOW, STRIDE = 160, 80  # frames of 10 ms; Resemblyzer's windows, half overlapping
LEAST_REST = 20  # frames left over, from which on one more window ends where the recording does
AT_ONCE = 128  # windows, to bound memory


class DVectorNetwork(nn.Module):
    """Mel power [batch, frames, 40] of levelled speech -> d-vector of each window [batch, 256], unit length."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(POWER_BANDS, DVECTOR_SIZE, num_layers=3, batch_first=True)
        self.linear = nn.Linear(DVECTOR_SIZE, DVECTOR_SIZE)

    def forward(self, mel: Tensor, lengths: Tensor) -> Tensor:
        """`lengths`, int64 [batch], are the windows' own: what fills them up to `frames` is not heard."""
        heard, _ = self.lstm(mel.to(self.linear.weight.dtype))  # [batch, frames, 256]
        last = heard[torch.arange(len(mel), device=mel.device), lengths - 1]
        return F.normalize(F.relu(self.linear(last)).float(), dim=-1)


class DVectorEncoder(nn.Module):
    """F_e: levelled mel power [batch, 40, frames] -> embedding [batch, 64], not yet unit length."""

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

    def embed_each(self, mels: Sequence[Tensor]) -> Tensor:
        """Embeddings float32 [n, 64] of recordings [40, frames] of any lengths."""
        dvectors = self.dvectors(mels)
        with torch.autocast(dvectors.device.type, enabled=False):
            return (dvectors - self.mean.float()) @ self.directions.float()

    def dvectors(self, mels: Sequence[Tensor]) -> Tensor:
        """D-vectors float32 [n, 256], unit length, of recordings [40, frames] of any lengths, one at least.

        The windows of all of them go through the LSTM together, which takes its steps one after another.
        """
        starts = [window_starts(mel.shape[-1]) for mel in mels]
        windows = [
            mel[:, start : start + WINDOW].T for mel, of in zip(mels, starts, strict=True) for start in of
        ]
        heard = []
        for first in range(0, len(windows), AT_ONCE):
            part = windows[first : first + AT_ONCE]
            lengths = torch.tensor([len(window) for window in part], device=part[0].device)
            heard.append(self.network(pad_sequence(part, batch_first=True), lengths))
        by_recording = torch.cat(heard).split([len(of) for of in starts])
        return F.normalize(torch.stack([vectors.mean(dim=0) for vectors in by_recording]), dim=-1)


def window_starts(frames: int) -> list[int]:
    """Where the windows of a recording start, in frames. One shorter than a window is one short window."""
    starts = list(range(0, max(1, frames - WINDOW + 1), STRIDE))
    last = frames - WINDOW
    return [*starts, last] if last - starts[-1] >= LEAST_REST else starts
