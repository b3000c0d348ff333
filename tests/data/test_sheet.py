"""Contact sheets."""

import numpy as np

from v2f.data.sheet import GAP, LABEL, MARGIN, SIDE, by_duration, gallery

RED = np.full((64, 64, 3), (255, 0, 0), np.uint8)
BLUE = np.full((64, 64, 3), (0, 0, 255), np.uint8)


def test_a_row_per_reader_and_a_column_per_duration() -> None:
    picture = by_duration([[RED, None], [BLUE, RED]], ["87\nfemale", "211\nmale"], ["1 s", "whole"])

    def colour(row: int, column: int) -> object:
        left, top = MARGIN + GAP + column * (SIDE + GAP), LABEL + GAP + row * (SIDE + GAP)
        return picture.getpixel((left + SIDE // 2, top + SIDE // 2))

    assert colour(0, 0) == colour(1, 1) == (255, 0, 0)
    assert colour(1, 0) == (0, 0, 255)
    assert colour(0, 1) == (228, 228, 228)  # nothing to show: a grey square


def test_a_gallery_is_in_reading_order_and_holds_every_face() -> None:
    picture = gallery([RED, RED, BLUE], ["a", "b", "c"], columns=2)
    assert picture.size == (2 * (SIDE + GAP) + GAP, 2 * (SIDE + LABEL + GAP) + GAP)
    assert picture.getpixel((GAP + SIDE // 2, GAP + SIDE + LABEL + GAP + SIDE // 2)) == (0, 0, 255)
    assert np.asarray(picture)[GAP + SIDE : GAP + SIDE + LABEL].min() < 128  # a name is written
