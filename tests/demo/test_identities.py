"""Look-alike groups: 8 to 16 faces of one sex that lie together."""

import numpy as np
import pytest

from v2f.demo.identities import LARGEST, SMALLEST, look_alike_groups


@pytest.fixture
def made_descriptors() -> tuple[np.ndarray, list[str]]:
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((12, 128))
    descriptors = np.concatenate([centre + 0.1 * rng.standard_normal((25, 128)) for centre in centres])
    sexes = ["female"] * 150 + ["male"] * 150
    return descriptors.astype(np.float32), sexes


def test_every_face_has_a_group_of_allowed_size(made_descriptors):
    labels = look_alike_groups(*made_descriptors)
    sizes = np.bincount(labels)
    assert labels.min() == 0
    assert sizes.min() >= SMALLEST and sizes.max() <= LARGEST


def test_no_group_mixes_the_sexes(made_descriptors):
    labels = look_alike_groups(*made_descriptors)
    sexes = np.array(made_descriptors[1])
    assert all(len(set(sexes[labels == label])) == 1 for label in range(labels.max() + 1))


def test_faces_of_a_group_lie_closer_than_faces_at_random(made_descriptors):
    descriptors, _ = made_descriptors
    labels = look_alike_groups(*made_descriptors)
    centres = np.stack([descriptors[labels == label].mean(axis=0) for label in range(labels.max() + 1)])
    within = np.linalg.norm(descriptors - centres[labels], axis=1).mean()
    anywhere = np.linalg.norm(descriptors - descriptors.mean(axis=0), axis=1).mean()
    assert within < 0.5 * anywhere


def test_the_same_seed_gives_the_same_groups(made_descriptors):
    assert np.array_equal(look_alike_groups(*made_descriptors, 3), look_alike_groups(*made_descriptors, 3))
