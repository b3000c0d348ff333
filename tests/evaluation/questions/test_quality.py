"""Fréchet distance, diversity, and nearest training faces."""

import numpy as np
import pytest

from v2f.evaluation.questions.quality import (
    detection_rates,
    diversity,
    frechet,
    neighbours,
    quality,
)
from v2f.report.results import Judge, LeftOut, Measure, People, Result


def points(count: int, seed: int, shift: float = 0.0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, 6)) + shift


def test_the_frechet_distance_of_gaussians_is_known() -> None:
    assert frechet(points(50, 0), points(50, 0)) == pytest.approx(0, abs=1e-9)
    moved = frechet(points(50, 0), points(50, 0, shift=2.0))
    assert moved == pytest.approx(6 * 2.0**2)  # equal covariances: the squared distance of the means
    wide = frechet(points(20_000, 1), 3 * points(20_000, 2))
    assert wide == pytest.approx(6 * (3 - 1) ** 2, rel=0.05)


def test_the_frechet_distance_is_that_of_the_roots_of_covariances() -> None:
    from scipy.linalg import sqrtm

    first, second = points(50, 0), points(40, 1) @ np.diag([1, 2, 3, 4, 5, 6.0])
    one, other = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    between = first.mean(axis=0) - second.mean(axis=0)
    defined = between @ between + np.trace(one + other - 2 * np.real(sqrtm(one @ other)))
    assert frechet(first, second) == pytest.approx(defined)
    wide = np.random.default_rng(0).standard_normal(
        (6, 90)
    )  # points in a few of many dimensions lie as they did
    wide = np.linalg.qr(wide.T)[0].T
    assert frechet(first @ wide, second @ wide) == pytest.approx(defined)


def test_each_judge_has_its_own_measure_of_one_person() -> None:
    training = np.random.default_rng(0).standard_normal((40, 128))
    step = np.zeros(128)
    step[0] = 0.4  # more than two pictures of one person by dlib, less by the others
    for by, apart in ((Judge.DLIB, 1), (Judge.FACERES, 0), (Judge.MOBILEFACENET, 0)):
        faces = (training + step, np.arange(40), training, np.arange(40))
        found, _ = quality(*faces, People.TEST, seed=0, by=by)
        results = [result for result in found if isinstance(result, Result)]
        (copied,) = [result for result in results if result.measure == Measure.NO_COPY]
        assert (copied.value, copied.by, copied.people) == (apart, by, 40)


def test_a_detector_is_told_of_generated_and_of_training_faces() -> None:
    made, real = detection_rates(
        np.array([1, 1, 0, 0], bool), np.arange(4), np.ones(9, bool), People.TEST, Judge.OPENCV, seed=0
    )
    assert (made.measure, made.value, made.by, made.people) == (
        *(Measure.GENERATED_DETECTED, 0.5),
        *(Judge.OPENCV, 4),
    )
    assert (real.measure, real.value, real.trials) == (Measure.REAL_DETECTED, 1, 9)
    alone = (People.TEST, Judge.DLIB_DETECTOR)
    assert len(list(detection_rates(np.ones(4, bool), np.arange(4), None, *alone, seed=0))) == 1


def test_diversity_is_the_mean_over_pairs_of_different_people() -> None:
    made, people = points(30, 0), np.arange(30) // 2
    brute = [np.linalg.norm(made[i] - made[j]) for i in range(30) for j in range(i) if people[i] != people[j]]
    assert diversity(made, people) == (pytest.approx(np.mean(brute)), len(brute))


def test_copies_are_found_as_the_nearest() -> None:
    training = points(40, 0)
    found = neighbours(training[[7, 3]] + 1e-4, training)
    np.testing.assert_array_equal(found.row, [7, 3])
    assert (found.distance < 1e-3).all()


def test_a_real_face_is_not_compared_with_its_own_identity() -> None:
    training, identity = points(40, 0), np.arange(40) // 4
    found = neighbours(training, training, identity, identity)
    assert (identity[found.row] != identity).all()
    assert (found.distance > 0).all()


def test_a_memorising_model_lies_nearer_to_training_than_real_faces_do() -> None:
    rng = np.random.default_rng(0)
    training = rng.standard_normal((400, 128))
    found, nearest = quality(
        training[:200] + 1e-3, np.arange(200), training, np.arange(400), People.TEST, seed=0
    )
    told = {result.measure: result.value for result in found}
    assert told[Measure.NEAREST_MEDIAN] < 0.1 < told[Measure.REAL_NEAREST_MEDIAN]
    assert told[Measure.NEAREST_PERCENTILE] < 0.1
    assert (told[Measure.NO_COPY], told[Measure.REAL_NO_COPY]) == (0, 1)
    assert len(nearest.row) == 200
    assert told[Measure.FRECHET] < told[Measure.FRECHET_REAL]  # half of them are the real faces themselves


def test_too_few_faces_have_no_frechet_distance_and_it_is_said() -> None:
    training = np.random.default_rng(0).standard_normal((400, 128))
    found, _ = quality(training[:50], np.arange(50), training, np.arange(400), People.TEST, seed=0)
    (line,) = [line for line in found if isinstance(line, LeftOut)]
    assert "more than 128 faces" in line.left_out
