"""Places are solved for: in a made world, where looks are a known function of places, they are found again."""

import numpy as np
import pytest

from v2f.demo import places
from v2f.demo.components import Components
from v2f.demo.places import SPREAD, Drawn, draw, place_directions, portraits_of
from v2f.models.portrait_generator import COMPONENTS, FLOW_GRID

SIZE = 32
RNG = np.random.default_rng(0)
EMBEDDINGS = RNG.standard_normal((400, 64))
EMBEDDINGS /= np.linalg.norm(EMBEDDINGS, axis=1, keepdims=True)


@pytest.fixture
def components() -> Components:
    textures = RNG.normal(0, 0.02, (1 + COMPONENTS, 3, SIZE, SIZE)).astype(np.float32)
    flows = np.zeros((1 + COMPONENTS, 2, FLOW_GRID, FLOW_GRID), np.float32)
    none = np.zeros((0, COMPONENTS), np.float32)
    return Components(textures, flows, np.zeros(0, bool), none, np.zeros((0, 2, 64, 64), np.float16))


def test_the_place_of_a_voice_has_the_looks_that_it_predicts(
    components: Components, monkeypatch: pytest.MonkeyPatch
) -> None:
    truth = RNG.standard_normal((64, COMPONENTS))  # from embeddings to places
    by_place = [RNG.standard_normal((COMPONENTS, size)) for size in (128, 256)]  # from places to looks
    monkeypatch.setattr(places, "DRAWN", 300)
    monkeypatch.setattr(places, "draw", lambda portraits, drawn: drawn)
    monkeypatch.setattr(places, "RIDGE_VOICES", 1e-6)
    monkeypatch.setattr(places, "RIDGE_PLACES", 1e-6)

    def describe(drawn: np.ndarray) -> tuple[np.ndarray, ...]:
        return tuple(
            drawn @ to_looks + RNG.normal(0, 0.01, (len(drawn), to_looks.shape[1])) for to_looks in by_place
        )

    looks = tuple(EMBEDDINGS @ truth @ to_looks for to_looks in by_place)
    found = EMBEDDINGS @ place_directions(
        Drawn.at_random(portraits_of(components), describe), EMBEDDINGS, looks
    )
    expected = EMBEDDINGS @ truth
    cosine = (found * expected).sum(axis=1) / np.linalg.norm(found, axis=1) / np.linalg.norm(expected, axis=1)
    assert cosine.min() > 0.99


def test_voices_spread_as_far_as_asked(components: Components, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "DRAWN", 100)
    looks = (RNG.standard_normal((400, 128)), RNG.standard_normal((400, 256)))

    def describe(drawn: np.ndarray) -> tuple[np.ndarray, ...]:
        flat = drawn.reshape(len(drawn), -1).astype(float)
        return flat[:, :128], flat[:, 128:384]

    directions = place_directions(Drawn.at_random(portraits_of(components), describe), EMBEDDINGS, looks)
    assert directions.shape == (64, COMPONENTS)
    spread = (EMBEDDINGS - EMBEDDINGS.mean(axis=0)) @ directions
    assert np.sqrt(np.square(spread).mean()) == pytest.approx(SPREAD, rel=1e-6)


def test_the_middle_is_drawn_as_the_mean_texture(components: Components) -> None:
    drawn = draw(portraits_of(components), np.zeros((2, COMPONENTS)))
    expected = (components.textures[0].clip(-1, 1) * 127.5 + 127.5).transpose(1, 2, 0)
    assert drawn.shape == (2, SIZE, SIZE, 3) and drawn.dtype == np.uint8
    np.testing.assert_allclose(drawn[0], expected, atol=1)
