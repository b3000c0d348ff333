"""Contact sheets."""

import numpy as np
from PIL import Image

from v2f.data.contact_sheet import APART, GAP, LINE, MARGIN, SIDE, TITLE, gallery, grid, stack

RED = np.full((64, 64, 3), (255, 0, 0), np.uint8)
BLUE = np.full((64, 64, 3), (0, 0, 255), np.uint8)
GREY, PAPER = (228, 228, 228), (255, 255, 255)


def colour(picture: Image.Image, row: int, column: int, lines: int = 1, apart: int = 0) -> object:
    """What is in the middle of a cell of a grid whose headings have so many lines."""
    left = MARGIN + GAP + column * (SIDE + GAP) + apart
    top = 2 * GAP + lines * LINE + row * (SIDE + GAP)
    return picture.getpixel((left + SIDE // 2, top + SIDE // 2))


def darkest(picture: Image.Image, box: tuple[int, int, int, int]) -> int:
    return int(np.asarray(picture.crop(box)).min())


def test_a_row_per_name_and_a_column_per_heading() -> None:
    picture = grid([[RED, None], [BLUE, RED]], ["87\nfemale", "211\nmale"], ["1 s", "whole"])
    assert colour(picture, 0, 0) == colour(picture, 1, 1) == (255, 0, 0)
    assert colour(picture, 1, 0) == (0, 0, 255)
    assert colour(picture, 0, 1) == GREY  # nothing to show: a grey square


def test_a_row_may_end_early() -> None:
    assert colour(grid([[RED]], ["one"], ["1 s", "2 s"]), 0, 1) == PAPER


def test_faces_of_another_kind_stand_apart() -> None:
    picture = grid([[RED, BLUE]], ["one"], ["generated", "true"], apart=1)
    assert picture.width == grid([[RED, BLUE]], ["one"], ["generated", "true"]).width + APART
    assert colour(picture, 0, 1, apart=APART) == (0, 0, 255)


def test_long_headings_and_names_stay_beside_the_faces() -> None:
    long = "Bartholomew Wolfeschlegelstein the younger, of a place without end " * 3
    picture = grid([[RED, RED], [RED, RED]], [long, long + "again"], [long, long])
    faces = MARGIN + GAP, 2 * GAP + 3 * LINE
    assert colour(picture, 0, 0, lines=3) == (255, 0, 0)
    assert darkest(picture, (0, 0, MARGIN, faces[1])) == 255  # the corner is empty
    assert darkest(picture, (0, faces[1], 4, picture.height)) == 255  # and so is the edge
    between = faces[0] + SIDE + 1
    assert darkest(picture, (between, 0, between + GAP - 2, faces[1])) == 255  # headings do not touch


def test_a_gallery_is_in_reading_order_and_holds_every_face() -> None:
    picture = gallery([RED, RED, BLUE], ["a", "b", "c"], columns=2)
    assert picture.size == (2 * (SIDE + GAP) + GAP, 2 * (SIDE + LINE + GAP) + GAP)
    assert picture.getpixel((GAP + SIDE // 2, GAP + SIDE + LINE + GAP + SIDE // 2)) == (0, 0, 255)
    assert darkest(picture, (GAP, GAP + SIDE, GAP + SIDE, GAP + SIDE + LINE)) < 128  # a name is written


def test_a_gallery_needs_no_names() -> None:
    picture = gallery([RED], [""])
    assert darkest(picture, (GAP, GAP + SIDE, GAP + SIDE, picture.height)) == 255


def test_pictures_are_stacked_below_a_title_that_is_never_cut() -> None:
    one, two = Image.new("RGB", (200, 50), "red"), Image.new("RGB", (100, 70), "blue")
    sheet = stack([one, two], "A title that is wider than both of the pictures are")
    assert sheet.width > 200 and sheet.height == TITLE + 50 + 70
    assert sheet.getpixel((150, TITLE + 25)) == (255, 0, 0)
    assert sheet.getpixel((50, TITLE + 85)) == (0, 0, 255)
    assert darkest(sheet, (0, 0, 200, TITLE)) < 128
    assert darkest(sheet, (sheet.width - GAP, 0, sheet.width, TITLE)) == 255
    assert stack([one]).size == one.size
