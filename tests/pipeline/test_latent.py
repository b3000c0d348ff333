"""The way from one voice to another stays on the unit sphere."""

import numpy as np
from numpy.typing import NDArray

from v2f.pipeline.latent import between

SIZE = 64


def voices(count: int, seed: int = 0) -> NDArray[np.float32]:
    drawn = np.random.default_rng(seed).standard_normal((count, SIZE))
    return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)


def lengths(embeddings: NDArray[np.float32]) -> NDArray[np.floating]:
    return np.linalg.norm(embeddings, axis=1)


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
