"""The second generator: the shapes of Table 2's, less than half of its work, weights that are read back."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from v2f.models import NetworkConfig, Runtime, build_generator, load_networks, save_networks, unit
from v2f.models.composite_generator import (
    CHANNELS,
    FADES,
    FLOW_SCALE,
    MOST_DETAIL,
    CompositeGenerator,
    Portraits,
    limited,
    warp,
)
from v2f.models.networks import Generator


@pytest.fixture
def generator() -> CompositeGenerator:
    torch.manual_seed(0)
    return CompositeGenerator()


def embeddings(count: int) -> torch.Tensor:
    return unit(torch.randn(count, 64, generator=torch.Generator().manual_seed(0)))


def test_an_embedding_becomes_a_face(generator):
    assert generator(embeddings(2)).shape == (2, 3, 64, 64)


def test_each_block_doubles_the_size(generator):
    x, style = torch.randn(2, CHANNELS[0], 4, 4), generator.style(embeddings(2))
    for block, channels, size in zip(generator.blocks, CHANNELS[1:], (8, 16, 32, 64), strict=True):
        x = block(x, style)
        assert x.shape == (2, channels, size, size)


def test_without_composites_a_first_picture_is_grey_and_differs_between_voices(generator):
    faces = generator(embeddings(8))
    assert faces.mean().abs() < 0.5 and 0.001 < faces.std() < 1
    assert (faces[0] - faces[1]).abs().mean() > 0.001


@pytest.fixture
def composites() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Of ten groups textures and flows, and a blur."""
    rng = torch.Generator().manual_seed(0)
    textures = torch.rand(10, 3 * 64 * 64, generator=rng) * 2 - 1
    return textures, torch.randn(10, 2 * 64 * 64, generator=rng), torch.full((3, 64, 64), 0.25)


def test_every_composite_has_a_place(composites):
    textures, flows, blur = composites
    portraits = Portraits()
    portraits.fit(textures, flows, blur)
    basis = torch.cat([portraits.textures[1:-1], portraits.flows[1:-1] / FLOW_SCALE], dim=1)
    both = torch.cat([textures, flows / FLOW_SCALE], dim=1)
    places = (both - both.mean(dim=0)) @ torch.linalg.pinv(basis)
    assert torch.allclose(places[:, :9].var(dim=0, correction=0), torch.ones(9), atol=1e-3)
    shown = portraits(torch.cat([places, torch.zeros(10, 1)], dim=1))
    assert torch.allclose(shown, warp(textures, flows), atol=1e-3)


def test_the_last_component_leads_to_nobody(composites):
    portraits = Portraits()
    portraits.fit(composites[0], torch.zeros_like(composites[1]), composites[2])
    nobody = torch.nn.functional.one_hot(torch.tensor([64]), 65).float()
    assert torch.allclose(portraits(nobody)[0], composites[2], atol=1e-5)


def shown(generator: CompositeGenerator, blur: float) -> torch.Tensor:
    """The portrait of an embedding whose place is so far on the way to the blur."""
    torch.nn.init.zeros_(generator.place.weight)
    generator.place.bias.data = torch.cat([torch.ones(64), torch.tensor([blur])])
    return generator.portrait(embeddings(1))[0]


def test_on_the_way_to_the_blur_a_face_first_stands_then_fades_until_nobody_is_left(generator, composites):
    generator.portraits.fit(*composites)
    nobody = generator.portraits(torch.eye(65)[64:])[0]
    generator.eval()
    face = shown(generator, 0.0)
    first, last = FADES
    assert torch.equal(shown(generator, first), face), "it stands"
    assert torch.allclose(shown(generator, last), nobody, atol=1e-5), "nobody is left, of the portrait either"
    distances = [(shown(generator, blur) - nobody).abs().mean() for blur in (0.3, 0.4, 0.5, 0.6, 0.7)]
    assert distances == sorted(distances, reverse=True), "in between it fades"


def test_while_it_learns_the_blur_is_linear_so_that_every_place_has_a_gradient(generator, composites):
    generator.portraits.fit(*composites)
    face, a_little, half = (shown(generator.train(), blur) for blur in (0.0, 0.1, 0.5))
    assert (a_little - face).abs().mean() > 1e-3
    assert (half - generator.portraits(torch.eye(65)[64:])[0]).abs().mean() > 1e-3


def test_more_detail_than_portraits_are_shown_with_is_scaled_down():
    usual, much = torch.full((1, 3, 64, 64), MOST_DETAIL / 2), torch.full((1, 3, 64, 64), MOST_DETAIL * 2)
    detail, portrait = torch.cat([usual, -much]), torch.ones(2, 3, 64, 64)
    assert torch.allclose(limited(detail, portrait), torch.cat([usual, -much / 2]))
    assert torch.equal(limited(detail, torch.zeros_like(portrait)), detail), (
        "a face that is nothing but detail"
    )
    assert torch.equal(limited(torch.zeros_like(detail), portrait), torch.zeros_like(detail))


def test_a_flow_says_where_a_pixel_is_found():
    texture = torch.rand(1, 3, 64, 64)
    flow = torch.zeros(1, 2, 64, 64)
    flow[:, 0] = 3.0  # to the right
    moved = warp(texture.flatten(1), flow.flatten(1))
    assert torch.allclose(moved[..., :-3], texture[..., 3:], atol=1e-5)


def test_it_takes_less_than_half_the_work_of_table_2s():
    def work(network: torch.nn.Module) -> int:
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            network(embeddings(1))
        return counter.get_total_flops()

    assert work(CompositeGenerator()) < work(Generator()) / 2


def test_a_configuration_names_the_generator():
    assert isinstance(build_generator(NetworkConfig()), Generator)
    assert isinstance(build_generator(NetworkConfig(generator="composite")), CompositeGenerator)
    with pytest.raises(ValueError, match="generator must be in .*'composite'.* not 'other'"):
        NetworkConfig(generator="other")


def test_its_weights_are_read_back(generator, tmp_path):
    config = NetworkConfig(generator="composite")
    save_networks(tmp_path / "w", {"generator": generator}, config, {}, half=False)
    networks, read, _ = load_networks(tmp_path / "w")
    assert read == config
    assert torch.equal(networks["generator"](embeddings(2)), generator(embeddings(2)))


def test_inference_shows_the_same_faces(generator):
    """Weights laid out once for the processor, against the network as it is."""
    with torch.inference_mode():
        plain = generator(embeddings(3))
        settled = Runtime.choose("cpu", exact=True).prepare_for_inference(generator)(embeddings(3))
    assert torch.allclose(plain, settled, atol=1e-4)
