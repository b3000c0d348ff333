"""How sure a portrait generator's model is: measured after training, and stored in its weights.

`v2f train uncertainty` measures it (v2f/demo/uncertainty.py):

    tells      [64], bias []: the probability that the true face is a woman's, as a face network sees it, is the
               logistic function of place of the drawn face @ tells + bias
    middles    [2, 64], expected [64, 64]: the mean of true faces is middles (women, men) + place of the drawn face @
               expected, which shrinks it, because drawn faces exaggerate what a voice tells
    spread     [32, 64]: the standard deviations of true faces around that mean, along 32 independent directions
    settling   [8, 3]: the distance between the face after each of SECONDS of speech and the face after a minute, at
               QUANTILES of speakers; 1 is the usual distance between the faces of two speakers
    apart      []: that usual distance, in standard deviations of composites
    voices     [3]: QUANTILES of the discriminator's scores for faces of voices
    sounds     [3]: the same for sounds that are not voices
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from v2f.models.networks import NetworkConfig
from v2f.models.portrait_generator import COMPONENTS

LOOKS = 32  # directions in which other faces differ: those that face networks see well in composites
SECONDS = (1, 2, 3, 5, 10, 20, 30, 60)  # of speech
QUANTILES = (0.1, 0.5, 0.9)

Array = NDArray[np.float32]


class Uncertainty(nn.Module):
    """The numbers above."""

    tells: Tensor
    bias: Tensor
    middles: Tensor
    expected: Tensor
    spread: Tensor
    settling: Tensor
    apart: Tensor
    voices: Tensor
    sounds: Tensor

    def __init__(self, config: NetworkConfig | None = None) -> None:
        super().__init__()
        self.register_buffer("tells", torch.zeros(COMPONENTS))
        self.register_buffer("bias", torch.zeros(()))
        self.register_buffer("middles", torch.zeros(2, COMPONENTS))
        self.register_buffer("expected", torch.zeros(COMPONENTS, COMPONENTS))
        self.register_buffer("spread", torch.zeros(LOOKS, COMPONENTS))
        self.register_buffer("settling", torch.zeros(len(SECONDS), len(QUANTILES)))
        self.register_buffer("apart", torch.ones(()))
        self.register_buffer("voices", torch.zeros(len(QUANTILES)))
        self.register_buffer("sounds", torch.zeros(len(QUANTILES)))

    def draw(self, place: Tensor, count: int, rng: np.random.Generator) -> Tensor:
        """Sample places [count, 64] of the true face of a voice, given the `place` [64] of the drawn one."""
        place = place.float()
        female = float(torch.sigmoid(place @ self.tells + self.bias))
        middles = self.middles[torch.from_numpy((rng.random(count) >= female).astype(int))]
        normal = torch.from_numpy(rng.standard_normal((count, LOOKS))).float()
        return middles + place @ self.expected + normal @ self.spread

    def usual(self, seconds: float) -> Array:
        """The usual distance between the face after so many seconds of speech and that after a minute: `settling`, [3].

        It is interpolated linearly in the logarithm of SECONDS, and constant before the first and after the last.
        """
        at, curves = np.log(SECONDS), self.settling.numpy()
        return np.array([np.interp(np.log(max(seconds, 1e-3)), at, curve) for curve in curves.T], np.float32)

    def path(self, places: Tensor, seconds: float) -> Array:
        """The probable distance between each of one voice's faces and the face after a minute, [n], as `settling`.

        The last of `places` [n, 64] is the face after all `seconds` of speech. Its distance from the face after a
        minute is not known, so the usual one is taken, at a right angle to the steps before it, as between means of
        samples.
        """
        ways = (places - places[-1]).square().sum(dim=1).sqrt().numpy() / float(self.apart)
        return np.hypot(ways, self.usual(seconds)[QUANTILES.index(0.5)]).astype(np.float32)
