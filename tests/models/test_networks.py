"""Table 2 of the paper in both readings: shapes layer by layer, parameter counts, activations."""

import math

import pytest
import torch
from torch import Tensor, nn

from v2f.models import Classifier, Discriminator, FaceTrunk, Generator, NetworkConfig, VoiceEncoder, unit
from v2f.models.networks import Chooser

READINGS = ("released", "table2")

GENERATOR_SHAPES = [(1024, 4, 4), (512, 8, 8), (256, 16, 16), (128, 32, 32), (64, 64, 64), (3, 64, 64)]
TRUNK_SHAPES = [(32, 64, 64), (64, 32, 32), (128, 16, 16), (256, 8, 8), (512, 4, 4), (64, 1, 1)]
VOICE_WIDTHS = [256, 384, 576, 864, 64]


def convolution_shapes(network: nn.Module, *inputs: Tensor) -> list[tuple[int, ...]]:
    """Shapes, without the batch, that leave the network's convolutions in order."""
    kinds = (nn.Conv1d, nn.Conv2d, nn.ConvTranspose2d)
    shapes: list[tuple[int, ...]] = []
    for layer in network.modules():
        if isinstance(layer, kinds):
            layer.register_forward_hook(lambda _layer, _input, output: shapes.append(tuple(output.shape[1:])))
    with torch.inference_mode():
        network.eval()(*inputs)
    return shapes


def parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def layer_kinds(network: nn.Module) -> list[str]:
    return [type(layer).__name__ for layer in network.model]


@pytest.mark.parametrize("reading", READINGS)
def test_generator_has_table_2s_shapes(reading: str) -> None:
    generator = Generator(NetworkConfig(reading))
    assert convolution_shapes(generator, torch.randn(2, 64)) == GENERATOR_SHAPES
    assert generator(torch.randn(2, 64)).shape == (2, 3, 64, 64)


@pytest.mark.parametrize("reading", READINGS)
def test_trunk_has_table_2s_shapes(reading: str) -> None:
    trunk = FaceTrunk(NetworkConfig(reading))
    assert convolution_shapes(trunk, torch.randn(2, 3, 64, 64)) == TRUNK_SHAPES
    assert trunk(torch.randn(2, 3, 64, 64)).shape == (2, 64)


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize(
    ("size", "widths", "of_trunk"), [(128, (64, 32), (16, 32)), (256, (64, 32, 16), (8, 16, 32))]
)
def test_each_doubling_of_the_image_is_a_layer_more(
    reading: str, size: int, widths: tuple[int, ...], of_trunk: tuple[int, ...]
) -> None:
    config = NetworkConfig(reading, image_size=size)
    more = [(width, 64 << place, 64 << place) for place, width in enumerate(widths)]
    shapes = [*GENERATOR_SHAPES[:4], *more, (3, size, size)]
    assert convolution_shapes(Generator(config), torch.randn(1, 64)) == shapes
    more = [(width, size >> place, size >> place) for place, width in enumerate(of_trunk)]
    assert convolution_shapes(FaceTrunk(config), torch.randn(1, 3, size, size)) == [*more, *TRUNK_SHAPES[1:]]


@pytest.mark.parametrize("frames", [300, 301, 777, 800])
def test_voice_encoder_to_the_letter_follows_table_2s_time_formula(frames: int) -> None:
    expected, length = [], frames
    for width in VOICE_WIDTHS:
        length = math.ceil((length - 1) / 2) + 1
        expected.append((width, length))
    encoder = VoiceEncoder(NetworkConfig("table2"))
    assert convolution_shapes(encoder, torch.randn(1, 64, frames)) == expected


@pytest.mark.parametrize("frames", [1, 2, 47, 300, 801])
def test_released_voice_encoder_halves_time_rounding_up(frames: int) -> None:
    expected, length = [], frames
    for width in VOICE_WIDTHS:
        length = math.ceil(length / 2)
        expected.append((width, length))
    encoder = VoiceEncoder(NetworkConfig("released"))
    assert convolution_shapes(encoder, torch.randn(1, 64, frames)) == expected


