"""Means and correlations with intervals from resampling people."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from v2f.errors import CorpusError
from v2f.evaluation import intervals
from v2f.evaluation.intervals import (
    RESAMPLES,
    mean_over_pairs,
    mean_over_people,
    rank_correlation,
    verification_over_pairs,
)
from v2f.evaluation.trials import compare, sample, similarities
from v2f.metrics import (
    area_under_curve,
    equal_error_rate,
    identification,
    one_each,
    ranks_by_cosine,
    recall,
)
from v2f.report.results import Estimate


def test_a_mean_counts_trials_and_people() -> None:
    estimate = mean_over_people(np.array([1.0, 0.0, 1.0, 1.0]), ["a", "a", "b", "c"])
    assert (estimate.value, estimate.trials, estimate.people) == (0.75, 4, 3)
    assert 0 <= estimate.low <= 0.75 <= estimate.high <= 1


def test_equal_values_leave_no_doubt() -> None:
    estimate = mean_over_people(np.ones(20), np.arange(20).astype(str))
    assert (estimate.value, estimate.low, estimate.high) == (1.0, 1.0, 1.0)


def test_repeating_a_persons_trials_adds_no_certainty() -> None:
    rng = np.random.default_rng(0)
    people, answers = np.arange(60).astype(str), rng.integers(0, 2, 60).astype(float)
    once = mean_over_people(answers, people)
    tenfold = mean_over_people(np.repeat(answers, 10), np.repeat(people, 10))
    assert tenfold.trials == 10 * once.trials
    assert (tenfold.low, tenfold.high) == pytest.approx((once.low, once.high))


def test_the_mean_over_people_agrees_with_drawing_them_one_by_one() -> None:
    rng = np.random.default_rng(1)
    people = rng.integers(0, 12, 80)
    values = rng.random(80)
    estimate = mean_over_people(values, people.astype(str))
    means = []
    for _ in range(RESAMPLES):
        drawn = rng.choice(12, 12)
        means.append(np.concatenate([values[people == person] for person in drawn]).mean())
    assert (estimate.low, estimate.high) == pytest.approx(tuple(np.percentile(means, [2.5, 97.5])), abs=0.01)


def test_the_mean_over_pairs_agrees_with_drawing_people_one_by_one() -> None:
    rng = np.random.default_rng(2)
    first, second = np.array([(i, j) for i in range(15) for j in range(15) if i != j]).T
    values = (rng.random(15)[first] + rng.random(15)[second]) / 2
    estimate = mean_over_pairs(values, first.astype(str), second.astype(str))
    means = []
    for _ in range(RESAMPLES):
        often = np.bincount(rng.choice(15, 15), minlength=15)
        means.append(np.average(values, weights=often[first] * often[second]))
    assert estimate.value == pytest.approx(values.mean())
    assert (estimate.trials, estimate.people) == (210, 15)
    assert (estimate.low, estimate.high) == pytest.approx(tuple(np.percentile(means, [2.5, 97.5])), abs=0.01)


def test_ninety_five_per_cent_of_intervals_hold_the_truth() -> None:
    rng = np.random.default_rng(3)
    held = 0
    for trial in range(100):
        persons = np.repeat(rng.normal(0.7, 0.1, 60), 5)  # people differ; five trials each
        estimate = mean_over_people(persons + rng.normal(0, 0.2, 300), np.repeat(np.arange(60), 5), trial)
        held += estimate.low <= 0.7 <= estimate.high
    assert 88 <= held <= 99


def test_rank_correlation_is_spearmans() -> None:
    rng = np.random.default_rng(4)
    x = rng.integers(20, 60, 80)
    y = x + rng.integers(-20, 20, 80)
    estimate = rank_correlation(x, y, np.arange(80).astype(str))
    assert estimate is not None
    assert estimate.value == pytest.approx(spearmanr(x, y).statistic)
    assert estimate.low < estimate.value < estimate.high < 1


def test_there_is_no_correlation_where_all_are_equal() -> None:
    assert rank_correlation(np.full(9, 30), np.arange(9), np.arange(9).astype(str)) is None


def verified(people: int = 12, ties: bool = False) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores of pairs, those of one person higher, some people's more than others'."""
    rng = np.random.default_rng(5)
    first, second = rng.integers(0, people, (2, 600))
    second = np.where(rng.random(600) < 0.4, first, second)
    bias = rng.normal(0, 0.4, people)
    scores = (first == second) * 1.2 + bias[first] + bias[second] + rng.normal(0, 1, 600)
    return np.round(scores) if ties else scores, first, second


@pytest.mark.parametrize("ties", [False, True])
def test_verification_agrees_with_drawing_people_one_by_one(ties: bool) -> None:
    scores, first, second = verified(ties=ties)
    same = first == second
    rate, area = verification_over_pairs(scores, first, second)
    rng, rates, areas = np.random.default_rng(6), [], []
    for _ in range(RESAMPLES):
        often = np.bincount(rng.choice(12, 12), minlength=12)
        weights = np.where(same, often[first], often[first] * often[second])
        drawn, alike = np.repeat(scores, weights), np.repeat(same, weights)
        rates.append(equal_error_rate(drawn, alike))
        areas.append(area_under_curve(drawn, alike))
    assert (rate.value, area.value) == (equal_error_rate(scores, same), area_under_curve(scores, same))
    assert (rate.low, rate.high) == pytest.approx(tuple(np.percentile(rates, [2.5, 97.5])), abs=0.015)
    assert (area.low, area.high) == pytest.approx(tuple(np.percentile(areas, [2.5, 97.5])), abs=0.015)
    assert (rate.trials, rate.people) == (600, 12)


