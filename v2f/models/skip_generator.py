"""A second generator beside Table 2's: the same 64 numbers to the same 64x64 face, a third of the work.

Paper: deconvolutions with ReLU, one after another, the embedding only at the start (Table 2). Here, as StyleGAN2 has it
(Karras et al., 2020): the embedding scales the channels of every layer, and every resolution adds its own colours to
the enlarged picture of the one below. So coarse features settle first, and none is drawn twice in two places.
"""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from v2f.models.networks import EMBEDDING_SIZE, LEAKY_SLOPE

STYLE_SIZE = 256
CHANNELS = (256, 256, 128, 64, 32)  # at 4x4, 8x8, ... 64x64
FIRST_SIZE = 4  # pixels
REFINED = (128, 64)  # channels at which a second, 3x3 convolution follows
INPUT_SCALE = EMBEDDING_SIZE**0.5  # a unit embedding's components then have unit variance
COLOUR_SCALE = 0.3  # of the first weights to colours and to styles, so that a first picture is a grey one


class SkipGenerator(nn.Module):
    """F_g: unit embedding [batch, 64] -> face [batch, 3, 64, 64], unbounded (clamp to [-1, 1] to show it)."""

    def __init__(self) -> None:
        super().__init__()
        self.style = nn.Sequential(
            nn.Linear(EMBEDDING_SIZE, STYLE_SIZE),
            nn.LeakyReLU(LEAKY_SLOPE),
            nn.Linear(STYLE_SIZE, STYLE_SIZE),
            nn.LeakyReLU(LEAKY_SLOPE),
        )
        self.first = nn.Linear(STYLE_SIZE, CHANNELS[0] * FIRST_SIZE**2)
        self.blocks = nn.ModuleList(Block(*channels) for channels in pairwise(CHANNELS))
        self.colours = nn.ModuleList(nn.Conv2d(channels, 3, 1) for channels in CHANNELS)
        for layer in self.modules():
            if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
                _initialise(layer)
        with torch.no_grad():
            for colour in self.colours:
                colour.weight.mul_(COLOUR_SCALE)  # type: ignore[operator]
            for block in self.blocks:
                block.scale.weight.mul_(COLOUR_SCALE)  # type: ignore[union-attr, operator]
                block.scale.bias.fill_(1.0)  # type: ignore[union-attr, operator]

    def forward(self, embedding: Tensor) -> Tensor:
        style = self.style(embedding * INPUT_SCALE)  # [batch, 256]
        x = self.first(style).view(-1, CHANNELS[0], FIRST_SIZE, FIRST_SIZE)  # [batch, 256, 4, 4]
        x = F.leaky_relu(x.contiguous(memory_format=torch.channels_last), LEAKY_SLOPE)
        face = self.colours[0](x)
        for block, colour in zip(self.blocks, self.colours[1:], strict=True):
            x = block(x, style)
            face = F.interpolate(face, scale_factor=2, mode="bilinear", align_corners=False) + colour(x)
        return face


class Block(nn.Module):
    """Twice the size: features [batch, inputs, h, h], styles [batch, 256] -> [batch, outputs, 2h, 2h]."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.scale = nn.Linear(STYLE_SIZE, inputs)
        self.enlarge = nn.ConvTranspose2d(inputs, outputs, 4, 2, 1)
        self.refine = nn.Conv2d(outputs, outputs, 3, 1, 1) if outputs in REFINED else None

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        x = F.leaky_relu(self.enlarge(x * self.scale(style)[:, :, None, None]), LEAKY_SLOPE)
        return x if self.refine is None else F.leaky_relu(self.refine(x), LEAKY_SLOPE)


def _initialise(layer: nn.Linear | nn.Conv2d | nn.ConvTranspose2d) -> None:
    """He's initial weights, which keep the variance of features through the layers; no bias."""
    assert layer.bias is not None
    inputs = layer.weight[0].numel()
    if isinstance(layer, nn.ConvTranspose2d):  # each of its outputs sees a quarter of its 4x4 kernel
        inputs = layer.weight.shape[0] * 4
    nn.init.normal_(layer.weight, 0.0, (2 / (1 + LEAKY_SLOPE**2) / inputs) ** 0.5)
    nn.init.zeros_(layer.bias)
