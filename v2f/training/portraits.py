"""What generated faces are compared with: composites of mixtures of identities, and a blurred face."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from v2f.models.composite_generator import warp
from v2f.models.pixels import as_input

BLUR = 24  # pixels of a face of 64x64: the reach of the blur


class Composites:
    """Composite portraits of mixtures of identities; see v2f/data/demo/composites.py for textures and flows."""

    def __init__(self, textures: np.ndarray, flows: np.ndarray, device: torch.device) -> None:
        self.textures = as_input(torch.from_numpy(textures).to(device)).flatten(1)
        self.flows = torch.from_numpy(flows).to(device).float().flatten(1)
        mean = self.textures.mean(dim=0).view(-1, *textures.shape[1:3])
        self.blur = blurred(mean)

    def __call__(self, mixture: Tensor) -> Tensor:
        """Shares of the identities [batch, identities] -> pictures [batch, 3, size, size] in [-1, 1]."""
        return warp(mixture @ self.textures, mixture @ self.flows)


def blurred(picture: Tensor, reach: int = BLUR) -> Tensor:
    """A picture [3, height, width] in which nothing finer than `reach` pixels, an even number, is left."""
    for _ in range(2):  # two box filters make a tent
        padded = F.pad(picture[None], (reach // 2,) * 4, mode="replicate")
        picture = F.avg_pool2d(padded, reach + 1, stride=1)[0]
    return picture
