"""Verification, retrieval, identification and top-k accuracy, each against counting one by one."""

from itertools import combinations, permutations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from v2f.errors import CorpusError
from v2f.metrics import (
    Ranks,
    all_pairs,
    area_under_curve,
    equal_error_rate,
    identification,
    matching_accuracy,
    one_each,
    rank,
    ranks_by_cosine,
    ranks_by_score,
    recall,
    top_k,
)


def pairs(seed: int, count: int = 60, levels: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """Scores with many ties, and which are of one person."""
    rng = np.random.default_rng(seed)
    same = rng.random(count) < 0.4
    return np.round(rng.normal(same * 1.0, 1.0) * levels / 4) / levels, same


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def crossing(scores: np.ndarray, same: np.ndarray) -> float:
    """The equal error rate by walking along the curve in small steps, accepting ties by chance."""
    points = [(1.0, 0.0)]  # wrong rejections, wrong acceptances
    for threshold in sorted(set(scores), reverse=True):
        accepted = scores >= threshold
        points.append((float(np.mean(~accepted[same])), float(np.mean(accepted[~same]))))
    for (rejected, taken), (rejected_next, taken_next) in zip(points, points[1:], strict=False):
        for step in np.linspace(0, 1, 20_001):
            here = rejected + step * (rejected_next - rejected)
            if here <= taken + step * (taken_next - taken):
                return here
    raise AssertionError("the curve ends where everything is accepted")


@pytest.mark.parametrize("seed", range(8))
def test_the_equal_error_rate_is_where_the_curve_crosses(seed: int) -> None:
    scores, same = pairs(seed)
    assert equal_error_rate(scores, same) == pytest.approx(crossing(scores, same), abs=1e-4)


def test_the_equal_error_rate_of_a_worked_example() -> None:
    scores, same = np.array([0.9, 0.8, 0.7, 0.6, 0.3, 0.2]), np.array([1, 1, 0, 1, 0, 0], dtype=bool)
    assert equal_error_rate(scores, same) == pytest.approx(1 / 3)
    # Accepting the top score rejects one of two, the four tied ones are half and half: 1/2 - x/2 = x * 3/4.
    scores, same = np.array([9, 5, 5, 5, 5, 1]), np.array([1, 1, 0, 0, 0, 0], dtype=bool)
    assert equal_error_rate(scores, same) == pytest.approx(0.3)


@pytest.mark.parametrize("seed", range(8))
def test_the_area_is_how_often_one_beats_the_other(seed: int) -> None:
    scores, same = pairs(seed)
    wins = [(a > b) + 0.5 * (a == b) for a in scores[same] for b in scores[~same]]
    assert area_under_curve(scores, same) == pytest.approx(np.mean(wins))
    assert area_under_curve(scores, same) == pytest.approx(roc_auc_score(same, scores))


def test_the_order_of_pairs_does_not_matter() -> None:
    scores, same = pairs(0)
    order = np.random.default_rng(0).permutation(len(scores))
    assert equal_error_rate(scores[order], same[order]) == equal_error_rate(scores, same)
    assert area_under_curve(scores[order], same[order]) == area_under_curve(scores, same)


@pytest.mark.parametrize(
    "scores, rate, area", [([3, 2, 1, 0], 0, 1), ([0, 1, 2, 3], 1, 0), ([1] * 4, 0.5, 0.5)]
)
def test_certainty_error_and_ignorance(scores: list[int], rate: float, area: float) -> None:
    same = np.array([True, True, False, False])
    assert (equal_error_rate(np.array(scores), same), area_under_curve(np.array(scores), same)) == (
        rate,
        area,
    )


def test_normal_scores_have_the_known_figures() -> None:
    rng = np.random.default_rng(0)
    same = np.arange(400_000) % 2 == 0
    scores = rng.normal(same * 2.0, 1.0)
    assert equal_error_rate(scores, same) == pytest.approx(0.1587, abs=0.002)  # the normal distribution at -1
    assert area_under_curve(scores, same) == pytest.approx(0.9214, abs=0.002)  # and at the root of 2


@pytest.mark.parametrize("measure", [equal_error_rate, area_under_curve])
def test_verification_needs_both_kinds_and_numbers(measure: object) -> None:
    assert callable(measure)
    for same in (np.ones(3, dtype=bool), np.zeros(3, dtype=bool), np.zeros(0, dtype=bool)):
        with pytest.raises(CorpusError, match="pairs of one person and pairs of two"):
            measure(np.zeros(len(same)), same)
    with pytest.raises(CorpusError, match="finite"):
        measure(np.array([0.0, np.nan]), np.array([True, False]))


def test_all_pairs_hold_each_once() -> None:
    first, second = all_pairs(np.array([0, 0, 1, 2]))
    assert list(zip(first.tolist(), second.tolist(), strict=True)) == list(combinations(range(4), 2))


PROBES, GALLERY = np.array([0, 1, 2, 0, 7, 3, -1, 4]), np.array([3, 0, 2, 1, 0, 4, -1, 5, 3])


def likeness(seed: int = 0, levels: int = 5) -> np.ndarray:
    """Scores with many ties."""
    return np.random.default_rng(seed).integers(0, levels, (len(PROBES), len(GALLERY))).astype(float)


def orders(scores: np.ndarray, person: int) -> list[int]:
    """The places, from 0, of a probe's best own face among strangers', over all orders of equal scores."""
    own = scores[person == GALLERY].max()
    strangers = [score for score, face in zip(scores, GALLERY, strict=True) if face not in (person, -1)]
    ties = [score for score in strangers if score == own]
    higher = sum(score > own for score in strangers)
    return [higher + order.index(0) for order in permutations(range(len(ties) + 1))]


@pytest.mark.parametrize("seed", range(5))
def test_ranks_agree_with_brute_force(seed: int) -> None:
    scores = likeness(seed)
    found = ranks_by_score(scores, PROBES, GALLERY)
    assert found.probe.tolist() == [0, 1, 2, 3, 5, 7]  # 7 has no face, -1 is nobody
    assert found.person.tolist() == [0, 1, 2, 0, 3, 4]
    for i, probe in enumerate(found.probe):
        places = orders(scores[probe], PROBES[probe])
        assert rank(found)[i] == pytest.approx(1 + np.mean(places))
        for k in (1, 2, 5, 9):
            assert recall(found, k)[i] == pytest.approx(np.mean([place < k for place in places]))


@pytest.mark.parametrize("size", [1, 2, 4, 6])
@pytest.mark.parametrize("seed", range(3))
def test_identification_is_the_mean_over_all_draws(seed: int, size: int) -> None:
    scores = likeness(seed)
    found = ranks_by_score(scores, PROBES, GALLERY)
    for i, probe in enumerate(found.probe):
        person = PROBES[probe]
        own = scores[probe][person == GALLERY].max()
        strangers = scores[probe][(person != GALLERY) & (GALLERY >= 0)]
        right = []
        for others in combinations(strangers, size - 1):
            ties = sum(score == own for score in others)
            right.append(0.0 if max(others, default=-1) > own else 1 / (1 + ties))
        assert identification(found, size)[i] == pytest.approx(np.mean(right))


def test_identification_of_one_of_two_is_matching() -> None:
    scores = np.random.default_rng(0).normal(size=(50, 50))
    wins = [(scores[i, i] > scores[i, j]) for i in range(50) for j in range(50) if i != j]
    found = ranks_by_score(scores, np.arange(50), np.arange(50))
    assert identification(found, 2).mean() == pytest.approx(np.mean(wins))


def test_identification_among_thousands_does_not_overflow() -> None:
    count = np.array([20_000])
    zero, found = np.array([0]), Ranks(np.array([0]), np.array([0]), count, np.array([0]), count)
    assert identification(found, 101) == pytest.approx(
        np.prod((20_000 - np.arange(100)) / (40_000 - np.arange(100)))
    )
    assert identification(Ranks(zero, zero, zero, zero, count), 500) == pytest.approx(1)
    assert identification(Ranks(zero, zero, zero, count, zero), 500) == pytest.approx(1 / 500)


def test_identification_needs_enough_strangers() -> None:
    found = ranks_by_score(np.eye(3), np.arange(3), np.arange(3))
    with pytest.raises(CorpusError, match="one of 4 faces"):
        identification(found, 4)


@pytest.mark.parametrize("centred", [False, True])
def test_ranks_by_cosine_agrees_with_all_cosines(centred: bool) -> None:
    rng = np.random.default_rng(0)
    people, owners = rng.integers(0, 30, 600), rng.integers(0, 32, 200)  # several blocks of probes
    persons = rng.normal(size=(32, 16))
    probes, faces = (persons[who] + rng.normal(0.3, 1, (len(who), 16)) for who in (people, owners))
    found = ranks_by_cosine(probes, faces, people, owners, centred)
    if centred:
        probes, faces = probes - probes.mean(axis=0), faces - faces.mean(axis=0)
    plain = ranks_by_score(unit(probes) @ unit(faces).T, people, owners)
    np.testing.assert_array_equal(found.probe, plain.probe)
    np.testing.assert_array_equal(found.person, plain.person)
    np.testing.assert_array_equal(found.higher, plain.higher)
    np.testing.assert_array_equal(found.lower, plain.lower)


def test_equal_faces_are_in_an_order_of_chance() -> None:
    people, rng = np.arange(700), np.random.default_rng(0)
    alike = np.tile(rng.normal(size=13), (700, 1))
    found = ranks_by_cosine(rng.normal(size=(700, 13)), alike, people, people)
    assert (found.tied == 699).all()
    np.testing.assert_allclose(recall(found, 7), 0.01)
    np.testing.assert_allclose(identification(found, 10), 0.1)


def test_a_model_that_knows_identifies_everybody() -> None:
    persons, people = np.random.default_rng(0).normal(size=(40, 16)), np.arange(80) % 40
    found = ranks_by_cosine(persons[people], persons[people], people, people)
    assert (recall(found, 1) == 1).all() and (rank(found) == 1).all()
    np.testing.assert_allclose(identification(found, 10), 1)


def test_one_of_each_persons_faces_is_taken() -> None:
    people = np.array([4, 2, 4, -1, 2, 9, 4])
    rows = one_each(people, seed=0)
    assert people[rows].tolist() == [2, 4, 9]
    sampled = {row for seed in range(50) for row in one_each(people, seed).tolist()}
    assert sampled == {0, 1, 2, 4, 5, 6}
    np.testing.assert_array_equal(rows, one_each(people, seed=0))


def test_scores_have_to_be_numbers() -> None:
    with pytest.raises(CorpusError, match="finite"):
        ranks_by_score(np.array([[np.nan]]), np.array([0]), np.array([0]))
    with pytest.raises(CorpusError, match="finite"):
        top_k(np.array([[np.nan, 1.0]]), np.array([0]), 1)


def test_the_top_of_logits_agrees_with_brute_force() -> None:
    rng = np.random.default_rng(0)
    logits, labels = rng.integers(0, 3, (30, 5)).astype(np.float32), rng.integers(0, 5, 30)
    for k in (1, 3, 5):
        for row, label, share in zip(logits, labels, top_k(logits, labels, k), strict=True):
            places = [sorted(order, key=lambda c: -row[c])[:k] for order in permutations(range(5))]  # noqa: B023
            assert share == pytest.approx(np.mean([label in place for place in places]))


def test_a_network_that_gives_everybody_the_same_is_at_chance() -> None:
    assert top_k(np.zeros((3, 50)), np.array([0, 7, 49]), 5) == pytest.approx([0.1] * 3)


def test_matching_accuracy_is_the_share_of_all_trials_people_counting_alike() -> None:
    rng = np.random.default_rng(0)
    probes, faces = rng.normal(size=(7, 5)), rng.normal(size=(9, 5))
    probe_person, face_person = np.array([0, 0, 0, 0, 1, 1, 2]), np.array([0, 1, 2, 0, 1, 2, 1, 0, 3])
    cosines = unit(probes - probes.mean(axis=0)) @ unit(faces - faces.mean(axis=0)).T
    of_people = [
        np.mean(
            [
                row[own] > row[other]
                for row in cosines[probe_person == person]
                for own in np.flatnonzero(face_person == person)
                for other in np.flatnonzero(face_person != person)
            ]
        )
        for person in range(3)
    ]
    measured = matching_accuracy(probes, faces, probe_person, face_person)
    assert measured == pytest.approx(np.mean(of_people))


def test_a_probe_without_a_strangers_face_cannot_be_matched() -> None:
    with pytest.raises(CorpusError):
        matching_accuracy(np.eye(2), np.eye(2), np.zeros(2), np.zeros(2))
