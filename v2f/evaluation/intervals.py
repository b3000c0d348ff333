"""95 % intervals from resampling people, never trials: trials that share a person are not independent.

Each function samples the people there are, with replacement, 2,000 times (a bootstrap), and takes the middle 95 % of
the answers. With few people, or answers near 0 or 100 %, such intervals come out somewhat too narrow.

People are numbers or names; where there are millions of trials, numbers take seconds less.
"""

import warnings
from collections.abc import Sequence

import numpy as np

from v2f.metrics import areas, by_score, error_rates
from v2f.report.results import Estimate

RESAMPLES = 2000
COVERAGE = 95.0  # per cent
LEVELS = 128  # of the scores of either kind of pair, when the curve is resampled


def mean_over_people(values: np.ndarray, people: Sequence[str] | np.ndarray, seed: int = 0) -> Estimate:
    """The mean of values [n], each of which belongs to one of the people [n]."""
    names, person = np.unique(np.asarray(people), return_inverse=True)
    weights = _resampled(names.size, seed)
    sums, counts = np.bincount(person, values, names.size), np.bincount(person, minlength=names.size)
    return _estimate(_mean(values), weights @ sums, weights @ counts, len(values), names.size)


def mean_over_pairs(values: np.ndarray, first: np.ndarray, second: np.ndarray, seed: int = 0) -> Estimate:
    """The mean of values [n], each about two people (first [n], second [n]): a speaker and an imposter, say.

    A pair counts as often as both its people are sampled together: imposters are resampled as well.
    """
    names, person = np.unique(np.concatenate([first, second]), return_inverse=True)
    size = names.size
    cell = person[: len(first)] * size + person[len(first) :]
    sums = np.bincount(cell, values, size * size).reshape(size, size)
    counts = np.bincount(cell, minlength=size * size).reshape(size, size)
    weights = _resampled(size, seed)
    totals, trials = (((weights @ table) * weights).sum(axis=1) for table in (sums, counts))
    return _estimate(_mean(values), totals, trials, len(values), np.unique(first).size)


def verification_over_pairs(
    scores: np.ndarray, first: np.ndarray, second: np.ndarray, seed: int = 0
) -> tuple[Estimate, Estimate]:
    """The equal error rate, and the area under the curve, of scores [n] of pairs of recordings or faces.

    first [n], second [n]: the people of each pair, who are the same in those to be accepted. A pair of two people
    counts as often as both are sampled together, a pair of one person as often as that person is: someone sampled twice
    is not compared with themselves as if they were two.
    The values are exact. For the intervals the scores go into some 2 * LEVELS bins first, and the shift that this
    makes is taken out again. Raises CorpusError without pairs of both kinds.
    """
    same = np.asarray(first) == np.asarray(second)
    exact = by_score(scores, same)
    names, person = np.unique(np.concatenate([first, second]), return_inverse=True)
    everybody = np.ones((1, names.size))  # once, for the values by the bins
    weights = np.concatenate([everybody, _resampled(names.size, seed)]).astype(np.float32)
    histograms = _resampled_histograms(scores, same, person[: len(same)], person[len(same) :], weights)
    rate, area = (
        _shifted(float(measure(*exact)), measure(*histograms), len(same), names.size)
        for measure in (error_rates, areas)
    )
    return rate, area


def rank_correlation(
    x: np.ndarray, y: np.ndarray, people: Sequence[str] | np.ndarray, seed: int = 0
) -> Estimate | None:
    """Spearman's correlation of x [n] and y [n], each pair of values belonging to one of the people [n].

    None when all x, or all y, are equal, so that there is nothing to rank.
    """
    from scipy.stats import spearmanr

    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    names, person = np.unique(np.asarray(people), return_inverse=True)
    correlations = []
    with warnings.catch_warnings(action="ignore"):  # of samples with nothing to rank, which do not count
        for weights in _resampled(names.size, seed).astype(int):
            rows = np.repeat(np.arange(len(x)), weights[person])
            correlations.append(spearmanr(x[rows], y[rows]).statistic)
    low, high = _middle(np.array(correlations))
    return Estimate(float(spearmanr(x, y).statistic), low, high, len(x), names.size)


def _resampled(people: int, seed: int) -> np.ndarray:
    """How often each person is sampled, float [RESAMPLES, people]."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(people, np.full(people, 1.0 / people), size=RESAMPLES).astype(float)


def _resampled_histograms(
    scores: np.ndarray, same: np.ndarray, first: np.ndarray, second: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Histograms [resamples, bins] of the scores [n] of pairs of one person and of two, over rising scores.

    same bool [n]; first, second int [n]: the pairs' people, columns of weights float32 [resamples, people].
    """
    from scipy.sparse import csr_array

    # As fine where few strangers score high as where few pairs of one person score low.
    quantiles = [np.quantile(scores[kind], np.arange(LEVELS) / LEVELS) for kind in (same, ~same)]
    edges = np.unique(np.concatenate(quantiles))
    level = np.searchsorted(edges, scores, side="right")
    often = np.ascontiguousarray(weights.T)  # [people, resamples]
    ones, bins, people = np.ones(len(scores), dtype=np.float32), edges.size + 1, len(often)
    accepted = csr_array((ones[same], (level[same], first[same])), (bins, people)) @ often
    rows = first[~same] * bins + level[~same]  # of each first person, by level
    counts = csr_array((ones[~same], (rows, second[~same])), (people * bins, people))
    others = np.zeros_like(accepted)
    for person in range(people):
        # A pair counts as often as its second person is sampled, times as often as its first is.
        others += (counts[person * bins : (person + 1) * bins] @ often) * often[person]
    return accepted.T, others.T


def _shifted(value: float, answers: np.ndarray, trials: int, people: int) -> Estimate:
    """An exact value with an interval from resampled ones [1 + RESAMPLES], the first of which approximates it."""
    low, high = _middle(np.clip(answers[1:] + value - answers[0], 0.0, 1.0))
    return Estimate(value, low, high, trials, people)


def _estimate(value: float, sums: np.ndarray, counts: np.ndarray, trials: int, people: int) -> Estimate:
    some = counts > 0  # a sample of two people may be one of them twice, and hold no trial
    low, high = _middle(sums[some] / counts[some])
    return Estimate(value, low, high, trials, people)


def _mean(values: np.ndarray) -> float:
    return float(np.mean(values, dtype=np.float64))  # millions of float32 would lose digits


def _middle(answers: np.ndarray) -> tuple[float, float]:
    low, high = np.nanpercentile(answers, [50 - COVERAGE / 2, 50 + COVERAGE / 2])
    return float(low), float(high)
