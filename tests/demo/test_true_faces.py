"""How far true faces lie from predicted ones: in a made world it is found, and holds for people it was not told of."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from v2f.demo.places import Drawn
from v2f.demo.true_faces import LEVELS, Sight, TrueFaces, coverage
from v2f.models.portrait_generator import COMPONENTS
from v2f.models.uncertainty import LOOKS, Uncertainty

PEOPLE, SHARE = 500, 0.3
SIZES = (128, 256)  # of the descriptors


class World:
    """Faces are places; two networks describe them, with noise, and voices tell a part of the place."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        clearness = np.geomspace(3, 0.05, COMPONENTS)[:, None]  # of each component to the networks
        self.maps = [clearness * rng.standard_normal((COMPONENTS, size)) for size in SIZES]
        self.own_way = rng.standard_normal((COMPONENTS, COMPONENTS)) / 8  # how people's true places differ
        self.rng = rng

    def described(self, places: np.ndarray) -> tuple[np.ndarray, ...]:
        return tuple(
            places @ one + 2 * self.rng.standard_normal((len(places), one.shape[1])) for one in self.maps
        )

    def drawn(self) -> Drawn:
        places = 0.8 * self.rng.standard_normal((1600, COMPONENTS))
        return Drawn(places, self.described(places))

    def people(self, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Places as a model draws them, the true ones, and whose are women's, as nine in ten drawn ones tell."""
        female = self.rng.random(count) < 0.4
        told = np.where(self.rng.random(count) < 0.9, female, ~female)
        predicted, apart = self.rng.standard_normal((count, COMPONENTS)), np.zeros(COMPONENTS)
        apart[:8] = 1.0
        predicted += 4 * apart * np.where(told, 1, -1)[:, None]
        true = self.rng.standard_normal((count, COMPONENTS)) @ self.own_way + SHARE * predicted
        true += apart * (np.where(female, 1, -1) - 4 * SHARE * np.where(told, 1, -1))[:, None]
        return predicted, true, female


def looks_of(drawn: Drawn, sight: Sight, looks: tuple[np.ndarray, ...]) -> np.ndarray:
    seen = drawn.units(looks) @ sight.of_units
    return seen - seen.mean(axis=0)


@pytest.fixture(scope="module")
def world() -> World:
    return World(0)


@pytest.fixture(scope="module")
def drawn(world: World) -> Drawn:
    return world.drawn()


@pytest.fixture(scope="module")
def sight(drawn: Drawn) -> Sight:
    return Sight.learn(drawn)


def test_what_a_place_leaves_unexplained_has_variance_one(drawn: Drawn, sight: Sight) -> None:
    left = looks_of(drawn, sight, drawn.looks) - (drawn.places - drawn.places.mean(axis=0)) @ sight.of_places
    np.testing.assert_allclose(left.T @ left / len(left), np.eye(LOOKS), atol=1e-6)


def test_the_directions_are_those_that_are_seen_best(sight: Sight) -> None:
    seen = np.linalg.norm(sight.of_places, axis=1)  # of each component, the clearest first
    assert seen[:10].mean() > 5 * seen[-10:].mean()


@pytest.fixture(scope="module")
def compared(world: World, drawn: Drawn, sight: Sight) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of people the looks of the drawn face and of the true one, and whose are women's."""
    predicted, true, female = world.people(PEOPLE)
    return predicted @ sight.of_places, looks_of(drawn, sight, world.described(true)), female


def test_regions_cover_people_they_were_not_learned_from_as_often_as_they_claim(
    compared: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    found = coverage(*compared, np.arange(PEOPLE) % 8)
    assert found == {level: pytest.approx(level, abs=0.05) for level in LEVELS}


def test_too_narrow_a_spread_is_noticed(
    compared: tuple[np.ndarray, np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    learn = TrueFaces.learn

    def narrow(*told: np.ndarray) -> TrueFaces:
        known = learn(*told)
        return replace(known, covariance=known.covariance / 2)

    monkeypatch.setattr(TrueFaces, "learn", narrow)
    assert coverage(*compared, np.arange(PEOPLE) % 8)[0.8] < 0.6


def test_women_and_men_are_told_as_often_as_voices_tell_them(
    compared: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    drawn, _, female = compared
    probability = TrueFaces.learn(*compared).female(drawn)
    assert probability[female].mean() > 0.8 and probability[~female].mean() < 0.15
    assert probability.mean() == pytest.approx(female.mean(), abs=0.02)


def test_faces_drawn_by_it_are_seen_where_true_ones_are(world: World, drawn: Drawn, sight: Sight) -> None:
    """The other faces, described by the networks again, lie where the true faces of such voices do."""
    predicted, true, female = world.people(4 * PEOPLE)
    drawn_looks, looks = predicted @ sight.of_places, looks_of(drawn, sight, world.described(true))
    known = TrueFaces.learn(drawn_looks, looks, female)
    kept = Uncertainty()
    for name, number in known.places(sight).items():
        kept.get_buffer(name).copy_(torch.as_tensor(number))
    rng = np.random.default_rng(1)
    others = [kept.draw(torch.from_numpy(place), 1, rng)[0].numpy() for place in predicted]
    again = looks_of(drawn, sight, world.described(np.stack(others)))
    np.testing.assert_allclose(again.std(axis=0), looks.std(axis=0), rtol=0.12)
    towards = known.middles[0] - known.middles[1]
    for sex in (female, ~female):
        assert (again[sex] @ towards).mean() == pytest.approx((looks[sex] @ towards).mean(), rel=0.35)
    distant = [-known.density(own, one) for own, one in zip(drawn_looks, looks, strict=True)]
    again_distant = [-known.density(own, one) for own, one in zip(drawn_looks, again, strict=True)]
    for level in LEVELS:
        limit = np.quantile(distant, level)
        assert np.mean(again_distant <= limit) == pytest.approx(level, abs=0.05)
