"""1:2 matching: of a true face and an imposter's, which is more like the face generated from the voice?

Sec. 4.2 of the paper, by a descriptor of the reader's choice. Chance is 50 %.
"""

from collections.abc import Sequence

import numpy as np

from v2f.evaluation.intervals import Estimate, mean_over_pairs
from v2f.evaluation.trials import Trials, score

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
    clip, imposter = trials.T
    people = np.asarray(people)
    person = np.unique(people, return_inverse=True)[1]
    wins = score(generated, true, Trials(clip, clip, imposter, person, person), centred)
    return mean_over_pairs(wins, people[clip], people[imposter], seed)


def draw_trials(
    people: Sequence[str] | np.ndarray,
    imposters: int,
    seed: int,
    within: Sequence[str] | np.ndarray | None = None,
) -> np.ndarray:
    """Trials int [t, 2]: a clip, and the clip of another person whose face is the imposter.

    For few clips, which `trials.draw` would draw again and again: here none comes twice.
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
