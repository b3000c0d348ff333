"""A strip of faces as one picture: the longer the excerpt, the larger the face."""

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

from v2f.pipeline.types import Face

SMALLEST, LARGEST = 96, 256  # pixels along a face's side, at least
ENLARGED = 3  # times, the largest face, where that is more; the smallest is never shrunk
GAP = 16  # pixels around and between faces
LABEL_HEIGHT = 28
PAPER, INK, EMPTY = "#ffffff", "#202020", "#e4e4e4"


def draw_strip(faces: Sequence[Face | None], durations: Sequence[float]) -> Image.Image:
    """Draw what `VoiceToFace.strip` gave for these durations, each face with its duration beneath it.

    Durations the recording does not reach, or where it holds too little speech, are left as grey squares.
    """
    last = max(len(faces) - 1, 1)
    size = max((len(face.image) for face in faces if face), default=0)
    smallest, largest = max(SMALLEST, size), max(LARGEST, ENLARGED * size)
    sides = [smallest + (largest - smallest) * i // last for i in range(len(faces))]
    whole = faces[-1]
    labels = [f"{duration:g} s" for duration in durations]
    labels.append(f"whole: {whole.duration:.1f} s" if whole else "whole")
    ground = GAP + largest  # faces stand on one line
    picture = Image.new("RGB", (sum(sides) + GAP * (len(sides) + 1), ground + LABEL_HEIGHT + GAP), PAPER)
    pen = ImageDraw.Draw(picture)
    font = ImageFont.load_default(size=16)
    left = GAP
    for face, side, label in zip(faces, sides, labels, strict=True):
        top = ground - side
        if face is None:
            pen.rectangle((left, top, left + side - 1, ground - 1), fill=EMPTY)
        else:
            portrait = Image.fromarray(face.image).resize((side, side), Image.Resampling.BICUBIC)
            picture.paste(portrait, (left, top))
        pen.text((left + side / 2, ground + LABEL_HEIGHT / 2), label, fill=INK, font=font, anchor="mm")
        left += side + GAP
    return picture
