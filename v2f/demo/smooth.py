"""Portraits beside their smooth versions, from which detail is learned."""

import torch
import torch.nn.functional as F
from torch import Tensor

from v2f.demo.pack import PortraitPack
from v2f.models.pixels import as_input
from v2f.models.portrait_generator import warp
from v2f.training.batches import flip, uniform

NEAREST = 0.25  # of a portrait's way from the mean, to which it is brought at most
MEASURED, AT_ONCE = 320, 16  # portraits, from which it is seen where they have detail
DETAILED = 0.955  # quantile of pixels by their detail, from which on they count as detailed altogether


class SmoothPortraits:
    """The detailed portraits of a pack. The smooth version of each is the texture at its place, in its own shape."""

    def __init__(self, pack: PortraitPack, device: torch.device) -> None:
        self.faces = torch.from_numpy(pack.faces[pack.portraits]).to(device)
        self.flows = torch.from_numpy(pack.own_flows).to(device)  # float16 [portraits, 2, 64, 64]
        self.textures = torch.from_numpy(pack.textures).to(device).float()  # [65, 3, size, size]
        self.places = torch.from_numpy(pack.places).to(device).float()  # [portraits, 64]

    def pairs(self, count: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Random portraits, smooth and sharp, [count, 3, size, size] each, some of them mirrored.

        The places of voices are nearer to the mean than those of portraits. So each portrait is moved towards the mean
        by a random amount: its smooth version is drawn there, and the detail that it lacked is added to that.
        """
        chosen = torch.randint(len(self.faces), (count,), generator=rng, device=rng.device)
        share = uniform(NEAREST, 1.0, count, rng)[:, None]
        own, nearer = self._draw(chosen, torch.ones_like(share)), self._draw(chosen, share)
        sharp = (as_input(self.faces[chosen]) - own + nearer).clamp(-1, 1)
        smooth, sharp = flip(torch.cat([nearer, sharp], dim=1), rng).split(3, dim=1)
        return smooth, sharp

    def detailed(self, rng: torch.Generator) -> Tensor:
        """Where portraits differ from their smooth versions in detail, float32 [size, size] from 0 to 1.

        It is 1 at eyes and lips. Cheeks and foreheads have little detail. Around the hairline portraits differ mostly
        in shade, which a composite cannot tell, so any detail there would be invented.
        """
        size = self.faces.shape[1]
        shade, detail = torch.zeros(2, size, size, device=self.faces.device)
        for _ in range(MEASURED // AT_ONCE):
            smooth, sharp = self.pairs(AT_ONCE, rng)
            difference = torch.cat([sharp - smooth, (sharp - smooth).flip(3)])
            broad = _around(difference, size // 32)
            shade += broad.square().mean(dim=(0, 1))
            detail += (difference - broad).square().mean(dim=(0, 1))
        share = _around((detail / shade.sqrt())[None, None], size // 64)[0, 0]
        return (share / share.flatten().quantile(DETAILED)).clamp(0, 1).square()

    def _draw(self, chosen: Tensor, share: Tensor) -> Tensor:
        """Textures at the places of portraits [count], scaled by `share` [count, 1], in the portraits' own shapes."""
        weights = torch.cat([torch.ones_like(share), share * self.places[chosen]], dim=1)
        textures = (weights @ self.textures.flatten(1)).view(-1, *self.textures.shape[1:])
        return warp(textures, self.flows[chosen].float()).clamp(-1, 1)


def _around(pictures: Tensor, reach: int) -> Tensor:
    """The mean around each pixel, `reach` pixels in every direction, [batch, channels, size, size]."""
    return F.avg_pool2d(pictures, 2 * reach + 1, 1, reach, count_include_pad=False)
