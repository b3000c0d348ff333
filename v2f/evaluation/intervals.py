"""95 % intervals from resampling people, never trials: trials that share a person are not independent.

Each function draws the people there are, with replacement, 2,000 times (a bootstrap), and takes the middle
95 % of the answers. With few people, or answers near 0 or 100 %, such intervals come out somewhat too narrow.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLES = 2000
COVERAGE = 95.0  # per cent


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval, and from how many trials of how many people it comes."""

    value: float
    low: float
    high: float
    trials: int
    people: int


def mean_over_people(values: np.ndarray, people: Sequence[str] | np.ndarray, seed: int = 0) -> Estimate:
    """The mean of values [n], each of which belongs to one of the people [n]."""
    names, person = np.unique(np.asarray(people), return_inverse=True)
    weights = _resampled(names.size, seed)
    sums, counts = np.bincount(person, values, names.size), np.bincount(person, minlength=names.size)
    return _estimate(float(np.mean(values)), weights @ sums, weights @ counts, len(values), names.size)


def mean_over_pairs(values: np.ndarray, first: np.ndarray, second: np.ndarray, seed: int = 0) -> Estimate:
    """The mean of values [n], each about two people (first [n], second [n]): a speaker and an imposter, say.

    A pair counts as often as both its people are drawn together: imposters are left to chance as well.
    """
    names, person = np.unique(np.concatenate([first, second]), return_inverse=True)
    size = names.size
    cell = person[: len(first)] * size + person[len(first) :]
    sums = np.bincount(cell, values, size * size).reshape(size, size)
    counts = np.bincount(cell, minlength=size * size).reshape(size, size)
    weights = _resampled(size, seed)
    totals, trials = (((weights @ table) * weights).sum(axis=1) for table in (sums, counts))
    return _estimate(float(np.mean(values)), totals, trials, len(values), np.unique(first).size)


def rank_correlation(
    x: np.ndarray, y: np.ndarray, people: Sequence[str] | np.ndarray, seed: int = 0
) -> Estimate | None:
    """Spearman's correlation of x [n] and y [n], each pair of values belonging to one of the people [n].

    None when all x, or all y, are equal, so that there is nothing to rank.
    """
    from scipy.stats import rankdata

    value = _correlation(rankdata(x), rankdata(y))
    if np.isnan(value):
        return None
    names, person = np.unique(np.asarray(people), return_inverse=True)
    drawn = []
    for weights in _resampled(names.size, seed).astype(int):
        rows = np.repeat(np.arange(len(x)), weights[person])
        drawn.append(_correlation(rankdata(x[rows]), rankdata(y[rows])))
    low, high = _middle(np.array(drawn))
    return Estimate(value, low, high, len(x), names.size)


def _resampled(people: int, seed: int) -> np.ndarray:
    """How often each person is drawn, float [RESAMPLES, people]."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(people, np.full(people, 1.0 / people), size=RESAMPLES).astype(float)


def _estimate(value: float, sums: np.ndarray, counts: np.ndarray, trials: int, people: int) -> Estimate:
    some = counts > 0  # a draw of two people may be one of them twice, and hold no trial
    low, high = _middle(sums[some] / counts[some])
    return Estimate(value, low, high, trials, people)


def _middle(answers: np.ndarray) -> tuple[float, float]:
    low, high = np.nanpercentile(answers, [50 - COVERAGE / 2, 50 + COVERAGE / 2])
    return float(low), float(high)


def _correlation(x: np.ndarray, y: np.ndarray) -> float:
    x, y = x - x.mean(), y - y.mean()
    scale = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / scale if scale else float("nan")
