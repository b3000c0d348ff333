"""The second generator: the shapes of Table 2's, a third of its work, weights that are read back."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from v2f.models import NetworkConfig, Runtime, build_generator, load_networks, save_networks, unit
from v2f.models.networks import Generator
from v2f.models.skip_generator import CHANNELS, SkipGenerator


@pytest.fixture
def generator() -> SkipGenerator:
    torch.manual_seed(0)
    return SkipGenerator()


def embeddings(count: int) -> torch.Tensor:
    return unit(torch.randn(count, 64, generator=torch.Generator().manual_seed(0)))


def test_an_embedding_becomes_a_face(generator):
    assert generator(embeddings(2)).shape == (2, 3, 64, 64)


def test_each_block_doubles_the_size(generator):
    x, style = torch.randn(2, CHANNELS[0], 4, 4), generator.style(embeddings(2))
    for block, channels, size in zip(generator.blocks, CHANNELS[1:], (8, 16, 32, 64), strict=True):
        x = block(x, style)
        assert x.shape == (2, channels, size, size)


def test_a_first_picture_is_grey_and_differs_between_voices(generator):
    faces = generator(embeddings(8))
    assert faces.mean().abs() < 0.5 and 0.01 < faces.std() < 1
    assert (faces[0] - faces[1]).abs().mean() > 0.01


def test_it_takes_less_than_half_the_work_of_table_2s():
    def work(network: torch.nn.Module) -> int:
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            network(embeddings(1))
        return counter.get_total_flops()

    assert work(SkipGenerator()) < work(Generator()) / 2


def test_a_configuration_names_the_generator():
    assert isinstance(build_generator(NetworkConfig()), Generator)
    assert isinstance(build_generator(NetworkConfig(generator="skip")), SkipGenerator)
    with pytest.raises(ValueError, match="'table2' or 'skip'"):
        NetworkConfig(generator="other")


def test_its_weights_are_read_back(generator, tmp_path):
    config = NetworkConfig(generator="skip")
    save_networks(tmp_path / "w", {"generator": generator}, config, {}, half=False)
    networks, read, _ = load_networks(tmp_path / "w")
    assert read == config
    assert torch.equal(networks["generator"](embeddings(2)), generator(embeddings(2)))


def test_inference_shows_the_same_faces(generator):
    """Weights laid out once for the processor, against the network as it is."""
    with torch.inference_mode():
        plain = generator(embeddings(3))
        settled = Runtime.choose("cpu", exact=True).settle(generator)(embeddings(3))
    assert torch.allclose(plain, settled, atol=1e-4)
