"""Are generated faces like photographs, unlike each other, and not copies of training faces? In dlib's descriptor.

The Fréchet distance compares the mean and covariance of generated and of real faces. It falls with the number of faces,
so it stands beside that between two halves of as many real faces: the least that can be reached.
"""

from dataclasses import dataclass

import numpy as np

from v2f.evaluation.results import LeftOut, Result

QUESTION = "quality"
COMPONENTS = 128  # of the descriptor; fewer faces than that give no covariance
MOST = 2000  # faces of a kind
CLOSE = 0.6  # distances below it are usually of one person, by dlib's own account


@dataclass(frozen=True)
class Neighbours:
    """The training face nearest to each generated face: its row, int [n], and distance, float [n]."""

    row: np.ndarray
    distance: np.ndarray


def quality(
    generated: np.ndarray, people: np.ndarray, training: np.ndarray, identity: np.ndarray, on: str, seed: int
) -> tuple[list[Result | LeftOut], Neighbours]:
    """From descriptors [n, 128] of generated faces and [m, 128] of real training faces.

    people int [n]: whose voices the generated faces are made from. identity int [m]: whose the training faces are; a
    real face's own identity is left out when its nearest neighbour is looked for. Also returns the neighbours.
    """
    rng = np.random.default_rng(seed)
    made = generated[rng.permutation(len(generated))[:MOST]].astype(np.float64)
    order = rng.permutation(len(training))
    real = training[order].astype(np.float64)
    count = min(len(made), len(real) // 2)
    found: list[Result | LeftOut] = []
    if count <= COMPONENTS:
        found.append(
            LeftOut(QUESTION, on, f"a Fréchet distance needs more than {COMPONENTS} faces of a kind")
        )
    else:
        distance = frechet(made[:count], real[:count])
        floor = frechet(real[:count], real[count : 2 * count])
        for measure, value in (
            (f"Fréchet distance to real faces, {count} of each", distance),
            (f"Fréchet distance of real faces to real faces, {count} of each", floor),
        ):
            found.append(Result(QUESTION, measure, on, by="dlib", value=value, share=False, trials=count))
    for measure, value, count in (
        ("distance between generated faces of two speakers", *diversity(generated, people)),
        (
            "distance between real faces of two people",
            *diversity(training[order[:MOST]], identity[order[:MOST]]),
        ),
    ):
        found.append(Result(QUESTION, measure, on, by="dlib", value=value, share=False, trials=count))
    nearest = neighbours(generated, training)
    among_real = neighbours(real[:MOST], training, identity[order[:MOST]], identity)
    for measure, values in (
        ("distance of a generated face to its nearest training face, median", nearest.distance),
        ("distance of a training face to its nearest of another identity, median", among_real.distance),
    ):
        value = float(np.median(values))
        found.append(Result(QUESTION, measure, on, by="dlib", value=value, share=False, trials=len(values)))
    return found, nearest


def frechet(first: np.ndarray, second: np.ndarray) -> float:
    """The Fréchet distance between Gaussians fitted to points [n, d] and [m, d]."""
    from scipy.linalg import sqrtm

    one, other = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    between = first.mean(axis=0) - second.mean(axis=0)
    root = np.real(sqrtm(one @ other))
    return float(between @ between + np.trace(one) + np.trace(other) - 2 * np.trace(root))


def diversity(points: np.ndarray, people: np.ndarray) -> tuple[float, int]:
    """The mean distance between points [n, d] of different people [n], and of how many pairs."""
    total, pairs = 0.0, 0
    for i in range(len(points)):
        others = points[i + 1 :][people[i + 1 :] != people[i]]
        total += float(np.linalg.norm(others - points[i], axis=1).sum())
        pairs += len(others)
    return (total / pairs if pairs else float("nan")), pairs


def neighbours(
    points: np.ndarray,
    training: np.ndarray,
    own: np.ndarray | None = None,
    identity: np.ndarray | None = None,
) -> Neighbours:
    """The nearest of the training points [m, d] to each point [n, d]; not of its `own` [n] `identity` [m], if given."""
    rows, distances = [], []
    for i, point in enumerate(points):
        away = np.linalg.norm(training - point, axis=1)
        if own is not None:
            away = np.where(identity == own[i], np.inf, away)
        rows.append(int(away.argmin()))
        distances.append(float(away.min()))
    return Neighbours(np.array(rows), np.array(distances))
