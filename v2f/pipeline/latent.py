"""The way from one voice to another, among embeddings."""

import numpy as np
from numpy.typing import NDArray

Embedding = NDArray[np.float32]


def between(first: Embedding, second: Embedding, count: int) -> Embedding:
    """`count` unit embeddings [count, 64] at equal angles from `first` to `second`, both ends included."""
    angle = np.arccos(np.clip(float(first @ second), -1, 1))
    share = np.linspace(0, 1, count)[:, None]
    if np.sin(angle) < 1e-4:  # the same voice, or its opposite, to which no way is the shortest
        return _unit((1 - share) * first + share * second + 1e-6)  # never nothing, not even half-way
    return _unit((np.sin((1 - share) * angle) * first + np.sin(share * angle) * second) / np.sin(angle))


def _unit(embeddings: NDArray[np.floating]) -> Embedding:
    return (embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)).astype(np.float32)
