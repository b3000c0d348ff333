"""How well scores distinguish people: verification, retrieval, identification among N, and the top of logits.

Verification is of pairs, by their scores [p]: `equal_error_rate` and `area_under_curve`; their intervals are in
intervals.py. Everything else is of probes: `ranks_by_score` counts how many strangers' faces score above each probe's
own, and the others turn the counts into a value for each probe, for `mean_over_people`:

    ranks = ranks_by_cosine(probes, faces, probe_person, face_person)
    mean_over_people(recall(ranks, 5), ranks.person)            # is the own face among the first five?
    mean_over_people(identification(ranks, 10), ranks.person)   # is it the first of ten? Chance: 1 / 10

Such intervals are for the faces there are: the people who speak are resampled, those to choose from stay.

Equal scores are in random order: every function gives the mean over all orders. scikit-learn has some of these for a
single sample, but not for the thousands of resampled ones that intervals need, and stage two measures without it.
"""

from dataclasses import dataclass

import numpy as np

from v2f.errors import CorpusError

GALLERIES = (2, 4, 6, 8, 10)  # faces to identify one of
BATCH = 256  # probes compared with all faces at once
ALIKE = 1e-6  # cosines closer than this are equal: float32 products depend on where in a block they are made


def equal_error_rate(scores: np.ndarray, same: np.ndarray) -> float:
    """The rate at which wrong acceptances equal wrong rejections; scores [p], same bool [p] -> [0, 1].

    Pairs of equal score are accepted together. Between two thresholds the error rates go straight from one to the
    other, as they do when pairs at the threshold are accepted at random.
    Raises CorpusError without pairs of both, or where scores are not finite.
    """
    return float(error_rates(*by_score(scores, same)))


def area_under_curve(scores: np.ndarray, same: np.ndarray) -> float:
    """How often a pair of one person scores above a pair of two, ties one half; scores [p], same bool [p]."""
    return float(areas(*by_score(scores, same)))


def matching_accuracy(
    probes: np.ndarray, faces: np.ndarray, probe_person: np.ndarray, face_person: np.ndarray
) -> float:
    """1:2 matching over all trials that there are: how often a probe's own face is nearer than a stranger's.

    Descriptors [n, d] and [m, d] are compared by cosine after each side's mean is taken away; ties count one half. The
    mean over people of the mean over their probes. Raises CorpusError for a probe without its own or a stranger's face.
    """
    cosines = unit_rows(probes, centred=True) @ unit_rows(faces, centred=True).T
    of_probes = [
        area_under_curve(scores, face_person == person)
        for scores, person in zip(cosines, probe_person, strict=True)
    ]
    _, person = np.unique(probe_person, return_inverse=True)
    return float((np.bincount(person, of_probes) / np.bincount(person)).mean())


