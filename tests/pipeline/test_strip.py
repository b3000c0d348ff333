"""The picture of a strip: faces on one line, growing with the duration."""

from dataclasses import replace

import numpy as np
import pytest

from v2f.pipeline import Face, draw_strip
from v2f.pipeline.strip import ENLARGED, GAP, LABEL_HEIGHT, LARGEST, SMALLEST

RED, GREY = (200, 30, 30), (228, 228, 228)


@pytest.fixture
def red_face() -> Face:
    image = np.full((64, 64, 3), RED, np.uint8)
    return Face(image, np.zeros(64, np.float32), 0.5, seconds=4.0, duration=6.0, timings={})


def widths_above_the_ground(
    picture: np.ndarray, colour: tuple[int, int, int], largest: int = LARGEST
) -> list[int]:
    """Lengths of the runs of a colour along the line on which all faces stand."""
    here = (picture[GAP + largest - 1] == colour).all(axis=1)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], here.astype(int), [0]])))
    return (edges[1::2] - edges[::2]).tolist()


def test_faces_grow_with_the_duration(red_face: Face) -> None:
    picture = np.array(draw_strip([red_face] * 6, (1, 2, 3, 5, 10)))
    widths = widths_above_the_ground(picture, RED)
    assert len(widths) == 6 and widths == sorted(set(widths))
    assert (widths[0], widths[-1]) == (SMALLEST, LARGEST)


def test_missing_faces_are_grey_squares_in_their_place(red_face: Face) -> None:
    picture = np.array(draw_strip([None, red_face, None, red_face], (1, 2, 10)))
    assert len(widths_above_the_ground(picture, RED)) == 2
    assert len(widths_above_the_ground(picture, GREY)) == 2


def test_every_face_has_its_label(red_face: Face) -> None:
    picture = np.array(draw_strip([red_face, red_face], (1,)).convert("L"))
    labels = picture[GAP + LARGEST : GAP + LARGEST + LABEL_HEIGHT]
    middle = GAP + SMALLEST + GAP // 2
    assert labels[:, :middle].min() < 100 and labels[:, middle:].min() < 100


def test_large_faces_are_drawn_larger_and_none_is_shrunk(red_face: Face) -> None:
    large = replace(red_face, image=np.full((128, 128, 3), RED, np.uint8))
    picture = np.array(draw_strip([large] * 6, (1, 2, 3, 5, 10)))
    widths = widths_above_the_ground(picture, RED, ENLARGED * 128)
    assert (widths[0], widths[-1]) == (128, ENLARGED * 128)


def test_a_strip_of_one_face(red_face: Face) -> None:
    assert draw_strip([red_face], ()).size[0] > SMALLEST
