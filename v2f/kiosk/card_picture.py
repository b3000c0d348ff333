"""Draws the card that a visitor takes home: a postcard, upright, on light paper."""

import io
from collections.abc import Sequence
from datetime import date
from itertools import groupby

from PIL import Image, ImageDraw, ImageFont

from v2f.assets import ASSETS
from v2f.kiosk.texts import LANGUAGES, TEXTS
from v2f.pipeline import DURATIONS, Face

WIDTH, HEIGHT = 1200, 1800  # pixels; 10 by 15 cm at 300 dots an inch
PAD = 72
FACE = 1000  # pixels along a side
ROUND = 0.14  # of a side, the radius of a picture's corners
STRIP = (96, 116, 138, 168, 210)  # the faces of the durations
PAPER, INK, SECOND, VOICE = "#fbfdfc", "#142123", "#42565a", "#a5471a"
QUALITY = 90
DISPLAY = ("noto-serif-display-latin.woff2", "noto-serif-sc-subset.woff2")  # Latin, Chinese
TEXT = ("v2f-text-regular.woff2", "noto-sans-sc-subset.woff2")
FIRST_CHINESE = "\u2e80"


def draw_card(faces: Sequence[Face | None], day: date, language: str) -> bytes:
    """Draw the card of a recording.

    Args:
        faces: after each of DURATIONS, None where there is none, and that of all of it.
        day: to write on it.
        language: of its words.

    Returns:
        A JPEG file of WIDTH by HEIGHT pixels.
    """
    *strip, whole = faces
    assert whole, "there is a face"
    column = LANGUAGES.index(language)
    card = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    pen = Lettering(card)
    pen.write("v2f", PAD, 128, 84, DISPLAY, INK)
    pen.write(TEXTS["tagline"][column], WIDTH - PAD, 128, 40, TEXT, SECOND, "right")
    paste(card, whole, (WIDTH - FACE) // 2, 176, FACE)
    pen.write(TEXTS["cardguess"][column], WIDTH // 2, 1290, 68, DISPLAY, INK, "middle")
    shown = [(d, face, side) for d, face, side in zip(DURATIONS, strip, STRIP, strict=True) if face]
    gap = 28
    left = (WIDTH - sum(side for *_, side in shown) - gap * (len(shown) - 1)) // 2
    for duration, face, side in shown:
        paste(card, face, left, 1588 - side, side)
        pen.write(f"{duration} {TEXTS['sec'][column]}", left + side // 2, 1632, 32, TEXT, SECOND, "middle")
        left += side + gap
    pen.write(TEXTS["cardline"][column], PAD, HEIGHT - 64, 34, TEXT, SECOND)
    pen.write(day.isoformat(), WIDTH - PAD, HEIGHT - 64, 34, TEXT, SECOND, "right")
    file = io.BytesIO()
    card.save(file, "JPEG", quality=QUALITY, dpi=(300, 300))
    return file.getvalue()


def paste(card: Image.Image, face: Face, left: int, top: int, side: int) -> None:
    """A face with round corners."""
    picture = Image.fromarray(face.image).resize((side, side), Image.Resampling.BICUBIC)
    mask = Image.new("L", (2 * side, 2 * side))  # twice as large, for smooth corners
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, 2 * side - 1, 2 * side - 1), 2 * ROUND * side, fill=255)
    card.paste(picture, (left, top), mask.resize((side, side), Image.Resampling.BOX))


class Lettering:
    """Writes on a picture, in Latin and Chinese letters."""

    def __init__(self, card: Image.Image) -> None:
        self._pen = ImageDraw.Draw(card)

    def write(
        self, words: str, x: int, y: int, size: int, fonts: tuple[str, str], colour: str, align: str = "left"
    ) -> None:
        """Write a line that begins, ends or is centred at x, its baseline at y."""
        latin, chinese = (ImageFont.truetype(ASSETS / "fonts" / name, size) for name in fonts)
        parts = groupby(words, lambda letter: letter >= FIRST_CHINESE)
        runs = [("".join(letters), chinese if is_chinese else latin) for is_chinese, letters in parts]
        length = sum(font.getlength(run) for run, font in runs)
        at = x - {"left": 0.0, "middle": length / 2, "right": length}[align]
        for run, font in runs:
            self._pen.text((at, y), run, fill=colour, font=font, anchor="ls")
            at += font.getlength(run)
