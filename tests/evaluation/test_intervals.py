"""Means and correlations with intervals from resampling people."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from v2f.evaluation.intervals import RESAMPLES, mean_over_pairs, mean_over_people, rank_correlation


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
