"""CAM++, a public speaker encoder (Wang et al., "CAM++: A Fast and Efficient Network for Speaker Verification Using
Context-Aware Masking", 2023), for inference only.

Log filter banks of one window go through convolutions over frequency and time, then through three densely connected
blocks of time-delay layers, each layer gated by what the whole window sounds like; mean and deviation over time become
192 numbers. Batch normalisations that follow a convolution directly are part of its weights
(v2f/models/public_encoders.py), the others are `ScaledRelu`.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from v2f.models.networks import FILTER_BANKS

CAMPPLUS_SIZE = 192
IMAGE_CHANNELS = 32
ENTRY_CHANNELS = 128
GROWTH = 32  # channels that each layer of a block adds
HIDDEN = 128  # channels within a layer
BLOCKS = ((12, 1), (24, 2), (16, 2))  # layers, and their dilation
LONGEST = 200  # frames of a segment, by whose mean layers are gated beside that of all the window


class ScaledRelu(nn.Module):
    """Batch normalisation of the last axis, its statistics fixed, and a ReLU."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.scale, self.shift = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        return torch.addcmul(self.shift, x, self.scale).relu_()


class Residual(nn.Module):
    """Two convolutions beside a shortcut: [batch, 32, bands, frames] -> [batch, 32, bands / stride, frames]."""

    def __init__(self, stride: int) -> None:
        super().__init__()
        width = IMAGE_CHANNELS
        self.first = nn.Conv2d(width, width, 3, (stride, 1), 1)
        self.second = nn.Conv2d(width, width, 3, 1, 1)
        self.shortcut = nn.Conv2d(width, width, 1, (stride, 1)) if stride > 1 else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return (self.second(self.first(x).relu_()) + self.shortcut(x)).relu_()


class GatedLayer(nn.Module):
    """A time-delay layer of three taps, context-aware masking on what it gives: [batch, steps, in] -> [..., 32]."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.dilation = dilation
        self.enter = ScaledRelu(channels)
        self.squeeze = nn.Linear(channels, HIDDEN)
        self.taps = nn.Linear(HIDDEN, 3 * GROWTH, bias=False)  # earlier, now, later
        self.context = nn.Linear(HIDDEN, HIDDEN // 2)
        self.gate = nn.Linear(HIDDEN // 2, GROWTH)

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.squeeze(self.enter(x)).relu_()  # [batch, steps, 128]
        gate = self.gate(self.context(hidden.mean(dim=1, keepdim=True)).relu_()).sigmoid_()
        earlier, now, later = self.taps(hidden).split(GROWTH, dim=-1)
        local = now + F.pad(earlier, (0, 0, self.dilation, -self.dilation))
        local += F.pad(later, (0, 0, -self.dilation, self.dilation))
        return local * gate


class CAMPPlus(nn.Module):
    """Log filter banks [batch, 80, frames], 200 frames at most, the mean of each over time zero -> [batch, 192]."""

    def __init__(self) -> None:
        super().__init__()
        width, channels = IMAGE_CHANNELS, ENTRY_CHANNELS
        self.image = nn.Sequential(
            nn.Conv2d(1, width, 3, 1, 1),
            nn.ReLU(inplace=True),
            *(Residual(stride) for stride in (2, 1, 2, 1)),
            nn.Conv2d(width, width, 3, (2, 1), 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, channels, (FILTER_BANKS // 8, 5), (1, 2), (0, 2)),
            nn.ReLU(inplace=True),
        )
        self.blocks, self.transitions = nn.ModuleList(), nn.ModuleList()
        for layers, dilation in BLOCKS:
            self.blocks.append(
                nn.ModuleList(GatedLayer(channels + GROWTH * i, dilation) for i in range(layers))
            )
            channels += GROWTH * layers
            last = len(self.blocks) == len(BLOCKS)
            halve = nn.Linear(channels, channels // 2, bias=last)  # and the last one's normalisation
            self.transitions.append(nn.Sequential(ScaledRelu(channels), halve))
            channels //= 2
        self.linear = nn.Linear(2 * channels, CAMPPLUS_SIZE)

    def forward(self, banks: Tensor) -> Tensor:
        """Not unit length."""
        return self.speaker(self.steps(banks))

    def steps(self, banks: Tensor) -> Tensor:
        """The convolutions over frequency and time: [batch, 80, frames] -> [batch, steps of 20 ms, 128]."""
        if banks.shape[-1] > LONGEST:
            raise ValueError(f"a window of {banks.shape[-1]} frames is longer than {LONGEST}")
        image = banks.to(self.linear.weight.dtype)[:, None].contiguous(memory_format=torch.channels_last)
        steps: Tensor = self.image(image)[:, :, 0].transpose(1, 2)
        return steps

    def speaker(self, x: Tensor) -> Tensor:
        """The rest: [batch, steps, 128] -> [batch, 192]."""
        for block, transition in zip(self.blocks, self.transitions, strict=True):
            for layer in block:  # type: ignore[attr-defined]
                x = torch.cat([x, layer(x)], dim=-1)
            x = transition(x)
        x = x.relu_().float()
        spread, mean = torch.std_mean(x, dim=1)
        return self.linear(torch.cat([mean, spread], dim=-1).to(self.linear.weight.dtype)).float()
