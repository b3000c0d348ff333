"""Are generated faces like photographs, unlike each other, and not copies of training faces? By a fixed descriptor.

The Fréchet distance compares the mean and covariance of generated and of real faces. It falls with the number of faces,
so it stands beside that between two halves of as many real faces: the least that can be reached.

A copy is a generated face whose nearest training face is nearer than two pictures of one person usually are.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from v2f.evaluation.intervals import mean_over_people
from v2f.report.results import Judge, LeftOut, Measure, People, Question, Result

QUESTION = Question.QUALITY
COMPONENTS = 128  # of dlib's descriptor; fewer faces than that give no covariance
MOST = 2000  # faces of a kind
BATCH = 256  # points whose distances to all training faces are held at once
# The median distance of two pictures of one person, aligned at 64 pixels, of 29 pairs of AVSpeech's frames. At 128
# pixels 35 such pairs are at 0.34, 0.58 and 0.68, and 102 pairs of studio photographs at 0.23, 0.41, 0.40: as at 64.
ONE_PERSON = {Judge.DLIB: 0.30, Judge.FACERES: 0.55, Judge.MOBILEFACENET: 0.57}
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
    on: People,
    seed: int,
    by: Judge = Judge.DLIB,
) -> tuple[list[Result | LeftOut], Neighbours]:
    """From descriptors `by` a judge, [n, d] of generated faces and [m, d] of real training faces.

    people int [n]: whose voices the generated faces are made from. identity int [m]: whose the training faces are; a
    real face's own identity is left out when its nearest neighbour is looked for. Also returns the generated faces'
    neighbours.
    """
    rng = np.random.default_rng(seed)
    sampled = generated[rng.permutation(len(generated))[:MOST]].astype(np.float64)
    order = rng.permutation(len(training))
    real = training[order].astype(np.float64)
    real_identity = identity[order[:MOST]]
    nearest = neighbours(generated, training)
    real_nearest = neighbours(real[:MOST], training, real_identity, identity)
    values: list[tuple[Measure, float, int]] = []  # measure, value, trials
    lines: list[Result | LeftOut] = []

    count = min(len(sampled), len(real) // 2)
    if count <= COMPONENTS:
        why = f"a Fréchet distance needs more than {COMPONENTS} faces of a kind"
        lines.append(LeftOut(QUESTION, on, why))
    else:
        least = frechet(real[:count], real[count : 2 * count])
        distance = frechet(sampled[:count], real[:count])
        values += [(Measure.FRECHET, distance, count), (Measure.FRECHET_REAL, least, count)]
    values += [
        (Measure.DISTANCE_GENERATED, *diversity(generated, people)),
        (Measure.DISTANCE_REAL, *diversity(training[order[:MOST]], real_identity)),
    ]
    for measure, distances, share in (
        (Measure.NEAREST_MEDIAN, nearest.distance, 0.5),
        (Measure.NEAREST_PERCENTILE, nearest.distance, 0.01),
        (Measure.REAL_NEAREST_MEDIAN, real_nearest.distance, 0.5),
        (Measure.REAL_NEAREST_PERCENTILE, real_nearest.distance, 0.01),
    ):
        values.append((measure, float(np.quantile(distances, share)), len(distances)))
    for measure, value, trials in values:
        lines.append(Result(QUESTION, measure, on, by=by, value=value, share=False, trials=trials))
    for measure, distances, whose in (
        (Measure.NO_COPY, nearest.distance, people),
        (Measure.REAL_NO_COPY, real_nearest.distance, real_identity),
    ):
        estimate = mean_over_people(distances >= ONE_PERSON[by], whose, seed)
        lines.append(Result.of(estimate, QUESTION, measure, on, by=by))
    return lines, nearest


def detection_rates(
    generated: np.ndarray, people: np.ndarray, real: np.ndarray | None, on: People, by: Judge, seed: int
) -> Iterator[Result]:
    """How often a face is detected in generated faces, bool [n] of people [n], and in training faces, bool [m]."""
    estimate = mean_over_people(generated, people, seed)
    yield Result.of(estimate, QUESTION, Measure.GENERATED_DETECTED, on, by=by)
    if real is not None:
        share, measure = float(real.mean()), Measure.REAL_DETECTED
        yield Result(QUESTION, measure, on, by=by, value=share, trials=len(real))


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
    for start in range(0, len(points), BATCH):
        some = slice(start, start + BATCH)
        away = squares - 2 * points[some].astype(np.float64) @ training.T  # less each point's own square
        if own is not None:
            away[identity == own[some, None]] = np.inf
        rows.append(away.argmin(axis=1))
    row = np.concatenate(rows)
    return Neighbours(row, np.linalg.norm(training[row] - points, axis=1))
