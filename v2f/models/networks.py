"""The paper's networks (Table 2): voice encoder, generator, face trunk and its two heads; and SVHF's chooser.

Table 2 can be read in two ways, chosen by `NetworkConfig.reading`:

* ``"released"``: as the authors' released weights are laid out. Kernels of 4 in the generator and the
  trunk, nothing after the last voice convolution, no activation after the last face convolution, heads
  without bias. State dicts laid out like the released files load unchanged.
* ``"table2"``: the table to the letter. Kernels of 3, output padding 1 in the generator (without it the
  sizes would be 4, 7, 13, 25, 49), batch normalisation and ReLU after every voice convolution, leaky ReLU
  after every face convolution, heads with bias, and one zero on the right of even lengths so that
  t' = ceil((t - 1) / 2) + 1.
"""

import math
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Any, Literal, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.grad import conv2d_weight

MEL_BINS = 64  # Sec. 4: 64-dimensional log mel-spectrograms
EMBEDDING_SIZE = 64  # Table 2: "yielding a 64-dimensional embedding"
IMAGE_SIZE = 64  # Sec. 4: 3 x 64 x 64 faces
VOICE_CHANNELS = (256, 384, 576, 864)  # Table 2, voice embedding network
GENERATOR_CHANNELS = (1024, 512, 256, 128, 64)  # Table 2, generator
TRUNK_CHANNELS = (32, 64, 128, 256, 512)  # Table 2, discriminator and classifier
FACE_FEATURES = 64  # Table 2: the last convolution's 64 x 1 x 1
GENDERS = ("female", "male")  # in the order of a gender classifier's logits
CHOOSER_WIDTHS = (256, 128)  # ours: SVHF's own layers are as wide as its larger embeddings ask for
LEAKY_SLOPE = 0.2  # the table says LReLU only; 0.2 is its reference [29]'s (DCGAN)

Module = TypeVar("Module", bound=nn.Module)
Reading = Literal["released", "table2"]


@dataclass(frozen=True)
class NetworkConfig:
    """What is needed to build the networks again; stored inside every weights file."""

    reading: Reading = "released"

    def __post_init__(self) -> None:
        if self.reading not in ("released", "table2"):
            raise ValueError(f"reading must be 'released' or 'table2', not {self.reading!r}")

    @property
    def face_kernel(self) -> int:
        return 4 if self.reading == "released" else 3


class VoiceEncoder(nn.Module):
    """F_e: log-mel [batch, 64, frames] -> embedding [batch, 64], averaged over time, not yet unit length."""

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
        """Embed a batch; without gradients, only its first `frames` frames, as if there were no others."""
        x = log_mel
        for layer in self.model:
            if isinstance(layer, nn.Conv1d):
                if frames is not None:
                    x[..., frames:] = 0  # what a convolution would find beyond the end
                    frames = (frames - (not self.pad_even or frames % 2)) // 2 + 1
                if self.pad_even and x.shape[-1] % 2 == 0:
                    x = F.pad(x, (0, 1))
            x = layer(x)
        return x[..., :frames].mean(dim=2)


class Generator(nn.Module):
    """F_g: unit embedding [batch, 64] -> face [batch, 3, 64, 64], unbounded (clamp to [-1, 1] to show it)."""

    def __init__(self, config: NetworkConfig = NetworkConfig()) -> None:
        super().__init__()
        kernel = config.face_kernel
        output_padding = 1 if kernel == 3 else 0
        first = GENERATOR_CHANNELS[0]
        layers: list[nn.Module] = [nn.ConvTranspose2d(EMBEDDING_SIZE, first, 4, 1, 0), nn.ReLU(inplace=True)]
        for channels, width in pairwise(GENERATOR_CHANNELS):
            layers += [
                nn.ConvTranspose2d(channels, width, kernel, 2, 1, output_padding=output_padding),
                nn.ReLU(inplace=True),
            ]
        layers.append(nn.ConvTranspose2d(GENERATOR_CHANNELS[-1], 3, 1, 1, 0))
        self.model = nn.Sequential(*layers)

    def forward(self, embedding: Tensor) -> Tensor:
        return self.model(embedding[:, :, None, None])


