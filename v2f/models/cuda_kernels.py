"""Convolutions as a GPU learns them fastest: the paper's layers, to the same values and gradients.

The 1x1 convolutions from and to three colour channels find no fast kernel for their weight gradients: alone they take
a fifth of a training step. With zeros up to eight channels they do.
"""

import torch.nn.functional as F
from torch import Tensor, nn

CHANNELS = 8  # of bfloat16, 16 bytes: what tensor cores load at once


def learn_on_gpu(network: nn.Module) -> None:
    """Put a `PaddedConv` in place of a 1x1 convolution from or to colours; parameters and their names stay."""
    for name, child in network.named_children():
        if isinstance(child, nn.Conv2d | nn.ConvTranspose2d) and child.weight.shape[1] < CHANNELS:
            setattr(network, name, PaddedConv(child))
        else:
            learn_on_gpu(child)


class PaddedConv(nn.Module):
    """A 1x1 Conv2d or ConvTranspose2d with a bias, with its parameters: [batch, in, h, w] -> [batch, out, h, w]."""

    def __init__(self, conv: nn.Conv2d | nn.ConvTranspose2d) -> None:
        super().__init__()
        assert conv.bias is not None and conv.kernel_size == (1, 1)
        self.weight, self.bias = conv.weight, conv.bias
        self.transposed = isinstance(conv, nn.ConvTranspose2d)

    def forward(self, x: Tensor) -> Tensor:
        weight, channels = self.weight, len(self.bias)
        more = CHANNELS - weight.shape[1]  # input channels, or output channels of a transposed one
        weight = F.pad(weight, (0, 0, 0, 0, 0, more))
        if self.transposed:
            return F.conv_transpose2d(x, weight, F.pad(self.bias, (0, more)))[:, :channels]
        return F.conv2d(F.pad(x, (0, 0, 0, 0, 0, more)), weight, self.bias)
