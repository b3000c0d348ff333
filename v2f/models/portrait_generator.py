"""A generator of sharp portraits, besides Table 2's: it turns the same 64 numbers into a portrait with detail.

Paper: a stack of deconvolutions (Table 2) learns what a face is from the discriminator alone; here: a face is made in
three parts, because a few thousand portraits are too few for that.

* Place. A linear map takes the embedding to a place along the principal components of composite portraits. It is solved
  for (v2f/demo/places.py): at that place two face descriptors are nearest to those predicted from the voice.
* Portrait. The texture at that place, warped to the shape at that place (v2f/demo/components.py).
* Detail. A small U-Net (Ronneberger et al., 2015) adds what a composite lacks: lashes, lips, hair, skin. It learned
  from portraits and their smooth versions, and from a discriminator.

A small classifier tells voices from other sounds. The less an embedding is like a voice's, the more the portrait fades
to a blur without anybody in it.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from v2f.models.networks import EMBEDDING_SIZE, LEAKY_SLOPE, NetworkConfig

COMPONENTS = 64  # of composites
FLOW_GRID = 64  # points along a side at which flows are stored; they are smooth
BLUR = 3 / 8  # of the picture's side: the reach of the blur
FARTHEST = 2.5  # standard deviations along a component, the limit that places approach
INPUT_SCALE = EMBEDDING_SIZE**0.5  # a unit embedding's components then have unit variance
WIDTH = 64  # of the classifier of voices
# Probability of a voice below which only the blur is shown, and above which the whole face is.
FADES = (0.2, 0.5)
CHANNELS = (24, 48, 96, 96)  # of the detail network, at half the picture's size, a quarter, ...
FULL_CHANNELS = 12  # of it, at the picture's own size
DETAIL_SCALE = 0.1  # of its last layer's initial weights, so that training starts near the plain portraits


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

    def forward(self, embedding: Tensor, places: Tensor | None = None) -> Tensor:
        """The faces of embeddings, drawn at their own places or at `places` [batch, 64]; they fade as embeddings do."""
        shown = self.shown(embedding)
        portrait = self.portrait(embedding, shown, places)
        return portrait + shown[:, None, None, None] * self.detail(portrait)

    def portrait(
        self, embedding: Tensor, shown: Tensor | None = None, places: Tensor | None = None
    ) -> Tensor:
        """The portraits without detail, float32 [batch, 3, size, size]; `shown` [batch]: 1 for all, 0 for the blur."""
        with torch.autocast(embedding.device.type, enabled=False):
            places = self.places(embedding) if places is None else places
            shown = torch.ones_like(places[:, 0]) if shown is None else shown
            return self.portraits(places * shown[:, None], 1 - shown)

    def places(self, embedding: Tensor) -> Tensor:
        """The places of unit embeddings [batch, 64], float32 [batch, 64], in standard deviations."""
        return bounded(embedding.float() @ self.directions.float())

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
    flows: Tensor  # [65, 2 * 64 * 64], as fractions of the picture's side: the mean's and the components'

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size
        self.register_buffer("textures", torch.zeros(COMPONENTS + 2, 3 * size**2))
        self.register_buffer("flows", torch.zeros(COMPONENTS + 1, 2 * FLOW_GRID**2))

    @torch.no_grad()
    def fit(self, textures: Tensor, flows: Tensor) -> None:
        """Store the mean and components of v2f/demo/components.py, and the difference between the mean and its blur."""
        textures = textures.float()
        to_blur = blurred(textures[0]) - textures[0]
        self.textures.copy_(torch.cat([textures, to_blur[None]]).flatten(1))
        self.flows.copy_(flows.float().flatten(1))

    def forward(self, places: Tensor, gone: Tensor) -> Tensor:
        """Portraits float32 [batch, 3, size, size].

        Args:
            places: [batch, 64], in standard deviations.
            gone: [batch], 0 for a portrait, 1 for the blur.
        """
        with torch.autocast(places.device.type, enabled=False):
            weights = torch.cat([torch.ones_like(places[:, :1]), places, gone[:, None]], dim=1).float()
            textures = (weights @ self.textures.float()).view(-1, 3, self.size, self.size)
            flows = (weights[:, :-1] @ self.flows.float()).view(-1, 2, FLOW_GRID, FLOW_GRID)
            return warp(textures, flows)


class DetailNetwork(nn.Module):
    """The detail to add to smooth pictures [batch, 3, size, size], of any size that is a multiple of 16."""

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
        # In the order of the features, or putting them side by side would take longer than the convolutions.
        picture = picture.contiguous(memory_format=torch.channels_last)
        x = F.pixel_unshuffle(picture, 2)
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


def bounded(places: Tensor) -> Tensor:
    """Places [..., 64], softly limited to FARTHEST."""
    return FARTHEST * torch.tanh(places / FARTHEST)


def warp(textures: Tensor, flows: Tensor) -> Tensor:
    """Warp textures to shapes.

    Args:
        textures: [batch, 3, size, size].
        flows: [batch, 2, grid, grid]: the offset (x, then y) from each point to the point of the texture that is shown
            there, as a fraction of the picture's side.

    Returns:
        Pictures [batch, 3, size, size]. Beyond their edges textures repeat their border.
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


def blurred(picture: Tensor) -> Tensor:
    """A square picture [3, size, size], blurred until nothing finer than BLUR is left."""
    half = round(picture.shape[-1] * BLUR / 2)
    for _ in range(2):  # two box filters make a tent
        padded = F.pad(picture[None], (half,) * 4, mode="replicate")
        picture = F.avg_pool2d(padded, 2 * half + 1, stride=1)[0]
    return picture


def _convolution(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    """3x3, with He's initial weights, which keep the variance of features through the layers."""
    layer = nn.Conv2d(inputs, outputs, 3, stride, 1)
    nn.init.kaiming_uniform_(layer.weight, LEAKY_SLOPE)
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)
    return layer