def test_verification_by_names_is_that_by_numbers() -> None:
    scores, first, second = verified()
    names = np.array([f"person {i:02}" for i in range(12)])
    assert verification_over_pairs(scores, names[first], names[second]) == verification_over_pairs(
        scores, first, second
    )


def test_fewer_levels_change_little(monkeypatch: pytest.MonkeyPatch) -> None:
    scores, first, second = verified(40)
    fine = verification_over_pairs(scores, first, second)
    monkeypatch.setattr(intervals, "LEVELS", 24)
    for coarse, exact in zip(verification_over_pairs(scores, first, second), fine, strict=True):
        assert coarse.value == exact.value
        assert (coarse.low, coarse.high) == pytest.approx((exact.low, exact.high), abs=0.005)


def test_certain_verification_leaves_no_doubt() -> None:
    _, first, second = verified()
    rate, area = verification_over_pairs((first == second) * 1.0, first, second)
    assert (rate.value, rate.low, rate.high) == (0, 0, 0)
    assert (area.value, area.low, area.high) == (1, 1, 1)


def test_repeating_pairs_adds_no_certainty() -> None:
    scores, first, second = verified()
    once = verification_over_pairs(scores, first, second)
    tenfold = verification_over_pairs(*(np.repeat(array, 10) for array in (scores, first, second)))
    for one, ten in zip(once, tenfold, strict=True):
        assert (ten.low, ten.high) == pytest.approx((one.low, one.high), abs=0.005)


def test_verification_needs_pairs_of_both_kinds() -> None:
    with pytest.raises(CorpusError, match="pairs of one person and pairs of two"):
        verification_over_pairs(np.arange(3.0), np.arange(3), np.arange(3))


def simulated(
    people: int, seed: int, telling: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Three recordings and two faces of each of a population's people; voices tell up to `telling` of the person.

    Returns who they are of [3 people] and [2 people], and their descriptors [n, 6].
    """
    rng = np.random.default_rng(seed)
    voices, faces = np.repeat(np.arange(people), 3), np.repeat(np.arange(people), 2)
    persons, clarity = rng.normal(size=(people, 6)), rng.uniform(0, telling, (people, 1))
    heard = (clarity * persons + rng.normal(0, 0.7, (people, 6)))[voices] + rng.normal(
        0, 0.7, (3 * people, 6)
    )
    return voices, faces, heard, persons[faces] + rng.normal(0, 0.7, (2 * people, 6))


def measured(people: int, seed: int, telling: float = 1.2) -> dict[str, Estimate]:
    """What one study of so many people finds, with its intervals."""
    voices, faces, heard, shown = simulated(people, seed, telling)
    trials = sample(voices, faces, 100 * people, seed)
    own, other = similarities(heard, shown, trials)
    rate, area = verification_over_pairs(
        np.concatenate([own, other]),
        np.tile(trials.speaker, 2),
        np.concatenate([trials.speaker, trials.stranger]),
        seed,
    )
    rows = one_each(faces, seed)
    found = ranks_by_cosine(heard, shown[rows], voices, faces[rows])
    return {
        "matching": mean_over_pairs(compare(own, other), trials.speaker, trials.stranger, seed),
        "equal error rate": rate,
        "area": area,
        "recall at 5": mean_over_people(recall(found, 5), found.person, seed),
        "one of ten": mean_over_people(identification(found, 10), found.person, seed),
    }


def test_intervals_of_every_measure_hold_the_truth(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intervals, "RESAMPLES", 400)  # 200 studies of 40 people, in seconds
    monkeypatch.setattr(intervals, "LEVELS", 24)
    studies = [measured(40, seed) for seed in range(200)]
    voices, faces, heard, shown = simulated(4000, 1000, 1.2)
    trials = sample(voices, faces, 1_000_000, 0)
    own, other = similarities(heard, shown, trials)
    scores, same = np.concatenate([own, other]), np.arange(2_000_000) < 1_000_000
    truth = {
        "matching": compare(own, other).mean(),
        "equal error rate": equal_error_rate(scores, same),
        "area": area_under_curve(scores, same),
        # These two depend on how many people there are to choose from, so the truth is the mean over all studies.
        "recall at 5": np.mean([study["recall at 5"].value for study in studies]),
        "one of ten": np.mean([study["one of ten"].value for study in studies]),
    }
    for name, value in truth.items():
        held = np.mean([study[name].low <= value <= study[name].high for study in studies])
        assert 0.90 <= held <= 0.99, name


def test_who_does_not_know_is_at_chance_by_every_measure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intervals, "RESAMPLES", 400)
    monkeypatch.setattr(intervals, "LEVELS", 24)
    studies = [measured(100, seed, telling=0) for seed in range(100)]  # fewer people make them too narrow
    chance = {"matching": 0.5, "equal error rate": 0.5, "area": 0.5, "recall at 5": 0.05, "one of ten": 0.1}
    for name, value in chance.items():
        assert np.mean([study[name].value for study in studies]) == pytest.approx(value, abs=0.01), name
        held = np.mean([study[name].low <= value <= study[name].high for study in studies])
        assert 0.90 <= held <= 0.99, name
