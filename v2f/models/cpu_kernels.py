"""Convolutions as a CPU learns them fastest: the paper's layers, to the same values and gradients.

On a CPU, weight gradients of transposed convolutions, and convolutions among a few pixels, would be most of a training
step; other kernels compute the same sums several times as fast.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import product
from typing import Any, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.grad import conv2d_weight

Module = TypeVar("Module", bound=nn.Module)

_twice: ContextVar[bool] = ContextVar("twice", default=False)
FEW_PIXELS = 16  # of the smaller image, up to which one product of matrices is the fastest


def learn_on_cpu(network: Module) -> Module:
    """Put a `LearningConv` in place of every convolution of images; parameters, names and results stay."""
    for name, child in network.named_children():
        if isinstance(child, nn.Conv2d | nn.ConvTranspose2d):
            setattr(network, name, LearningConv(child))
        else:
            learn_on_cpu(child)
    return network


@contextmanager
def twice_differentiable() -> Iterator[None]:
    """Within it, networks use kernels whose gradients have gradients themselves."""
    token = _twice.set(True)
    try:
        yield
    finally:
        _twice.reset(token)


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
        if _twice.get():
            if self.transposed:
                return F.conv_transpose2d(x, weight, bias, stride, padding, self.output_padding)
            return F.conv2d(x, weight, bias, stride, padding)
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
        if ctx.needs_input_grad[1]:  # not while discriminator and classifier are frozen
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
