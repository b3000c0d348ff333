"""The portrait generator: places in portraits, detail on top, and a blur where there is no voice."""

from pathlib import Path

import pytest
import torch

from v2f.models import NetworkConfig, build_generator, load_networks, save_networks, unit
from v2f.models.portrait_generator import FARTHEST, PortraitGenerator, Portraits, blurred, warp

CONFIG = NetworkConfig(generator="portrait", image_size=128)


@pytest.fixture
def generator() -> PortraitGenerator:
    """Of random components, in which every embedding is a voice's."""
    torch.manual_seed(0)
    made = PortraitGenerator(CONFIG).eval()
    made.directions.normal_()
    made.portraits.textures.normal_(0, 0.05)
    made.portraits.flows.normal_(0, 0.005)
    with torch.no_grad():
        made.presence[2].bias.fill_(10.0)
    return made


def embeddings(count: int) -> torch.Tensor:
    return unit(torch.randn(count, 64, generator=torch.Generator().manual_seed(0)))


def no_voice(generator: PortraitGenerator) -> None:
    with torch.no_grad():
        generator.presence[2].bias.fill_(-10.0)


@torch.no_grad()
def test_an_embedding_becomes_a_portrait_and_detail(generator: PortraitGenerator) -> None:
    faces, portraits = generator(embeddings(3)), generator.portrait(embeddings(3))
    assert faces.shape == (3, 3, 128, 128)
    torch.testing.assert_close(faces, portraits + generator.detail(portraits))


@torch.no_grad()
def test_training_changes_nothing_of_a_picture(generator: PortraitGenerator) -> None:
    shown = generator(embeddings(2))
    assert torch.equal(generator.train()(embeddings(2)), shown)


@torch.no_grad()
def test_without_directions_everybody_is_the_mean_portrait(generator: PortraitGenerator) -> None:
    generator.directions.zero_()
    generator.portraits.flows.zero_()
    mean = generator.portraits.textures[0].view(1, 3, 128, 128).expand(2, -1, -1, -1)
    torch.testing.assert_close(generator.portrait(embeddings(2)), mean)


@torch.no_grad()
def test_a_place_comes_near_the_farthest_and_not_beyond(generator: PortraitGenerator) -> None:
    generator.portraits.flows.zero_()
    embedding, textures = embeddings(1), generator.portraits.textures
    generator.directions.copy_(
        1e3 * embedding.T.expand(64, 64)
    )  # a thousand deviations along every component
    places = torch.full((64,), FARTHEST)
    expected = textures[0] + places @ textures[1:65]
    torch.testing.assert_close(generator.portrait(embedding).flatten(), expected, rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_no_voice_is_the_blur_without_detail(generator: PortraitGenerator) -> None:
    no_voice(generator)
    generator.portraits.flows.zero_()
    blur = generator.portraits.textures[0] + generator.portraits.textures[-1]
    torch.testing.assert_close(generator(embeddings(2)), blur.view(1, 3, 128, 128).expand(2, -1, -1, -1))


@torch.no_grad()
def test_what_is_half_a_voice_is_half_shown(generator: PortraitGenerator) -> None:
    assert generator.shown(embeddings(4)).min() == 1
    with torch.no_grad():
        generator.presence[2].weight.zero_()
        generator.presence[2].bias.fill_(torch.logit(torch.tensor(0.35)).item())  # the middle of both limits
    assert generator.shown(embeddings(4)) == pytest.approx([0.5] * 4, abs=1e-3)


def test_a_flow_of_nothing_gives_the_texture_and_a_constant_one_shifts_it() -> None:
    textures = torch.rand(2, 3, 128, 128)
    flows = torch.zeros(2, 2, 64, 64)
    torch.testing.assert_close(warp(textures, flows), textures, rtol=1e-4, atol=1e-4)
    flows[:, 0] = 8 / 128  # each point shows what lies 8 pixels to its right
    moved = warp(textures, flows)
    torch.testing.assert_close(moved[..., :-8], textures[..., 8:], rtol=1e-3, atol=1e-3)
    assert torch.allclose(moved[..., -8:], textures[..., -1:], atol=1e-3)  # beyond the edge it goes on


def test_portraits_begin_with_the_mean_and_end_with_its_blur() -> None:
    textures, flows = torch.rand(65, 3, 128, 128), torch.zeros(65, 2, 64, 64)
    portraits = Portraits(128)
    portraits.fit(textures, flows)
    places, gone = torch.zeros(3, 64), torch.tensor([0.0, 0.0, 1.0])
    places[1, 5] = 2.0
    mean, moved, blur = portraits(places, gone)
    torch.testing.assert_close(mean, textures[0], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(moved, textures[0] + 2 * textures[6], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(blur, blurred(textures[0]), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("size", [128, 256])
def test_a_blur_leaves_nothing_finer_than_its_reach_of_any_picture(size: int) -> None:
    ramp = torch.linspace(-1, 1, size).expand(3, size, size)
    checks = torch.arange(size) // (size // 32) % 2 * 2.0 - 1
    blur = blurred(ramp + checks * checks[:, None])
    inside = slice(size * 3 // 8, size * 5 // 8)
    torch.testing.assert_close(blur[:, inside, inside], ramp[:, inside, inside], rtol=0, atol=0.02)


def test_portraits_are_as_large_as_they_are_asked_to_be() -> None:
    assert Portraits(256)(torch.zeros(1, 64), torch.zeros(1)).shape == (1, 3, 256, 256)


def test_weights_are_read_back(generator: PortraitGenerator, tmp_path: Path) -> None:
    path = tmp_path / "portrait.safetensors"
    save_networks(path, {"generator": generator}, CONFIG, {}, half=False)
    networks, config, _ = load_networks(path)
    assert config == CONFIG and isinstance(build_generator(config), PortraitGenerator)
    with torch.no_grad():
        torch.testing.assert_close(networks["generator"](embeddings(2)), generator(embeddings(2)))


def test_there_is_no_portrait_generator_of_64_pixels() -> None:
    with pytest.raises(ValueError, match="image_size must be in"):
        NetworkConfig(generator="portrait")