@pytest.mark.parametrize("reading", READINGS)
def test_embedding_is_the_average_over_time(reading: str) -> None:
    encoder = VoiceEncoder(NetworkConfig(reading)).eval()
    kept: list[Tensor] = []
    encoder.model[-1].register_forward_hook(lambda _layer, _input, output: kept.append(output))
    embedding = encoder(torch.randn(3, 64, 128))
    assert embedding.shape == (3, 64)
    torch.testing.assert_close(embedding, kept[0].sum(dim=2) / kept[0].shape[2])


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("frames", [48, 161, 200])
def test_what_fills_up_a_log_mel_is_not_heard(reading: str, frames: int) -> None:
    encoder = VoiceEncoder(NetworkConfig(reading)).eval()
    filled_up = torch.randn(1, 64, 200)
    with torch.inference_mode():
        alone = encoder(filled_up[..., :frames].clone())
        torch.testing.assert_close(encoder(filled_up, frames), alone)


def test_released_parameter_counts() -> None:
    assert parameters(Generator()) == 12_191_875
    assert parameters(FaceTrunk()) == 3_310_720
    assert parameters(VoiceEncoder()) == 2_670_720
    assert parameters(Discriminator()) == 64
    assert parameters(Classifier(924)) == 64 * 924


def test_table_2_parameter_counts() -> None:
    """Kernels of 3 instead of 4, batch normalisation after the last voice convolution, heads with bias."""
    config = NetworkConfig("table2")
    inner_generator = 1024 * 512 + 512 * 256 + 256 * 128 + 128 * 64
    inner_trunk = 32 * 64 + 64 * 128 + 128 * 256 + 256 * 512
    assert parameters(Generator(config)) == 12_191_875 - inner_generator * (16 - 9)
    assert parameters(FaceTrunk(config)) == 3_310_720 - inner_trunk * (16 - 9)
    assert parameters(VoiceEncoder(config)) == 2_670_720 + 64  # scale and shift instead of a bias
    assert parameters(Discriminator(config)) == 64 + 1
    assert parameters(Classifier(924, config)) == (64 + 1) * 924


def test_activations_of_the_released_reading() -> None:
    assert layer_kinds(VoiceEncoder()) == ["Conv1d", "BatchNorm1d", "ReLU"] * 4 + ["Conv1d"]
    assert layer_kinds(Generator()) == ["ConvTranspose2d", "ReLU"] * 5 + ["ConvTranspose2d"]
    assert layer_kinds(FaceTrunk()) == ["Conv2d", "LeakyReLU"] * 5 + ["Conv2d"]


def test_activations_of_table_2_to_the_letter() -> None:
    config = NetworkConfig("table2")
    assert layer_kinds(VoiceEncoder(config)) == ["Conv1d", "BatchNorm1d", "ReLU"] * 5
    assert layer_kinds(Generator(config)) == ["ConvTranspose2d", "ReLU"] * 5 + ["ConvTranspose2d"]
    assert layer_kinds(FaceTrunk(config)) == ["Conv2d", "LeakyReLU"] * 6


def test_the_chooser_takes_a_voice_and_two_faces_in_order() -> None:
    chooser, embeddings = Chooser(), torch.randn(3, 5, 64)
    assert chooser(*embeddings).shape == (5, 2)
    assert parameters(chooser) == (3 * 64 + 1) * 256 + (256 + 1) * 128 + (128 + 1) * 2
    together = chooser.model(embeddings.transpose(0, 1).flatten(1))  # voice, first face, second face
    torch.testing.assert_close(chooser(*embeddings), together)


def test_unit_makes_length_one() -> None:
    torch.testing.assert_close(unit(torch.randn(5, 64) * 7).norm(dim=1), torch.ones(5))


def test_an_unknown_reading_is_refused() -> None:
    with pytest.raises(ValueError, match="reading"):
        NetworkConfig("other")  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [96, 512, "64", 64.0])
def test_a_size_that_no_network_has_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="image_size"):
        NetworkConfig(image_size=size)
