"""Identities where there is only one portrait of each person: groups of look-alikes.

A group has 8 to 16 faces of one apparent sex with similar 128-d descriptors. It takes the place of the several pictures
of one person in the paper's corpus.
"""

import numpy as np
from sklearn.cluster import KMeans

SMALLEST, LARGEST = 8, 16  # faces in a group


def look_alike_groups(descriptors: np.ndarray, sexes: list[str], seed: int = 0) -> np.ndarray:
    """Group faces by descriptor [faces, 128] within each sex -> group labels int [faces], 0, 1, 2, ...

    Each sex is split in two by k-means, then each part again, until no part has more than 16 faces. Where one part
    would have fewer than 8, the boundary is moved.
    """
    labels = np.full(len(descriptors), -1)
    count = 0
    for sex in sorted(set(sexes)):
        parts = [np.flatnonzero([s == sex for s in sexes])]
        while parts:
            part = parts.pop()
            if len(part) <= LARGEST:
                labels[part] = count
                count += 1
            else:
                parts += _halves(descriptors, part, seed)
    return labels


def _halves(descriptors: np.ndarray, part: np.ndarray, seed: int) -> list[np.ndarray]:
    centres = KMeans(2, n_init=4, random_state=seed).fit(descriptors[part]).cluster_centers_
    axis = centres[1] - centres[0]
    position = (descriptors[part] - centres.mean(axis=0)) @ axis
    cut = int(np.clip((position < 0).sum(), SMALLEST, len(part) - SMALLEST))
    order = np.argsort(position, kind="stable")
    return [part[order[:cut]], part[order[cut:]]]
