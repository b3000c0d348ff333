"""Padded convolutions give the values, gradients and parameters of the paper's layers, on any device."""

import copy

import pytest
import torch
from torch import nn

from v2f.models import FaceTrunk, Generator, NetworkConfig, unit
from v2f.models.cuda_kernels import PaddedConv, learn_on_gpu


@pytest.mark.parametrize(
    ("network", "shape"),
    [
        (FaceTrunk(), (3, 3, 64, 64)),
        (Generator(), (3, 64)),
        (FaceTrunk(NetworkConfig(image_size=128)), (3, 3, 128, 128)),
        (Generator(NetworkConfig(image_size=128)), (3, 64)),
    ],
    ids=["trunk", "generator", "trunk of 128", "generator of 128"],
)
def test_values_and_gradients_are_those_of_the_layers_replaced(
    network: nn.Module, shape: tuple[int, ...]
) -> None:
    padded = copy.deepcopy(network)
    learn_on_gpu(padded)
    assert sum(isinstance(module, PaddedConv) for module in padded.modules()) == 1
    assert padded.state_dict().keys() == network.state_dict().keys()
    inputs = [
        unit(torch.randn(shape, generator=torch.Generator().manual_seed(0))).requires_grad_() for _ in "ab"
    ]
    outputs = [each(x) for each, x in zip((network, padded), inputs, strict=True)]
    assert torch.allclose(*outputs, atol=1e-6)
    for output in outputs:
        output.square().sum().backward()
    assert torch.allclose(inputs[0].grad, inputs[1].grad, atol=1e-6)  # type: ignore[arg-type]
    for mine, other in zip(network.parameters(), padded.parameters(), strict=True):
        assert torch.allclose(mine.grad, other.grad, rtol=1e-4, atol=1e-5)  # type: ignore[arg-type]