class FaceTrunk(nn.Module):
    """The convolutions shared by F_d and F_c: face [batch, 3, 64, 64] -> features [batch, 64]."""

    def __init__(self, config: NetworkConfig = NetworkConfig()) -> None:
        super().__init__()
        kernel = config.face_kernel
        first = TRUNK_CHANNELS[0]
        layers: list[nn.Module] = [nn.Conv2d(3, first, 1, 1, 0), nn.LeakyReLU(LEAKY_SLOPE, inplace=True)]
        for channels, width in pairwise(TRUNK_CHANNELS):
            layers += [nn.Conv2d(channels, width, kernel, 2, 1), nn.LeakyReLU(LEAKY_SLOPE, inplace=True)]
        layers.append(nn.Conv2d(TRUNK_CHANNELS[-1], FACE_FEATURES, 4, 1, 0))
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


# How they learn on a CPU. There, weight gradients of transposed convolutions and convolutions among a few pixels
# would be most of a training step; other kernels compute the same sums several times as fast.

FEW_PIXELS = 16  # of the smaller image, up to which one product of matrices is the fastest


def learn_on_cpu(network: Module) -> Module:
    """Put a `LearningConv` in place of every convolution of images; parameters, names and results stay."""
    for name, child in network.named_children():
        if isinstance(child, nn.Conv2d | nn.ConvTranspose2d):
            setattr(network, name, LearningConv(child))
        else:
            learn_on_cpu(child)
    return network


class LearningConv(nn.Module):
    """A Conv2d or ConvTranspose2d of square images, with its parameters: [batch, in, h, h] -> [batch, out, h', h']."""

    def __init__(self, conv: nn.Conv2d | nn.ConvTranspose2d) -> None:
        super().__init__()
        assert conv.bias is not None
        self.weight, self.bias = conv.weight, conv.bias
        self.stride, self.padding = conv.stride[0], int(conv.padding[0])
        self.output_padding = conv.output_padding[0]
        self.transposed = isinstance(conv, nn.ConvTranspose2d)

    def forward(self, x: Tensor) -> Tensor:
        weight, bias, stride, padding = self.weight, self.bias, self.stride, self.padding
        if torch.is_autocast_enabled("cpu"):
            dtype = torch.get_autocast_dtype("cpu")
            x, weight, bias = x.to(dtype), weight.to(dtype), bias.to(dtype)
        kernel = weight.shape[2]
        if self.transposed:
            size = (x.shape[2] - 1) * stride - 2 * padding + kernel + self.output_padding
            return _TransposedConvolution.apply(x, weight, bias, stride, padding, size)
        size = (x.shape[2] + 2 * padding - kernel) // stride + 1
        if size * size > FEW_PIXELS:
            return F.conv2d(x, weight, bias, stride, padding)
        return _Convolution.apply(x, weight, bias, stride, padding, size)


class _TransposedConvolution(torch.autograd.Function):
    """Small images to large ones, of `size`; on a few pixels as a product of matrices."""

    @staticmethod
    def forward(
        ctx: Any, small: Tensor, weight: Tensor, bias: Tensor, stride: int, padding: int, size: int
    ) -> Tensor:
        ctx.save_for_backward(small, weight)
        ctx.stride, ctx.padding = stride, padding
        if small.shape[2] ** 2 <= FEW_PIXELS:
            return _col2im(small, weight, stride, padding, size) + bias[:, None, None]
        output_padding = size - (small.shape[2] - 1) * stride + 2 * padding - weight.shape[2]
        return F.conv_transpose2d(small, weight, bias, stride, padding, output_padding)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        (small, weight), stride, padding = ctx.saved_tensors, ctx.stride, ctx.padding
        of_small = None
        if small.shape[2] ** 2 <= FEW_PIXELS:
            columns = _im2col(gradient, weight, stride, padding, small.shape[2])
            if ctx.needs_input_grad[0]:
                of_small = _images(columns @ _matrix(weight).t(), len(small))
            of_weight = _weight_gradient(small, columns, weight)
        else:
            if ctx.needs_input_grad[0]:
                of_small = F.conv2d(gradient, weight, None, stride, padding)
            # That of the convolution which this one transposes, its two images in each other's place.
            of_weight = conv2d_weight(gradient, weight.shape, small, stride, padding)
        return of_small, of_weight, gradient.sum((0, 2, 3)), None, None, None


