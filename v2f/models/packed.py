"""Networks that learn no more, made quick: their weights laid out once.

PyTorch otherwise lays out the weights of a convolution anew at every call, as the processor's kernels read them,
which is most of the time that one face takes; the results are the same up to rounding. The operators are those that
torch.compile puts in place of convolutions on x86 processors; requirements.txt pins the torch that has them.
"""

from typing import Any

import torch
from torch import Tensor, nn

_kernels = torch.ops.mkldnn
# From so many weights on, laying them out at every call costs more than a layout that does not suit each batch size.
MANY_WEIGHTS = 1 << 18


class PackedConv(nn.Module):
    """A Conv2d or ConvTranspose2d whose weights are laid out once; [batch, in, h, w] -> [batch, out, h', w']."""

    def __init__(self, conv: nn.Conv2d | nn.ConvTranspose2d) -> None:
        super().__init__()
        self.bias = conv.bias
        weight = conv.weight.detach()
        shape: list[Any] = [conv.padding, conv.stride, conv.dilation, conv.groups]
        if isinstance(conv, nn.ConvTranspose2d):
            shape.insert(1, conv.output_padding)
            self.convolve = _kernels._convolution_transpose_pointwise
            self.weight = _kernels._reorder_convolution_transpose_weight(weight, *shape)
        else:
            self.convolve = _kernels._convolution_pointwise
            self.weight = torch._C._nn.mkldnn_reorder_conv2d_weight(weight.contiguous().to_mkldnn(), *shape)
        self.shape = shape

    def forward(self, x: Tensor) -> Tensor:
        return self.convolve(x.to(self.weight.dtype), self.weight, self.bias, *self.shape, "none", [], "")


def can_pack(device: torch.device) -> bool:
    """Whether convolutions on this device have a layout of their own: x86 processors, by a torch with oneDNN."""
    x86 = torch.backends.cpu.get_cpu_capability().startswith("AVX")
    return device.type == "cpu" and x86 and torch.backends.mkldnn.is_available()


def pack(module: nn.Module) -> None:
    """Replace two-dimensional convolutions of many weights within a module on an x86 processor."""
    for name, child in module.named_children():
        if isinstance(child, nn.Conv2d | nn.ConvTranspose2d):
            if child.weight.numel() >= MANY_WEIGHTS:
                setattr(module, name, PackedConv(child))
        else:
            pack(child)
