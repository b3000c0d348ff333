"""A second generator beside Table 2's: the same 64 numbers to the same 64x64 face, a tenth of the work.

Paper: deconvolutions with ReLU, one after another, the embedding only at the start (Table 2). Here a face is the sum of

* a composite portrait, what look-alikes have in common (v2f/data/demo/composites.py): the embedding chooses a place
  along the principal components of the composites of all groups, in texture and in shape, and the texture is carried
  to the shape. Where these come from a pack without composites they are zero, and this part is empty. A last component
  leads to a blur in which nobody is left: how far it is gone says how little the embedding is that of a voice.
* detail: as StyleGAN2 has it (Karras et al., 2020), the embedding scales the channels of every layer, and every
  resolution adds its own colours to the enlarged picture of the one below.
"""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from v2f.models.networks import EMBEDDING_SIZE, LEAKY_SLOPE

IMAGE_SIZE = 64  # pixels
STYLE_SIZE = 256
CHANNELS = (128, 128, 64, 32, 16)  # of the detail, at 4x4, 8x8, ... 64x64
FIRST_SIZE = 4  # pixels
REFINED = (64, 32)  # channels at which a second, 3x3 convolution follows
INPUT_SCALE = EMBEDDING_SIZE**0.5  # a unit embedding's components then have unit variance
COLOUR_SCALE = 0.1  # of the first weights to colours and to styles, so that a first picture has little detail
COMPONENTS = 64  # of composites
FLOW_SCALE = IMAGE_SIZE / 4  # pixels of a flow that count as much as half the range from black to white
# Without training, the portrait stands up to the first share of the way to the blur; from the second on nobody is left.
FADES = (0.25, 0.75)
# Mean absolute detail that a portrait is shown with at most; 0.026 is usual, and more would be blotches.
MOST_DETAIL = 0.05


class CompositeGenerator(nn.Module):
    """F_g: unit embedding [batch, 64] -> face [batch, 3, 64, 64], unbounded (clamp to [-1, 1] to show it)."""

    def __init__(self) -> None:
        super().__init__()
        self.style = nn.Sequential(
            nn.Linear(EMBEDDING_SIZE, STYLE_SIZE),
            nn.LeakyReLU(LEAKY_SLOPE),
            nn.Linear(STYLE_SIZE, STYLE_SIZE),
            nn.LeakyReLU(LEAKY_SLOPE),
        )
        self.place = nn.Linear(STYLE_SIZE, COMPONENTS + 1)
        self.portraits = Portraits()
        self.first = nn.Linear(STYLE_SIZE, CHANNELS[0] * FIRST_SIZE**2)
        self.blocks = nn.ModuleList(Block(*channels) for channels in pairwise(CHANNELS))
        self.colours = nn.ModuleList(nn.Conv2d(channels, 3, 1) for channels in CHANNELS)
        for layer in self.modules():
            if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
                _initialise(layer)
        with torch.no_grad():
            for layer in (*self.colours, self.place):
                layer.weight.mul_(COLOUR_SCALE)  # type: ignore[operator]
            for block in self.blocks:
                block.scale.weight.mul_(COLOUR_SCALE)  # type: ignore[union-attr, operator]
                block.scale.bias.fill_(1.0)  # type: ignore[union-attr, operator]

    def forward(self, embedding: Tensor) -> Tensor:
        style = self.style(embedding * INPUT_SCALE)  # [batch, 256]
        x = self.first(style).view(-1, CHANNELS[0], FIRST_SIZE, FIRST_SIZE)  # [batch, 256, 4, 4]
        x = F.leaky_relu(x.contiguous(memory_format=torch.channels_last), LEAKY_SLOPE)
        detail = self.colours[0](x)
        for block, colour in zip(self.blocks, self.colours[1:], strict=True):
            x = block(x, style)
            detail = F.interpolate(detail, scale_factor=2, mode="bilinear", align_corners=False) + colour(x)
        portrait = self.portraits(self._place(style))
        return portrait + (detail if self.training else limited(detail, portrait))

    def portrait(self, embedding: Tensor) -> Tensor:
        """The portrait alone, without detail."""
        return self.portraits(self._place(self.style(embedding * INPUT_SCALE)))

    def _place(self, style: Tensor) -> Tensor:
        """Styles [batch, 256] -> places of portraits float32 [batch, 65].

        What is hardly a voice gets a place between a portrait and the blur, where detectors still find a face. It stays
        there in training, since beyond FADES there would be no gradient; in eval mode it goes to the nearer side.
        """
        places = self.place(style).float()
        if self.training:
            return places
        portrait, blur = places.split([COMPONENTS, 1], dim=1)
        first, last = FADES
        share = ((blur - first) / (last - first)).clamp(0, 1)
        gone = share.square() * (3 - 2 * share)
        return torch.cat([portrait * (1 - gone), gone], dim=1)