class _Convolution(torch.autograd.Function):
    """Large images to small ones, of `size`, as a product of matrices."""

    @staticmethod
    def forward(
        ctx: Any, large: Tensor, weight: Tensor, bias: Tensor, stride: int, padding: int, size: int
    ) -> Tensor:
        columns = _im2col(large, weight, stride, padding, size)
        ctx.save_for_backward(columns, weight)
        ctx.stride, ctx.padding, ctx.size = stride, padding, large.shape[2]
        return _images(columns @ _matrix(weight).t(), len(large)) + bias[:, None, None]

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        columns, weight = ctx.saved_tensors
        of_large = of_weight = of_bias = None
        if ctx.needs_input_grad[0]:
            of_large = _col2im(gradient, weight, ctx.stride, ctx.padding, ctx.size)
        if ctx.needs_input_grad[1]:  # not while the judges are frozen
            of_weight, of_bias = _weight_gradient(gradient, columns, weight), gradient.sum((0, 2, 3))
        return of_large, of_weight, of_bias, None, None, None


def _im2col(large: Tensor, weight: Tensor, stride: int, padding: int, size: int) -> Tensor:
    """What a kernel [., channels, k, k] lies on at each of size * size places: [batch * places, k * k * channels]."""
    kernel = weight.shape[2]
    after = (size - 1) * stride + kernel - padding - large.shape[2]
    padded = F.pad(large.permute(0, 2, 3, 1), (0, 0, padding, after, padding, after))
    columns = padded.unfold(1, kernel, stride).unfold(
        2, kernel, stride
    )  # [batch, size, size, channels, k, k]
    return columns.permute(0, 1, 2, 4, 5, 3).flatten(3).flatten(0, 2)


def _col2im(small: Tensor, weight: Tensor, stride: int, padding: int, size: int) -> Tensor:
    """Every pixel times its kernel, laid where it belongs and added up: [batch, channels, size, size]."""
    batch, _, rows, _ = small.shape
    _, channels, kernel, _ = weight.shape
    columns = (_pixels(small) @ _matrix(weight)).view(batch, rows, rows, kernel, kernel, channels)
    whole = max((rows - 1) * stride + kernel, padding + size)
    large = columns.new_zeros(batch, whole, whole, channels)
    for i, j in product(range(kernel), repeat=2):
        large[:, i : i + rows * stride : stride, j : j + rows * stride : stride] += columns[:, :, :, i, j]
    return large[:, padding : padding + size, padding : padding + size].permute(0, 3, 1, 2)


def _weight_gradient(small: Tensor, columns: Tensor, weight: Tensor) -> Tensor:
    """A gradient laid out like the weight [small channels, large channels, k, k], channels_last."""
    gradient = _pixels(small).t() @ columns
    return gradient.view(weight.permute(0, 2, 3, 1).shape).permute(0, 3, 1, 2)


def _matrix(weight: Tensor) -> Tensor:
    """[small channels, large channels, k, k] -> [small channels, k * k * large channels]."""
    return weight.permute(0, 2, 3, 1).flatten(1)


def _pixels(images: Tensor) -> Tensor:
    """[batch, channels, h, h] -> [batch * h * h, channels]."""
    return images.permute(0, 2, 3, 1).flatten(0, 2)


def _images(pixels: Tensor, batch: int) -> Tensor:
    """[batch * h * h, channels] -> [batch, channels, h, h]."""
    size = math.isqrt(len(pixels) // batch)
    return pixels.view(batch, size, size, -1).permute(0, 3, 1, 2)
