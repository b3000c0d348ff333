"""A generator of sharp portraits beside Table 2's: from the same 64 numbers to a composite portrait, made sharp.

Paper: deconvolutions with ReLU, one after another (Table 2), which learn what a face is from the discriminator alone.
Here, because a few thousand portraits do not teach that, a face is made in three parts:

* Place. The embedding's place along the principal components of composite portraits of look-alikes is linear, and
  solved for (v2f/data/demo/places.py): the place at which two face descriptors are nearest to what the voice predicts.
* Portrait. Texture and shape at that place, the texture carried to the shape (v2f/data/demo/components.py).
* Detail. A small U-Net (Ronneberger et al., 2015) that learned from portraits and their own smooth versions, and from
  a discriminator, adds what a composite lacks: lashes, lips, hair, skin.

What is hardly a voice fades to a blur in which nobody is left: a small classifier tells voices from other sounds.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from v2f.models.networks import EMBEDDING_SIZE, LEAKY_SLOPE, NetworkConfig

COMPONENTS = 64  # of composites
FLOW_GRID = 64  # points along a side at which flows are stored; they are smooth
FARTHEST = 2.5  # standard deviations along a component, which places approach and do not pass
INPUT_SCALE = EMBEDDING_SIZE**0.5  # a unit embedding's components then have unit variance
WIDTH = 64  # of the classifier of voices
# Probability of a voice below which nobody is shown, and from which on the whole face is.
FADES = (0.2, 0.5)
CHANNELS = (24, 48, 96, 96)  # of the detail network, at half the picture's size, a quarter, ...
FULL_CHANNELS = 12  # of it, at the picture's own size
DETAIL_SCALE = 0.1  # of the first weights of its last layer, so that training begins with the portraits


class PortraitGenerator(nn.Module):
    """F_g: unit embedding [batch, 64] -> face [batch, 3, size, size], unbounded (clamp to [-1, 1] to show it)."""

    directions: (
        Tensor  # [64, 64]: a unit embedding @ directions is its place, in standard deviations of composites
    )

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.register_buffer("directions", torch.zeros(EMBEDDING_SIZE, COMPONENTS))
        self.presence = nn.Sequential(
            nn.Linear(EMBEDDING_SIZE, WIDTH), nn.LeakyReLU(LEAKY_SLOPE), nn.Linear(WIDTH, 1)
        )
        self.portraits = Portraits(config.image_size)
        self.detail = DetailNetwork()

    def forward(self, embedding: Tensor) -> Tensor:
        shown = self.shown(embedding)
        portrait = self.portrait(embedding, shown)
        return portrait + shown[:, None, None, None] * self.detail(portrait)

    def portrait(self, embedding: Tensor, shown: Tensor | None = None) -> Tensor:
        """The portraits alone, float32 [batch, 3, size, size]; `shown`, of each, is how much of it there is."""
        with torch.autocast(embedding.device.type, enabled=False):
            places = embedding.float() @ self.directions.float()
            places = FARTHEST * torch.tanh(places / FARTHEST)
            shown = torch.ones_like(places[:, 0]) if shown is None else shown
            return self.portraits(places * shown[:, None], 1 - shown)

    def voice_logits(self, embedding: Tensor) -> Tensor:
        """How likely unit embeddings [batch, 64] are those of voices: logits [batch]."""
        return self.presence(embedding * INPUT_SCALE)[:, 0]

    def shown(self, embedding: Tensor) -> Tensor:
        """How much of a face is shown, float32 [batch] from 0 (a blur) to 1 (all of it)."""
        first, last = FADES
        share = ((self.voice_logits(embedding).float().sigmoid() - first) / (last - first)).clamp(0, 1)
        return share.square() * (3 - 2 * share)


class Portraits(nn.Module):
    """Composite portraits of places along their principal components."""

    textures: (
        Tensor  # [66, 3 * size * size], in [-1, 1]: the mean, the components, and from the mean to the blur
    )
    flows: Tensor  # [65, 2 * 64 * 64], in shares of the picture's side: the mean's and the components'

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size
        self.register_buffer("textures", torch.zeros(COMPONENTS + 2, 3 * size**2))
        self.register_buffer("flows", torch.zeros(COMPONENTS + 1, 2 * FLOW_GRID**2))

    def forward(self, places: Tensor, gone: Tensor) -> Tensor:
        """Portraits float32 [batch, 3, size, size].

        Args:
            places: [batch, 64], in standard deviations.
            gone: [batch], 0 for a portrait, 1 for the blur in which nobody is left.
        """
        with torch.autocast(places.device.type, enabled=False):
            weights = torch.cat([torch.ones_like(places[:, :1]), places, gone[:, None]], dim=1).float()
            textures = (weights @ self.textures.float()).view(-1, 3, self.size, self.size)
            flows = (weights[:, :-1] @ self.flows.float()).view(-1, 2, FLOW_GRID, FLOW_GRID)
            return warp(textures, flows)


class DetailNetwork(nn.Module):
    """What a smooth picture [batch, 3, size, size] lacks, to be added to it; of any size that 16 divides."""

    def __init__(self) -> None:
        super().__init__()
        first, second, third, last = CHANNELS
        self.enter = nn.ModuleList([_convolution(3 * 4, first), _convolution(first, first)])
        self.down = nn.ModuleList(
            _convolution(*channels, stride=2)
            for channels in ((first, second), (second, third), (third, last))
        )
        self.deepest = _convolution(last, last)
        self.up = nn.ModuleList(
            _convolution(below + beside, outputs)
            for below, beside, outputs in (
                (last, third, third),
                (third, second, second),
                (second, first, first),
                (first, 3, FULL_CHANNELS),
            )
        )
        self.colour = _convolution(FULL_CHANNELS, 3)
        with torch.no_grad():
            self.colour.weight.mul_(DETAIL_SCALE)

    def forward(self, picture: Tensor) -> Tensor:
        x = F.pixel_unshuffle(picture, 2).contiguous(memory_format=torch.channels_last)
        for layer in self.enter:
            x = F.leaky_relu(layer(x), LEAKY_SLOPE)
        beside = [picture]
        for layer in self.down:
            beside.append(x)
            x = F.leaky_relu(layer(x), LEAKY_SLOPE)
        x = F.leaky_relu(self.deepest(x), LEAKY_SLOPE)
        for layer in self.up:
            # Deconvolutions, or pixels out of channels, would draw a lattice.
            x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
            x = F.leaky_relu(layer(torch.cat([x, beside.pop()], dim=1)), LEAKY_SLOPE)
        return self.colour(x)


def warp(textures: Tensor, flows: Tensor) -> Tensor:
    """Carry textures to shapes.

    Args:
        textures: [batch, 3, size, size].
        flows: [batch, 2, grid, grid]: how far to the right of each point (x), and below it (y), lies what it shows,
            in shares of the picture's side.

    Returns:
        Pictures [batch, 3, size, size]. Beyond its edge a texture goes on as it ends.
    """
    size = textures.shape[-1]
    flows = F.interpolate(flows, size=(size, size), mode="bilinear", align_corners=False)
    along = (torch.arange(size, device=flows.device, dtype=flows.dtype) + 0.5) / size
    points = torch.stack(
        torch.meshgrid(along, along, indexing="xy")
    )  # (x, y) of each pixel's centre, [2, size, size]
    return F.grid_sample(
        textures, ((points + flows) * 2 - 1).permute(0, 2, 3, 1), padding_mode="border", align_corners=False
    )


def _convolution(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    """3x3, with He's initial weights, which keep the variance of features through the layers."""
    layer = nn.Conv2d(inputs, outputs, 3, stride, 1)
    nn.init.kaiming_normal_(layer.weight, LEAKY_SLOPE)
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)
    return layer