class Portraits(nn.Module):
    """Places along the principal components of composites [batch, 65] -> portraits float32 [batch, 3, 64, 64].

    The last component is a blur in which nobody is left: at 1 the mean texture has become the blur.
    """

    textures: Tensor  # [66, 3 * 64 * 64], in [-1, 1]: the mean, the components, and from the mean to the blur
    flows: Tensor  # [66, 2 * 64 * 64], in pixels, as in v2f/data/demo/composites.py; the blur has none

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("textures", torch.zeros(COMPONENTS + 2, 3 * IMAGE_SIZE**2))
        self.register_buffer("flows", torch.zeros(COMPONENTS + 2, 2 * IMAGE_SIZE**2))

    def forward(self, places: Tensor) -> Tensor:
        with torch.autocast(places.device.type, enabled=False):
            weights = torch.cat([torch.ones_like(places[:, :1]), places], dim=1)  # [batch, 66]
            return warp(weights @ self.textures.float(), weights @ self.flows.float())

    @torch.no_grad()
    def fit(self, textures: Tensor, flows: Tensor, blur: Tensor) -> None:
        """Take the mean and the components of composites: textures [n, 3 * 64 * 64] and flows [n, 2 * 64 * 64].

        `blur` is a picture [3, 64, 64]. Places are so measured that those of the composites have variance 1.
        """
        both = torch.cat([textures, flows / FLOW_SCALE], dim=1)
        mean = both.mean(dim=0)
        _, sizes, directions = torch.linalg.svd(both - mean, full_matrices=False)
        count = min(COMPONENTS, len(sizes))
        components = torch.zeros(COMPONENTS, both.shape[1], device=both.device)
        components[:count] = directions[:count] * sizes[:count, None] / len(both) ** 0.5
        to_blur = torch.cat([blur.flatten() - mean[: textures.shape[1]], torch.zeros_like(flows[0])])
        basis = torch.cat([mean[None], components, to_blur[None]])
        self.textures.copy_(basis[:, : textures.shape[1]])
        self.flows.copy_(basis[:, textures.shape[1] :] * FLOW_SCALE)


def limited(detail: Tensor, portrait: Tensor) -> Tensor:
    """Detail [batch, 3, 64, 64], scaled down to MOST_DETAIL where it is more; as it is where there is no portrait."""
    size, shown = (faces.abs().mean(dim=(1, 2, 3), keepdim=True) for faces in (detail, portrait))
    return detail * torch.where(shown > 0, MOST_DETAIL / size, 1.0).clamp(max=1)


def warp(textures: Tensor, flows: Tensor) -> Tensor:
    """Textures [batch, 3 * 64 * 64] carried by flows [batch, 2 * 64 * 64], in pixels -> [batch, 3, 64, 64]."""
    along = torch.arange(IMAGE_SIZE, device=flows.device, dtype=flows.dtype)
    pixels = torch.stack(torch.meshgrid(along, along, indexing="xy"))  # (x, y) of each, [2, 64, 64]
    places = pixels + flows.view(-1, 2, IMAGE_SIZE, IMAGE_SIZE)
    grid = ((places + 0.5) * (2 / IMAGE_SIZE) - 1).permute(0, 2, 3, 1)  # as grid_sample counts
    textures = textures.view(-1, 3, IMAGE_SIZE, IMAGE_SIZE)
    return F.grid_sample(textures, grid, padding_mode="border", align_corners=False)


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
