"""Walks among embeddings stay on the unit sphere, near the voice they start from or on the way to another."""

import numpy as np
import pytest
from numpy.typing import NDArray

from v2f.pipeline.latent import SPREAD, between, nearby

SIZE = 64


def voices(count: int, seed: int = 0) -> NDArray[np.float32]:
    drawn = np.random.default_rng(seed).standard_normal((count, SIZE))
    return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)


def lengths(embeddings: NDArray[np.float32]) -> NDArray[np.floating]:
    return np.linalg.norm(embeddings, axis=1)


def test_neighbours_are_as_near_as_the_training_noise_puts_them() -> None:
    [own] = voices(1)
    near = nearby(own, 2000, np.random.default_rng(0))
    assert near.shape == (2000, SIZE) and near.dtype == np.float32
    assert np.allclose(lengths(near), 1, atol=1e-5)
    expected = 1 / np.sqrt(1 + SPREAD**2 * SIZE)  # cosine to a vector lengthened by noise at a right angle
    assert (near @ own).mean() == pytest.approx(expected, abs=0.01)
    assert len(np.unique(near, axis=0)) == 2000


def test_the_same_seed_draws_the_same_neighbours() -> None:
    [own] = voices(1)
    first, second, other = (nearby(own, 3, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first, second) and not np.array_equal(first, other)


def test_the_way_keeps_its_length_and_its_pace_from_end_to_end() -> None:
    first, second = voices(2)
    way = between(first, second, 21)
    assert way.shape == (21, SIZE) and way.dtype == np.float32
    assert np.allclose(way[0], first, atol=1e-6) and np.allclose(way[-1], second, atol=1e-6)
    assert np.allclose(lengths(way), 1, atol=1e-5)
    steps = np.arccos(np.clip(np.sum(way[:-1] * way[1:], axis=1, dtype=np.float64), -1, 1))
    assert np.allclose(steps, steps[0], rtol=1e-2)


def test_from_a_voice_to_itself_nothing_moves() -> None:
    [own] = voices(1)
    assert np.allclose(between(own, own, 5), own, atol=1e-4)


def test_there_is_a_way_to_the_opposite_too() -> None:
    [own] = voices(1)
    way = between(own, -own, 21)
    assert np.isfinite(way).all() and np.allclose(lengths(way), 1, atol=1e-5)
    assert np.allclose(way[0], own, atol=1e-4) and np.allclose(way[-1], -own, atol=1e-4)