def by_score(scores: np.ndarray, same: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How many pairs of one person, and of two, have each of the different scores [n], which rise; int [n] each.

    Raises CorpusError without pairs of both, or where scores are not finite.
    """
    _check_finite(scores)
    same = np.asarray(same, dtype=bool)
    if same.all() or not same.any():
        raise CorpusError("Verification needs pairs of one person and pairs of two.")
    different, level = np.unique(scores, return_inverse=True)
    ones, others = (np.bincount(level[kind], minlength=different.size) for kind in (same, ~same))
    return ones, others


def error_rates(same: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Equal error rates of histograms float [..., bins] over rising scores -> [...]; NaN where one is empty."""
    rejected, refused = _cumulated(same), _cumulated(other)  # [..., bins + 1]: below each threshold
    surplus = rejected + refused - 1  # wrong rejections less wrong acceptances: from -1 up to 1
    after = np.maximum(1, np.argmax(surplus >= 0, axis=-1))[..., None]  # the first past the crossing
    below, above = (np.take_along_axis(surplus, at, -1) for at in (after - 1, after))
    start, end = (np.take_along_axis(rejected, at, -1) for at in (after - 1, after))
    return (start + (end - start) * below / (below - above))[..., 0]


def areas(same: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Areas under the curve of histograms float [..., bins] over rising scores -> [...]; NaN where one is empty."""
    rejected, refused = _cumulated(same), _cumulated(other)
    return (np.diff(rejected, axis=-1) * (refused[..., 1:] + refused[..., :-1]) / 2).sum(axis=-1)


def all_pairs(people: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The rows [p] and [p] of all pairs of different recordings (or faces) of `people` [n], each pair once."""
    return np.triu_indices(len(people), 1)


@dataclass(frozen=True)
class Ranks:
    """Where probes' own faces stand among strangers'; arrays [n] over the probes who have a face of their own.

    Of several own faces the one that scores highest counts.
    """

    probe: np.ndarray  # int, the rows of these probes
    person: np.ndarray  # int
    higher: np.ndarray  # int, strangers' faces that score higher
    tied: np.ndarray  # int, those that score the same
    lower: np.ndarray  # int


def ranks_by_score(
    scores: np.ndarray, probe_person: np.ndarray, face_person: np.ndarray, alike: float = 0.0
) -> Ranks:
    """Where each probe's own face stands by scores [n, m] of probes' similarity to faces.

    probe_person int [n], face_person int [m]; -1 is nobody. Scores no further apart than `alike` are equal.
    Raises CorpusError where scores are not finite.
    """
    _check_finite(scores)
    scores, probe_person = np.asarray(scores), np.asarray(probe_person)
    somebody = np.asarray(face_person) >= 0
    if not somebody.all():
        scores, face_person = scores[:, somebody], np.asarray(face_person)[somebody]
    probe = np.flatnonzero((probe_person >= 0) & np.isin(probe_person, face_person))
    person, scores = probe_person[probe], scores[probe]
    own = person[:, None] == face_person
    best = np.where(own, scores, -np.inf).max(axis=1, initial=-np.inf)[:, None]
    higher = _count(scores > best + alike)  # none of the own faces is
    lower = _count((scores < best - alike) & ~own)
    return Ranks(probe, person, higher, _count(~own) - higher - lower, lower)


def ranks_by_cosine(
    probes: np.ndarray,
    faces: np.ndarray,
    probe_person: np.ndarray,
    face_person: np.ndarray,
    centred: bool = False,
) -> Ranks:
    """Where each probe's own face stands by the cosine of descriptors [n, d] and [m, d], among all faces.

    `centred` takes away each side's mean first. For a gallery with one face of each person, take rows
    `one_each(face_person, seed)` of the faces and of who they are.
    """
    probes, faces = unit_rows(probes, centred), unit_rows(faces, centred)
    parts = []
    for start in range(0, len(probes), BATCH):
        block = slice(start, start + BATCH)
        part = ranks_by_score(probes[block] @ faces.T, probe_person[block], face_person, ALIKE)
        parts.append((part.probe + start, part.person, part.higher, part.tied, part.lower))
    return Ranks(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def one_each(face_person: np.ndarray, seed: int) -> np.ndarray:
    """The row of one face of each person [m] sampled, in the order of people; -1 is nobody."""
    order = np.random.default_rng(seed).permutation(len(face_person))
    people, first = np.unique(np.asarray(face_person)[order], return_index=True)
    return order[first[people >= 0]]


def recall(ranks: Ranks, k: int) -> np.ndarray:
    """Whether each probe's own face is among the first k, float [n] in [0, 1]. Chance: k / faces with one each."""
    return _among_first(ranks.higher, ranks.tied, k)


def rank(ranks: Ranks) -> np.ndarray:
    """The place of each probe's own face, float [n] from 1. Chance: the middle, with one face of each person."""
    return 1 + ranks.higher + ranks.tied / 2


def identification(ranks: Ranks, size: int) -> np.ndarray:
    """How likely each probe's own face is the first of `size`, the others sampled from the strangers; float [n].

    The mean over all samples, which needs no sampling (a hypergeometric distribution). Chance: 1 / size.
    Raises CorpusError where a probe stands among fewer than size - 1 strangers.
    """
    lower, tied = ranks.lower.astype(float), ranks.tied.astype(float)
    strangers = lower + tied + ranks.higher
    if (strangers < size - 1).any():
        raise CorpusError(f"To identify one of {size} faces, at least {size - 1} have to be strangers'.")

    def ways(n: np.ndarray) -> np.ndarray:
        """C(n, size) / C(strangers, size - 1), factor by factor, so that nothing overflows."""
        taken = np.arange(size - 1)[:, None]
        return n / size * np.prod(np.maximum(n - 1 - taken, 0) / (strangers - taken), axis=0)

    # With j of the tied sampled, and none that score higher, the own face is first in 1 of j + 1 orders; this is the
    # sum over all j of C(tied, j) C(lower, size - 1 - j) / (j + 1), by C(t, j) / (j + 1) = C(t + 1, j + 1) / (t + 1).
    return (ways(lower + tied + 1) - ways(lower)) / (tied + 1)


def top_k(logits: np.ndarray, labels: np.ndarray, k: int) -> np.ndarray:
    """Whether each label [n] is among the k highest of logits [n, classes]; float [n] in [0, 1]."""
    _check_finite(logits)
    logits = np.asarray(logits)
    own = np.take_along_axis(logits, np.asarray(labels)[:, None], axis=1)
    return _among_first((logits > own).sum(axis=1), (logits == own).sum(axis=1) - 1, k)


def _among_first(higher: np.ndarray, tied: np.ndarray, k: int) -> np.ndarray:
    """The share of the orders of `tied` equals and the one itself that put it into the places up to k."""
    return np.clip((k - higher) / (tied + 1), 0.0, 1.0)


def _count(flags: np.ndarray) -> np.ndarray:
    """How many of each row of bool [n, m] are set; row by row, NumPy counts many times faster than along an axis."""
    return np.array([np.count_nonzero(row) for row in flags], dtype=np.int64)


def _cumulated(histogram: np.ndarray) -> np.ndarray:
    """Shares [..., bins + 1] of a histogram that lie below each threshold, from 0 to 1."""
    below = np.cumsum(histogram, axis=-1, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        below = below / below[..., -1:]
    return np.concatenate([np.zeros_like(below[..., :1]), below], axis=-1)


def _check_finite(scores: np.ndarray) -> None:
    if not np.isfinite(scores).all():
        raise CorpusError("Some scores are not finite numbers.")


def unit_rows(descriptors: np.ndarray, centred: bool = False) -> np.ndarray:
    """Descriptors [n, d] of length one, float32, after their mean is taken away if `centred`."""
    vectors = np.asarray(descriptors, dtype=np.float64)
    if not np.isfinite(vectors).all():
        raise CorpusError("Some descriptors are not finite numbers.")
    if centred:
        vectors = vectors - vectors.mean(axis=0)
    return (vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)).astype(np.float32)
