"""Principal components of composite portraits: what they are made of, and where portraits lie among them."""

import numpy as np
import pytest

from v2f.demo import components as made
from v2f.demo.components import Components, components
from v2f.models.portrait_generator import COMPONENTS, FLOW_GRID

SIZE, FACES, GROUPS = 64, 24, 6
FIRST = np.stack(  # 68 landmarks in rows, all within the picture
    [np.linspace(8, 56, 68), np.tile(np.linspace(12, 52, 17), 4) + np.repeat([0, 2, 4, 6], 17)], axis=1
)


@pytest.fixture(scope="module")
def found() -> Components:
    """Of faces that differ in colour by group, and in how far right a group's landmarks lie."""
    rng = np.random.default_rng(0)
    groups = np.arange(FACES) % GROUPS
    faces = np.full((FACES, SIZE, SIZE, 3), (150, 110, 90), np.uint8)
    faces[..., 0] += (10 * groups)[:, None, None].astype(np.uint8)
    with pytest.MonkeyPatch.context() as patch:
        shapes = iter([FIRST + (0, 0.5 * (group % 3)) + rng.normal(0, 0.01, (68, 2)) for group in groups])
        patch.setattr(made, "landmarks_of", lambda face: (next(shapes), True))
        patch.setattr(made, "evenly_lit", lambda faces: np.ones(len(faces), bool))
        return components(faces, groups)


def test_there_are_a_mean_and_as_many_components_as_the_generator_takes(found: Components) -> None:
    assert found.textures.shape == (1 + COMPONENTS, 3, SIZE, SIZE)
    assert found.flows.shape == (1 + COMPONENTS, 2, FLOW_GRID, FLOW_GRID)
    assert found.places.shape == (FACES, COMPONENTS) and found.own_flows.dtype == np.float16


def test_the_mean_texture_has_the_colour_of_the_mean_face(found: Components) -> None:
    red, green, blue = (found.textures[0] * 127.5 + 127.5).mean(axis=(1, 2))
    assert (red, green, blue) == pytest.approx((175, 110, 90), abs=1)


def test_textures_are_symmetrical(found: Components) -> None:
    np.testing.assert_allclose(found.textures, found.textures[..., ::-1], atol=1e-5)


def test_a_component_is_one_deviation_of_the_composites(found: Components) -> None:
    groups = np.stack([found.places[group::GROUPS].mean(axis=0) for group in range(GROUPS)])
    used = np.abs(found.textures[1:]).sum(axis=(1, 2, 3)) > 1e-3
    np.testing.assert_allclose(groups[:, :2].std(axis=0), 1, atol=0.05)
    assert 2 <= used.sum() < GROUPS  # six groups differ in no more than five ways


def test_a_portrait_at_its_place_is_itself(found: Components) -> None:
    reds = (found.textures[0, 0] + np.tensordot(found.places, found.textures[1:, 0], 1)).mean(axis=(1, 2))
    expected = (150 + 10 * (np.arange(FACES) % GROUPS)) / 127.5 - 1
    np.testing.assert_allclose(reds, expected, atol=0.02)
