"""A patch discriminator (Isola et al., 2017), which judges the detail of portraits by random crops of them."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from v2f.models.networks import LEAKY_SLOPE

MARGIN = 16  # pixels of a picture's side that a cut of it lacks


class PatchDiscriminator(nn.Module):
    """Pictures [batch, 3, size, size] -> logits [batch, 2, size / 8, size / 8] that a patch is from a photograph.

    The first channel judges patches of 34 pixels, the second those of 82, each repeated in four places.
    """

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.PixelUnshuffle(2),
            nn.Conv2d(12, 32, 3, 1, 1),
            nn.LeakyReLU(LEAKY_SLOPE),
            nn.Conv2d(32, 64, 3, 2, 1),
            nn.LeakyReLU(LEAKY_SLOPE),
            nn.Conv2d(64, 96, 3, 2, 1),
            nn.LeakyReLU(LEAKY_SLOPE),
        )
        self.small = nn.Conv2d(96, 1, 3, 1, 1)
        self.large = nn.Sequential(
            nn.Conv2d(96, 96, 3, 2, 1), nn.LeakyReLU(LEAKY_SLOPE), nn.Conv2d(96, 1, 3, 1, 1)
        )
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, LEAKY_SLOPE)

    def forward(self, pictures: Tensor) -> Tensor:
        features = self.layers(pictures)
        return torch.cat([self.small(features), F.interpolate(self.large(features), scale_factor=2)], dim=1)


def cut(pictures: Tensor, rng: torch.Generator) -> Tensor:
    """Random crops of pictures [batch, 3, size, size], smaller by MARGIN, so that no pixel is at a fixed place."""
    top, left = torch.randint(MARGIN + 1, (2,), generator=rng, device=rng.device).tolist()
    size = pictures.shape[2] - MARGIN
    return pictures[:, :, top : top + size, left : left + size]
