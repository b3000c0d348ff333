"""Who gets which voice: from what is known about voices and looks, give each voice a look-alike group.

A ridge regression from a speaker embedding (the d-vector) to a face descriptor is learned on people of whom both
are known. Voices and groups are then compared within their sex, each side less its own mean and scaled by its own
spread, so that neither another microphone nor another camera decides.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

RIDGE = 3.0  # of the mean eigenvalue; from 1 to 10, 1:2 matching of people kept for measuring stays at 78 %


@dataclass(frozen=True)
class VoiceToLooks:
    """The map from d-vector [n, 256] to face descriptor [n, 128]."""

    weights: np.ndarray  # [256, 128]

    @classmethod
    def learn(cls, dvectors: np.ndarray, descriptors: np.ndarray) -> "VoiceToLooks":
        """Ridge regression on true pairs [n, 256], [n, 128]; both sides have their means taken away."""
        x, y = dvectors - dvectors.mean(axis=0), descriptors - descriptors.mean(axis=0)
        gram = x.T @ x
        gram += np.eye(len(gram)) * RIDGE * np.trace(gram) / len(gram)
        return cls(np.linalg.solve(gram, x.T @ y))

    def __call__(self, dvectors: np.ndarray) -> np.ndarray:
        """Predicted descriptors [n, 128], up to a constant."""
        return dvectors @ self.weights


def assign(predicted: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Give each voice of one sex a group of that sex -> group index int [voices].

    `predicted` [voices, 128] are predicted descriptors, `centres` [groups, 128] the groups' mean descriptors.
    The sum of cosines is as large as it can be while no group gets more than its even share, rounded up, and,
    where there are voices enough, none gets fewer than that share rounded down.
    """
    cosine = _standard(predicted) @ _standard(centres).T  # [voices, groups]
    voices, groups = cosine.shape
    share, rest = divmod(voices, groups)
    columns = np.repeat(np.arange(groups), share + (rest > 0))
    value = cosine[:, columns].astype(np.float64)
    if rest:
        # Places within the even share are worth more than any cosine, so every group gets its share first.
        value += 4.0 * np.tile(np.arange(share + 1) < share, groups)
    rows, chosen = linear_sum_assignment(value, maximize=True)
    group = np.empty(voices, dtype=int)
    group[rows] = columns[chosen]
    return group


def _standard(vectors: np.ndarray) -> np.ndarray:
    centred = vectors - vectors.mean(axis=0)
    scaled = centred / (centred.std(axis=0) + 1e-6)
    return scaled / (np.linalg.norm(scaled, axis=1, keepdims=True) + 1e-9)
