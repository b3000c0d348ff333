"""Which place along the components of composites a voice gets: solved for, not learned by drawing.

Two face networks say what a voice's face should look like: of true pairs of voice and face, ridge regressions learn
dlib's descriptor and FaceRes's from the voice embedding. Portraits at random places are drawn and described by both
networks, which gives a linear map from places to descriptors. A voice's place is the one whose descriptors come nearest
to both predictions: least squares, each descriptor in units of what the map leaves unexplained. All of it is linear, so
the place of an embedding is the embedding times a matrix.
"""

from collections.abc import Callable

import numpy as np
import torch

from v2f.data.demo.components import Components
from v2f.data.demo.pairing import RIDGE_LOOKS, Ridge
from v2f.models.pixels import to_pixels
from v2f.models.portrait_generator import COMPONENTS, Portraits

DRAWN = 1_600  # portraits at random places
DRAWN_SPREAD = 0.8  # of their places, in standard deviations of composites
SPREAD = 1.2  # root mean square of the places of voices; composites, which shrink towards the mean, have 1
RIDGE_DRAWN = 0.001  # from places to descriptors
RIDGE_PLACES = 0.1  # on places
AT_ONCE = 64  # portraits drawn together, to bound memory

Describe = Callable[
    [np.ndarray], tuple[np.ndarray, ...]
]  # faces uint8 [n, size, size, 3] -> descriptors [n, ...] each


def place_directions(
    components: Components,
    embeddings: np.ndarray,
    looks: tuple[np.ndarray, ...],
    describe: Describe,
    seed: int = 0,
) -> np.ndarray:
    """The matrix [64, 64] that turns a unit embedding into its place, in standard deviations of composites.

    Args:
        components: of the portraits.
        embeddings: of the voices of true pairs, [pairs, 64], unit length.
        looks: the descriptors of their faces, by each of the networks of `describe`.
        describe: the face networks.
        seed: of the random places.
    """
    places = DRAWN_SPREAD * np.random.default_rng(seed).standard_normal((DRAWN, COMPONENTS))
    drawn = describe(draw(components, places))
    to_looks, from_voices = [], []
    for of_pairs, of_drawn in zip(looks, drawn, strict=True):
        of_places = Ridge.learn(places, of_drawn, RIDGE_DRAWN)
        left = of_drawn - of_drawn.mean(axis=0) - of_places(places)
        unit = np.sqrt(left.var(axis=0).sum())  # each network counts alike, whatever its size
        to_looks.append(of_places.weights / unit)
        from_voices.append(Ridge.learn(embeddings, of_pairs, RIDGE_LOOKS).weights / unit)
    wanted, reached = np.hstack(from_voices), np.hstack(to_looks)  # [64, numbers] of both networks
    gram = reached @ reached.T
    gram += np.eye(COMPONENTS) * RIDGE_PLACES * np.trace(gram) / COMPONENTS
    directions = np.linalg.solve(gram, reached @ wanted.T).T
    mean = embeddings.mean(axis=0)
    return directions * SPREAD / np.sqrt(np.square((embeddings - mean) @ directions).mean())


def draw(components: Components, places: np.ndarray) -> np.ndarray:
    """The composite portraits at places [n, 64]: uint8 [n, size, size, 3]."""
    portraits = Portraits(components.textures.shape[-1])
    portraits.textures[:-1] = torch.from_numpy(components.textures).flatten(1)
    portraits.flows[:] = torch.from_numpy(components.flows).flatten(1)
    parts = torch.from_numpy(places).float().split(AT_ONCE)
    return np.concatenate([to_pixels(portraits(part, torch.zeros(len(part)))).numpy() for part in parts])
