"""Faces between pictures and networks, and by area averaging smaller."""

import numpy as np

from v2f.models.pixels import shrink


def test_a_smaller_face_has_the_mean_of_each_area() -> None:
    faces = np.random.default_rng(0).integers(0, 256, (300, 16, 16, 3), dtype=np.uint8)  # more than one batch
    means = faces.reshape(300, 8, 2, 8, 2, 3).mean(axis=(2, 4))
    shrunk = shrink(faces, 8)
    assert shrunk.dtype == np.uint8 and shrunk.shape == (300, 8, 8, 3)
    assert np.abs(shrunk - means).max() <= 0.51  # but for rounding


def test_a_face_that_fits_stays_as_it_is() -> None:
    faces = np.zeros((2, 16, 16, 3), np.uint8)
    assert shrink(faces, 16) is faces
    assert shrink(faces[:0], 8).shape == (0, 8, 8, 3)
