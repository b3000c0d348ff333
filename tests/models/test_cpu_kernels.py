"""Convolutions as a CPU learns them fastest are the paper's layers."""

import copy

import pytest
import torch
from torch import Tensor, nn

from v2f.models import FaceTrunk, Generator, NetworkConfig
from v2f.models.cpu_kernels import learn_on_cpu


@pytest.mark.parametrize("reading", ["released", "table2"])
@pytest.mark.parametrize("kind", [Generator, FaceTrunk])
@pytest.mark.parametrize("size", [64, 128])
def test_learning_on_a_cpu_gives_the_plain_layers_values_and_gradients(
    reading: str, kind: type, size: int
) -> None:
    torch.manual_seed(0)
    plain = kind(NetworkConfig(reading, image_size=size)).to(memory_format=torch.channels_last)
    quick = learn_on_cpu(copy.deepcopy(plain))
    assert not any(isinstance(layer, nn.Conv2d | nn.ConvTranspose2d) for layer in quick.modules())
    assert quick.state_dict().keys() == plain.state_dict().keys()
    shape = (6, 64) if kind is Generator else (6, 3, size, size)
    given = torch.randn(shape)
    inputs = [given.clone().requires_grad_() for _ in range(2)]
    outputs = [plain(inputs[0]), quick(inputs[1])]
    direction = torch.randn_like(outputs[0])
    for output in outputs:
        output.backward(direction)
    assert_close(outputs[1], outputs[0])
    assert_close(inputs[1].grad, inputs[0].grad)
    for mine, theirs in zip(quick.parameters(), plain.parameters(), strict=True):
        assert_close(mine.grad, theirs.grad)
        assert mine.grad.stride() == theirs.grad.stride()  # as a fused optimizer reads them


def assert_close(one: Tensor, other: Tensor) -> None:
    """Within float32's rounding of sums over thousands, against the largest of them."""
    assert (one - other).abs().max() < 1e-5 * other.abs().max()


def test_frozen_judges_pass_gradients_on_and_keep_none() -> None:
    trunk, face = learn_on_cpu(FaceTrunk()).requires_grad_(False), torch.randn(2, 3, 64, 64).requires_grad_()
    trunk(face).sum().backward()
    assert face.grad is not None and face.grad.abs().sum() > 0
    assert all(parameter.grad is None for parameter in trunk.parameters())
