"""1:2 matching: of a true face and an imposter's, which is more like the face generated from the voice?

Sec. 4.2 of the paper, by a descriptor of the reader's choice. Chance is 50 %.
"""

from collections.abc import Sequence

import numpy as np

from v2f.evaluation.intervals import Estimate, mean_over_pairs

IMPOSTERS = 50  # for every clip


def one_of_two(
    generated: np.ndarray,
    true: np.ndarray,
    people: Sequence[str] | np.ndarray,
    sex: Sequence[str] | np.ndarray,
    *,
    within_sex: bool,
    centred: bool = False,
    imposters: int = IMPOSTERS,
    seed: int = 0,
) -> Estimate:
    """Share of trials in which a generated face is nearer (by cosine) to its true face than to another's.

    generated, true: descriptors [n, d] of the face made from clip i and of its speaker's true face; people
    [n]: who they are; sex [n]: of the true faces, used only with `within_sex`, which takes imposters of the
    same sex. `centred` subtracts each side's mean descriptor first, which takes away what all generated, or
    all true, faces have in common. Ties count one half. Raises ValueError when nobody has an imposter.
    """
    trials = draw_trials(people, imposters, seed, sex if within_sex else None)
    if not len(trials):
        raise ValueError("matching needs faces of at least two people, and within one sex two of one sex")
    people = np.asarray(people)
    wins = _wins(_unit(generated, centred), _unit(true, centred), trials)
    return mean_over_pairs(wins, people[trials[:, 0]], people[trials[:, 1]], seed)


def draw_trials(
    people: Sequence[str] | np.ndarray,
    imposters: int,
    seed: int,
    within: Sequence[str] | np.ndarray | None = None,
) -> np.ndarray:
    """Trials int [t, 2]: a clip, and the clip of another person whose face is the imposter.

    Each of the clips [n] gets `imposters` different ones, or as many as there are; with `within` [n], only
    those with its own label.
    """
    rng = np.random.default_rng(seed)
    people = np.asarray(people)
    labels = np.zeros(people.size) if within is None else np.asarray(within)
    drawn = []
    for clip in range(people.size):
        others = np.flatnonzero((people != people[clip]) & (labels == labels[clip]))
        chosen = rng.permutation(others)[:imposters]
        drawn.append(np.stack([np.full(chosen.size, clip), chosen], axis=1))
    return np.concatenate(drawn) if drawn else np.empty((0, 2), dtype=int)


def _unit(descriptors: np.ndarray, centred: bool) -> np.ndarray:
    vectors = np.asarray(descriptors, dtype=np.float64)
    if centred:
        vectors = vectors - vectors.mean(axis=0)
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


def _wins(generated: np.ndarray, true: np.ndarray, trials: np.ndarray) -> np.ndarray:
    """Per trial 1 where the own face is nearer, 0 where the imposter's is, 0.5 for a tie."""
    clip, imposter = trials.T
    own = np.einsum("nd,nd->n", generated, true)[clip]
    other = np.einsum("td,td->t", generated[clip], true[imposter])
    return (own > other) + 0.5 * (own == other)
