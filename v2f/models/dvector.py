"""The d-vector of Resemblyzer 0.1.4 (Apache-2.0), one of the two public networks of the fused encoder (fused.py).

Three LSTM layers of 256 units read 40 mel bands of a window of 1.6 s, which gives 256 numbers of unit length (Wan et
al., "Generalized End-to-End Loss for Speaker Verification", 2018). The network was trained for speaker recognition on
thousands of people, as Sec. 3.1.3 asks of F_e; public_encoders.py has its weights.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from v2f.models.networks import POWER_BANDS

DVECTOR_SIZE = 256


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
