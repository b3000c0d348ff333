"""Aligned portraits: which are coloured and evenly lit, and where their landmarks lie."""

import numpy as np
import pytest

from v2f.demo.portraits import MIRRORED, evenly_lit, landmarks_of


def test_mirroring_a_shape_twice_gives_it_back():
    assert (MIRRORED[MIRRORED] == np.arange(68)).all()


def test_grey_and_lopsided_pictures_are_left_out():
    rng = np.random.default_rng(0)
    half = rng.integers(0, 256, (30, 64, 32, 3), dtype=np.uint8)
    faces = np.concatenate([half, half[:, :, ::-1]], axis=2)  # each as bright on either side
    faces[0] = faces[0].mean(axis=2, keepdims=True)
    faces[1, :, :32] //= 4
    lit = evenly_lit(faces)
    assert not lit[0] and not lit[1] and lit.mean() > 0.8


@pytest.mark.parametrize("size", [64, 128])
def test_landmarks_are_in_the_faces_own_pixels_also_where_no_face_is_seen(size: int):
    """There they are those of a face in the template's place."""
    pytest.importorskip("dlib")
    landmarks, detected = landmarks_of(np.full((size, size, 3), 128, np.uint8))
    assert landmarks.shape == (68, 2) and not detected
    left, right = landmarks[36:42].mean(axis=0) / size, landmarks[42:48].mean(axis=0) / size
    assert 0.2 < left[0] < 0.45 and 0.55 < right[0] < 0.8 and left[1] == pytest.approx(right[1], abs=0.1)
