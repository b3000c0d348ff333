"""Are generated faces like photographs, unlike each other, and not copies of training faces? By a fixed descriptor.

The Fréchet distance compares the mean and covariance of generated and of real faces. It falls with the number of faces,
so it stands beside that between two halves of as many real faces: the least that can be reached.

A copy is a generated face whose nearest training face is nearer than two pictures of one person usually are.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from v2f.evaluation.faceres import NAME
from v2f.evaluation.intervals import mean_over_people
from v2f.report.results import LeftOut, Result

QUESTION = "quality"
FOUND, REAL_FOUND = "a face is found in generated faces", "a face is found in training faces"
NO_COPY = "generated faces no nearer to a training face than two pictures of one person"
REAL_NO_COPY = "training faces no nearer to one of another identity than two pictures of one person"
COMPONENTS = 128  # of dlib's descriptor; fewer faces than that give no covariance
MOST = 2000  # faces of a kind
AT_ONCE = 256  # points whose distances to all training faces are held at once
# The median distance of two pictures of one person, aligned at 64 pixels: of 29 pairs of AVSpeech's frames, which are
# often of one video and so nearer than photographs are. Of 765 faces from AVSpeech none is so near to one of 2,575
# portraits by dlib's descriptor, or to one of 700 by FaceRes'.
ONE_PERSON = {"dlib": 0.30, NAME: 0.55}
CLOSE = 0.6  # distances below it are usually of one person, by dlib's own account


@dataclass(frozen=True)
class Neighbours:
    """The training face nearest to each generated face: its row, int [n], and distance, float [n]."""

    row: np.ndarray
    distance: np.ndarray


def quality(
    generated: np.ndarray,
    people: np.ndarray,
    training: np.ndarray,
    identity: np.ndarray,
    on: str,
    seed: int,
    by: str = "dlib",
) -> tuple[list[Result | LeftOut], Neighbours]:
    """From descriptors `by` a judge, [n, d] of generated faces and [m, d] of real training faces.

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
            found.append(Result(QUESTION, measure, on, by=by, value=value, share=False, trials=count))
    for measure, value, count in (
        ("distance between generated faces of two speakers", *diversity(generated, people)),
        (
            "distance between real faces of two people",
            *diversity(training[order[:MOST]], identity[order[:MOST]]),
        ),
    ):
        found.append(Result(QUESTION, measure, on, by=by, value=value, share=False, trials=count))
    nearest = neighbours(generated, training)
    among_real = neighbours(real[:MOST], training, identity[order[:MOST]], identity)
    for measure, values in (
        ("distance of a generated face to its nearest training face", nearest.distance),
        ("distance of a training face to its nearest of another identity", among_real.distance),
    ):
        for part, value in (
            ("median", np.median(values)),
            ("1 % are nearer than", np.quantile(values, 0.01)),
        ):
            told: dict[str, Any] = {"by": by, "share": False, "trials": len(values)}
            found.append(Result(QUESTION, f"{measure}, {part}", on, value=float(value), **told))
    apart = mean_over_people(nearest.distance >= ONE_PERSON[by], people, seed)
    found.append(Result.of(apart, QUESTION, NO_COPY, on, by=by))
    real_apart = among_real.distance >= ONE_PERSON[by]
    found.append(
        Result.of(
            mean_over_people(real_apart, identity[order[:MOST]], seed), QUESTION, REAL_NO_COPY, on, by=by
        )
    )
    return found, nearest


def detected(
    generated: np.ndarray, people: np.ndarray, real: np.ndarray, on: str, by: str, seed: int
) -> list[Result]:
    """How often a face is found in generated faces, bool [n] of people [n], and in training faces, bool [m]."""
    found = [Result.of(mean_over_people(generated, people, seed), QUESTION, FOUND, on, by=by)]
    if len(real):
        value = float(real.mean())
        found.append(Result(QUESTION, REAL_FOUND, on, by=by, value=value, trials=len(real)))
    return found


def frechet(first: np.ndarray, second: np.ndarray) -> float:
    """The Fréchet distance between Gaussians fitted to points [n, d] and [m, d].

    Exact also where there are fewer points than dimensions: the trace of the root of the covariances' product is the
    sum of the singular values of one side's centred points times the other's.
    """
    between = first.mean(axis=0) - second.mean(axis=0)
    # Triangles [min(n, d), d] with the same covariances as the points, and less to multiply.
    one, other = (
        np.linalg.qr(points - points.mean(axis=0), mode="r") / np.sqrt(len(points) - 1)
        for points in (first, second)
    )
    common = np.linalg.svd(one @ other.T, compute_uv=False).sum()
    return float(between @ between + (one**2).sum() + (other**2).sum() - 2 * common)


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
    training = training.astype(np.float64)
    squares, rows = (training**2).sum(axis=1), []
    for start in range(0, len(points), AT_ONCE):
        some = slice(start, start + AT_ONCE)
        away = squares - 2 * points[some].astype(np.float64) @ training.T  # less each point's own square
        if own is not None:
            away[identity == own[some, None]] = np.inf
        rows.append(away.argmin(axis=1))
    row = np.concatenate(rows)
    return Neighbours(row, np.linalg.norm(training[row] - points, axis=1))
