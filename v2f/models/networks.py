"""The paper's networks (Table 2): voice encoder, generator, face trunk and its two heads; and SVHF's chooser.

Table 2 can be read in two ways, chosen by `NetworkConfig.reading`:

* ``"released"``: as the authors' released weights are laid out. Kernels of 4 in the generator and the
  trunk, nothing after the last voice convolution, no activation after the last face convolution, heads
  without bias. State dicts laid out like the released files load unchanged.
* ``"table2"``: the table to the letter. Kernels of 3, output padding 1 in the generator (without it the
  sizes would be 4, 7, 13, 25, 49), batch normalisation and ReLU after every voice convolution, leaky ReLU
  after every face convolution, heads with bias, and one zero on the right of even lengths so that
  t' = ceil((t - 1) / 2) + 1.

Table 2 draws faces of 64x64 pixels. For larger ones, `NetworkConfig.image_size`, the generator has one more
deconvolution before its last layer for each doubling, of half the channels, and the trunk one more convolution behind
its first layer.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

MEL_BINS = 64  # Sec. 4: 64-dimensional log mel-spectrograms
POWER_BANDS = 40  # mel bands for the first network of the fused encoder, beside each frame's mean square
FILTER_BANKS = 80  # log filter banks for the second
EMBEDDING_SIZE = 64  # Table 2: "yielding a 64-dimensional embedding"
VOICE_CHANNELS = (256, 384, 576, 864)  # Table 2, voice embedding network
GENERATOR_CHANNELS = (1024, 512, 256, 128, 64)  # Table 2, generator, at 4x4, 8x8, ... 64x64
TRUNK_CHANNELS = (32, 64, 128, 256, 512)  # Table 2, discriminator and classifier, at 64x64, 32x32, ... 4x4
FACE_FEATURES = 64  # Table 2: the last convolution's 64 x 1 x 1
GENDERS = ("female", "male")  # in the order of a gender classifier's logits
CHOOSER_WIDTHS = (256, 128)  # ours: SVHF's own layers are as wide as its larger embeddings ask for
LEAKY_SLOPE = 0.2  # the table says LReLU only; 0.2 is its reference [29]'s (DCGAN)

Reading = Literal["released", "table2"]
EncoderName = Literal["table2", "fused"]
# Of the features [bins, frames] that each takes; the fused encoder's hold each frame's mean square too.
BINS: dict[EncoderName, int] = {"table2": MEL_BINS, "fused": POWER_BANDS + 1 + FILTER_BANKS}
GeneratorName = Literal["table2", "portrait"]
# Pixels along a side of the faces that networks can be built for, by their generator. Sec. 4: 3 x 64 x 64 faces.
IMAGE_SIZES: dict[GeneratorName, tuple[int, ...]] = {"table2": (64, 128, 256), "portrait": (128, 256)}


@dataclass(frozen=True)
class NetworkConfig:
    """What is needed to build the networks again; stored inside every weights file."""

    reading: Reading = "released"
    encoder: EncoderName = "table2"  # F_e: Table 2's, or v2f/models/fused.py's
    generator: GeneratorName = "table2"  # F_g: Table 2's, or v2f/models/portrait_generator.py's
    image_size: int = 64  # pixels along a side of the faces, one of IMAGE_SIZES

    def __post_init__(self) -> None:
        if self.encoder not in BINS:
            raise ValueError(f"encoder must be in {tuple(BINS)}, not {self.encoder!r}")
        if self.generator not in IMAGE_SIZES:
            raise ValueError(f"generator must be in {tuple(IMAGE_SIZES)}, not {self.generator!r}")
        if self.reading not in ("released", "table2"):
            raise ValueError(f"reading must be 'released' or 'table2', not {self.reading!r}")
        if not isinstance(self.image_size, int) or self.image_size not in IMAGE_SIZES[self.generator]:
            raise ValueError(f"image_size must be in {IMAGE_SIZES[self.generator]}, not {self.image_size!r}")

    @property
    def bins(self) -> int:
        """Of the features that the voice encoder takes, [bins, frames]."""
        return BINS[self.encoder]

    @property
    def face_kernel(self) -> int:
        return 4 if self.reading == "released" else 3

    @property
    def generator_channels(self) -> tuple[int, ...]:
        """Of Table 2's generator at 4x4, 8x8, and so on up to the image's size."""
        return GENERATOR_CHANNELS + tuple(GENERATOR_CHANNELS[-1] // scale for scale in self._scales)

    @property
    def trunk_channels(self) -> tuple[int, ...]:
        """Of the trunk at the image's size, half of it, and so on down to 4x4."""
        return tuple(TRUNK_CHANNELS[0] // scale for scale in reversed(self._scales)) + TRUNK_CHANNELS

    @property
    def _scales(self) -> tuple[int, ...]:
        """How many times Table 2's size each larger one up to the image's is: 2, 4, ..."""
        return tuple(size // 64 for size in IMAGE_SIZES["table2"] if 64 < size <= self.image_size)


class VoiceEncoder(nn.Module):
    """Table 2's F_e: log-mel [batch, 64, frames] -> embedding [batch, 64], averaged over time, not yet unit length."""

    def __init__(self, config: NetworkConfig = NetworkConfig()) -> None:
        super().__init__()
        self.pad_even = config.reading == "table2"
        layers: list[nn.Module] = []
        channels = MEL_BINS
        for width in VOICE_CHANNELS:
            layers += [nn.Conv1d(channels, width, 3, 2, 1, bias=False), nn.BatchNorm1d(width), nn.ReLU()]
            channels = width
        last_is_bare = config.reading == "released"
        layers.append(nn.Conv1d(channels, EMBEDDING_SIZE, 3, 2, 1, bias=last_is_bare))
        if not last_is_bare:
            layers += [nn.BatchNorm1d(EMBEDDING_SIZE), nn.ReLU()]
        self.model = nn.Sequential(*layers)

    def forward(self, log_mel: Tensor, frames: int | None = None) -> Tensor:
        """Embed a batch.

        Args:
            log_mel: [batch, 64, frames], normalised.
            frames: use only so many of its frames, as if there were no others; only without gradients.

        Returns:
            Embeddings [batch, 64], not of unit length.
        """
        x = log_mel if frames is None else log_mel.clone()
        for layer in self.model:
            if isinstance(layer, nn.Conv1d):
                if frames is not None:
                    x[..., frames:] = 0  # the zeros that a convolution would find beyond the end
                    frames = (frames - (not self.pad_even or frames % 2)) // 2 + 1
                if self.pad_even and x.shape[-1] % 2 == 0:
                    x = F.pad(x, (0, 1))
            x = layer(x)
        return x[..., :frames].mean(dim=2)


class Generator(nn.Module):
    """Table 2's F_g: unit embedding [batch, 64] -> face [batch, 3, size, size], unbounded (clamp it to [-1, 1])."""

    def __init__(self, config: NetworkConfig = NetworkConfig()) -> None:
        super().__init__()
        kernel = config.face_kernel
        output_padding = 1 if kernel == 3 else 0
        widths = config.generator_channels
        layers: list[nn.Module] = [
            nn.ConvTranspose2d(EMBEDDING_SIZE, widths[0], 4, 1, 0),
            nn.ReLU(inplace=True),
        ]
        for channels, width in pairwise(widths):
            layers += [
                nn.ConvTranspose2d(channels, width, kernel, 2, 1, output_padding=output_padding),
                nn.ReLU(inplace=True),
            ]
        layers.append(nn.ConvTranspose2d(widths[-1], 3, 1, 1, 0))
        self.model = nn.Sequential(*layers)

    def forward(self, embedding: Tensor) -> Tensor:
        return self.model(embedding[:, :, None, None])


class FaceTrunk(nn.Module):
    """The convolutions shared by F_d and F_c: face [batch, 3, size, size] -> features [batch, 64].

    Attributes:
        image_size: pixels along a side of the faces that it takes.
    """

    def __init__(self, config: NetworkConfig = NetworkConfig()) -> None:
        super().__init__()
        self.image_size = config.image_size
        kernel, widths = config.face_kernel, config.trunk_channels
        layers: list[nn.Module] = [nn.Conv2d(3, widths[0], 1, 1, 0), nn.LeakyReLU(LEAKY_SLOPE, inplace=True)]
        for channels, width in pairwise(widths):
            layers += [nn.Conv2d(channels, width, kernel, 2, 1), nn.LeakyReLU(LEAKY_SLOPE, inplace=True)]
        layers.append(nn.Conv2d(widths[-1], FACE_FEATURES, 4, 1, 0))
        if config.reading == "table2":
            layers.append(nn.LeakyReLU(LEAKY_SLOPE, inplace=True))
        self.model = nn.Sequential(*layers)

    def forward(self, face: Tensor) -> Tensor:
        return self.model(face).flatten(1)


class Discriminator(nn.Linear):
    """F_d's own layer: trunk features [batch, 64] -> logit [batch, 1] that the face is a photograph."""

    def __init__(self, config: NetworkConfig = NetworkConfig()) -> None:
        super().__init__(FACE_FEATURES, 1, bias=config.reading == "table2")


class Classifier(nn.Linear):
    """F_c's own layer: trunk features [batch, 64] -> identity logits [batch, identities]."""

    def __init__(self, identities: int, config: NetworkConfig = NetworkConfig()) -> None:
        super().__init__(FACE_FEATURES, identities, bias=config.reading == "table2")


class Chooser(nn.Module):
    """SVHF's forced choice: embeddings of a voice and two faces, [batch, 64] each -> logits [batch, 2].

    The first logit is for the voice being the first face's, the second for its being the second's.
    """

    def __init__(self, config: NetworkConfig = NetworkConfig()) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for channels, width in pairwise((EMBEDDING_SIZE + 2 * FACE_FEATURES, *CHOOSER_WIDTHS)):
            layers += [nn.Linear(channels, width), nn.ReLU()]
        self.model = nn.Sequential(*layers, nn.Linear(CHOOSER_WIDTHS[-1], 2))

    def forward(self, voice: Tensor, face_a: Tensor, face_b: Tensor) -> Tensor:
        return self.model(torch.cat([voice, face_a, face_b], dim=1))


def unit(embedding: Tensor) -> Tensor:
    """Scale embeddings [..., 64] to length one, as the generator expects them."""
    return F.normalize(embedding, dim=-1)
