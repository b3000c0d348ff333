"""Contact sheets: many generated faces in one picture, enlarged smoothly and labelled."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

SIDE = 128  # pixels along a face's side
GAP = 8
LABEL = 24  # pixels: the height of a line of text
MARGIN = 112  # pixels: the width of the labels left of the rows
PAPER, INK, EMPTY = "#ffffff", "#202020", "#e4e4e4"


def by_duration(
    strips: Sequence[Sequence[np.ndarray | None]], names: Sequence[str], durations: Sequence[str]
) -> Image.Image:
    """A row of faces per name and a column per duration; what a recording does not reach is a grey square.

    strips: for each name, one face np.uint8 [64, 64, 3] or None per duration.
    """
    picture, pen = _paper(len(strips), len(durations), MARGIN, LABEL, 0)
    for column, duration in enumerate(durations):
        _write(pen, (MARGIN + GAP + column * (SIDE + GAP) + SIDE // 2, GAP + LABEL // 2), duration)
    for row, (faces, name) in enumerate(zip(strips, names, strict=True)):
        top = LABEL + GAP + row * (SIDE + GAP)
        _write(pen, (GAP + MARGIN // 2, top + SIDE // 2), name)
        for column, face in enumerate(faces):
            _place(picture, pen, (MARGIN + GAP + column * (SIDE + GAP), top), face)
    return picture


def gallery(faces: Sequence[np.ndarray], names: Sequence[str], columns: int = 10) -> Image.Image:
    """Faces np.uint8 [64, 64, 3] in reading order, each with its name beneath."""
    rows = -(-len(faces) // columns)
    picture, pen = _paper(rows, columns, 0, 0, LABEL)
    for i, (face, name) in enumerate(zip(faces, names, strict=True)):
        row, column = divmod(i, columns)
        left, top = GAP + column * (SIDE + GAP), GAP + row * (SIDE + LABEL + GAP)
        _place(picture, pen, (left, top), face)
        _write(pen, (left + SIDE // 2, top + SIDE + LABEL // 2), name)
    return picture


def _paper(
    rows: int, columns: int, left: int, top: int, beneath: int
) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    size = left + columns * (SIDE + GAP) + GAP, top + rows * (SIDE + beneath + GAP) + GAP
    picture = Image.new("RGB", size, PAPER)
    return picture, ImageDraw.Draw(picture)


def _place(
    picture: Image.Image, pen: ImageDraw.ImageDraw, corner: tuple[int, int], face: np.ndarray | None
) -> None:
    if face is None:
        pen.rectangle((*corner, corner[0] + SIDE - 1, corner[1] + SIDE - 1), fill=EMPTY)
    else:
        picture.paste(Image.fromarray(face).resize((SIDE, SIDE), Image.Resampling.BICUBIC), corner)


def _write(pen: ImageDraw.ImageDraw, centre: tuple[int, int], text: str) -> None:
    pen.text(centre, text, fill=INK, font=ImageFont.load_default(size=15), anchor="mm", align="center")
