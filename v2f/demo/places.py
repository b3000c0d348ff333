"""A voice's place along the components of composites. It is solved for by least squares, not learned by drawing.

Ridge regressions on true pairs predict two descriptors of a face, dlib's and FaceRes's, from the voice embedding.
Portraits at random places are drawn and described by both networks, which gives a linear map from places to
descriptors. A voice's place is the one whose descriptors are nearest to both predictions, each measured in units of
what the map leaves unexplained. Every step is linear, so a place is the embedding times a matrix.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from v2f.demo.components import Components
from v2f.demo.pairing import Ridge
from v2f.models.pixels import to_pixels
from v2f.models.portrait_generator import COMPONENTS, Portraits

DRAWN = 1_600  # portraits at random places
DRAWN_SPREAD = 0.8  # of their places, in standard deviations of composites
SPREAD = 1.2  # root mean square of the places of voices; composites, which shrink towards the mean, have 1
# From voices to descriptors. An embedding holds what ridge regressions found already, and needs less of it than they.
RIDGE_VOICES = 2.0
RIDGE_DRAWN = 0.001  # from places to descriptors
RIDGE_PLACES = 0.1  # on places
AT_ONCE = 64  # portraits drawn together, to bound memory

Describe = Callable[
    [np.ndarray], tuple[np.ndarray, ...]
]  # faces uint8 [n, size, size, 3] -> descriptors [n, ...] each


@dataclass(frozen=True)
class Drawn:
    """Composites at random places, and their descriptors from each face network."""

    places: np.ndarray  # [DRAWN, 64], in standard deviations of composites
    looks: tuple[np.ndarray, ...]

    @classmethod
    def at_random(cls, portraits: Portraits, describe: Describe, seed: int = 0) -> "Drawn":
        """Draw and describe composites; `seed` is that of the places."""
        places = DRAWN_SPREAD * np.random.default_rng(seed).standard_normal((DRAWN, COMPONENTS))
        return cls(places, describe(draw(portraits, places)))

    @cached_property
    def maps(self) -> list[tuple[np.ndarray, float]]:
        """For each network the linear map [64, numbers] from places to descriptors, and its unit.

        The unit is the standard deviation that the map leaves unexplained, so that both networks count alike.
        """
        maps = []
        for looks in self.looks:
            of_places = Ridge.learn(self.places, looks, RIDGE_DRAWN)
            left = looks - looks.mean(axis=0) - of_places(self.places)
            unit = float(np.sqrt(left.var(axis=0).sum()))
            maps.append((of_places.weights / unit, unit))
        return maps

    @cached_property
    def solver(self) -> np.ndarray:
        """Least squares: descriptors in units, less their mean, times this matrix [numbers, 64] are places."""
        reached = np.hstack([weights for weights, _ in self.maps])
        gram = reached @ reached.T
        gram += np.eye(COMPONENTS) * RIDGE_PLACES * np.trace(gram) / COMPONENTS
        return np.linalg.solve(gram, reached).T

    def units(self, looks: tuple[np.ndarray, ...]) -> np.ndarray:
        """Descriptors [n, ...] of each network in units, side by side."""
        return np.hstack([own / unit for own, (_, unit) in zip(looks, self.maps, strict=True)])


def place_directions(drawn: Drawn, embeddings: np.ndarray, looks: tuple[np.ndarray, ...]) -> np.ndarray:
    """The matrix [64, 64] that turns a unit embedding into its place, in standard deviations of composites.

    Args:
        drawn: composites at random places.
        embeddings: of the voices of true pairs, [pairs, 64], unit length.
        looks: the descriptors of their faces, by each of the networks that described what was drawn.
    """
    wanted = Ridge.learn(embeddings, drawn.units(looks), RIDGE_VOICES).weights
    directions = wanted @ drawn.solver
    mean = embeddings.mean(axis=0)
    return directions * SPREAD / np.sqrt(np.square((embeddings - mean) @ directions).mean())


def portraits_of(components: Components) -> Portraits:
    """The part of a portrait generator that draws composites."""
    portraits = Portraits(components.textures.shape[-1])
    portraits.fit(torch.from_numpy(components.textures), torch.from_numpy(components.flows))
    return portraits


def draw(portraits: Portraits, places: np.ndarray) -> np.ndarray:
    """The composite portraits at places [n, 64]: uint8 [n, size, size, 3]."""
    parts = torch.from_numpy(places).float().split(AT_ONCE)
    return np.concatenate([to_pixels(portraits(part, torch.zeros(len(part)))).numpy() for part in parts])
