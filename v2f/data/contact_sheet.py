"""Contact sheets: many faces in one picture, enlarged smoothly and labelled."""

import textwrap
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

SIDE = 128  # pixels along a face's side
GAP = 8
APART = 32  # pixels: the gap between columns of another kind
MARGIN = 152  # pixels: the width of the names left of the rows
LINE, FONT_SIZE = 21, 16  # pixels: the height of a line of text, and of its letters
LINES = 3  # of a name; what does not fit is cut
TITLE, TITLE_SIZE = 48, 22
PAPER, INK, EMPTY = "#ffffff", "#202020", "#e4e4e4"


def grid(
    faces: Sequence[Sequence[np.ndarray | None]],
    rows: Sequence[str],
    columns: Sequence[str],
    apart: int | None = None,
) -> Image.Image:
    """A row of faces per name, and a column per heading. Names and headings are broken into lines where need be.

    faces: for each row, faces np.uint8 [size, size, 3]; None gives a grey square, and a row may end before the last
    column. `apart`: a wider gap is left before this column, where faces of another kind begin.
    """
    headings = [_lines(heading, SIDE) for heading in columns]
    top = GAP + LINE * max(len(heading) for heading in headings)
    lefts = [
        MARGIN + GAP + column * (SIDE + GAP) + (APART if apart is not None and column >= apart else 0)
        for column in range(len(columns))
    ]
    picture, pen = _paper(lefts[-1] + SIDE + 2 * GAP, top + GAP + len(rows) * (SIDE + GAP))
    for left, heading in zip(lefts, headings, strict=True):
        bottom = top + GAP // 2  # headings end on one line
        _write(pen, (left + SIDE // 2, bottom - LINE * len(heading) // 2), heading)
    for row, (of_row, name) in enumerate(zip(faces, rows, strict=True)):
        y = top + GAP + row * (SIDE + GAP)
        _write(pen, (MARGIN - GAP // 2, y + SIDE // 2), _lines(name, MARGIN - 2 * GAP), "rm")
        for left, face in zip(lefts, of_row, strict=False):
            _place(picture, (left, y), face)
    return picture


def gallery(faces: Sequence[np.ndarray], names: Sequence[str], columns: int = 10) -> Image.Image:
    """Faces np.uint8 [size, size, 3] in reading order, each with its name of one line beneath."""
    rows = -(-len(faces) // columns)
    picture, pen = _paper(columns * (SIDE + GAP) + GAP, rows * (SIDE + LINE + GAP) + GAP)
    for i, (face, name) in enumerate(zip(faces, names, strict=True)):
        row, column = divmod(i, columns)
        left, top = GAP + column * (SIDE + GAP), GAP + row * (SIDE + LINE + GAP)
        _place(picture, (left, top), face)
        _write(pen, (left + SIDE // 2, top + SIDE + LINE // 2), _lines(name, SIDE)[:1])
    return picture


def stack(pictures: Sequence[Image.Image], title: str = "") -> Image.Image:
    """Pictures one below another, under a title if there is one."""
    font = ImageFont.load_default(size=TITLE_SIZE)
    top = TITLE if title else 0
    width = max(4 * GAP + round(font.getlength(title)), *(picture.width for picture in pictures))
    sheet, pen = _paper(width, top + sum(picture.height for picture in pictures))
    pen.text((2 * GAP, TITLE // 2), title, fill=INK, font=font, anchor="lm")
    for picture in pictures:
        sheet.paste(picture, (0, top))
        top += picture.height
    return sheet


def _lines(text: str, width: int) -> list[str]:
    """A text in lines of at most `width` pixels, besides its own breaks."""
    font = ImageFont.load_default(size=FONT_SIZE)
    lines = []
    for part in text.split("\n"):
        wrapped = [part]
        for characters in range(len(part), 1, -1):  # as many as leave all lines narrow enough
            wrapped = textwrap.wrap(part, characters, max_lines=LINES, placeholder="…")
            if all(font.getlength(line) <= width for line in wrapped):
                break
        lines += wrapped
    return lines


def _paper(width: int, height: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    picture = Image.new("RGB", (width, height), PAPER)
    return picture, ImageDraw.Draw(picture)


def _place(picture: Image.Image, corner: tuple[int, int], face: np.ndarray | None) -> None:
    if face is None:
        tile = Image.new("RGB", (SIDE, SIDE), EMPTY)
    else:
        tile = Image.fromarray(face).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    picture.paste(tile, corner)


def _write(pen: ImageDraw.ImageDraw, at: tuple[int, int], lines: Sequence[str], anchor: str = "mm") -> None:
    """Write lines around a point, or to its left where the anchor is "rm"."""
    font = ImageFont.load_default(size=FONT_SIZE)
    first = at[1] - LINE * (len(lines) - 1) / 2
    for i, line in enumerate(lines):
        pen.text((at[0], first + i * LINE), line, fill=INK, font=font, anchor=anchor)
