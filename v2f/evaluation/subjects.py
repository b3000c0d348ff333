"""Whom the demonstration model is measured on: readers it never heard, and true pairs of voice and face."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from v2f.data.landmarks import align, detect_faces, five_points, landmarks68
from v2f.errors import CorpusError

SEXES = {"F": "female", "M": "male"}  # of LibriSpeech, in the words of the judges
UPSAMPLINGS = (0, 1, 2)  # of a frame, until a face is found in it


@dataclass(frozen=True)
class Reader:
    """A held-out LibriSpeech reader with one recording; sex is "female" or "male"."""

    speaker: str
    sex: str
    clip: Path


@dataclass(frozen=True)
class Pair:
    """A recording and a picture of the same person."""

    person: str
    clip: Path
    picture: Path


def held_out_readers(speech: Path, heldout: Path) -> list[Reader]:
    """The readers named in `heldout`, one id a line, with their recordings in `speech` (speakers.csv).

    Raises CorpusError when a file is missing or a reader is not in the folder.
    """
    try:
        names = heldout.read_text().split()
    except OSError as error:
        raise CorpusError(f"The list of held-out readers cannot be read: {heldout}.") from error
    rows = {row["speaker"]: row for row in _table(speech / "speakers.csv", ("speaker", "sex", "file"))}
    missing = [name for name in names if name not in rows]
    if missing or not names:
        raise CorpusError(
            f"{speech} has no recording of these held-out readers: {', '.join(missing) or '-'}."
        )
    return [Reader(name, SEXES[rows[name]["sex"]], speech / rows[name]["file"]) for name in names]


def kept_pairs(pairs: Path, split: Path) -> list[Pair]:
    """The pairs in the part "measure" of the split: of people whom the corpus' own pairing never saw.

    Raises CorpusError when a file is missing, or a person is in both parts.
    """
    rows = _table(split, ("pair", "person", "part"))
    kept = [row for row in rows if row["part"] == "measure"]
    both = {row["person"] for row in kept} & {row["person"] for row in rows if row["part"] == "map"}
    if both:
        raise CorpusError(f"{split} has people in both of its parts: {', '.join(sorted(both)[:3])} ...")
    found = [
        Pair(row["person"], pairs / "voices" / f"{row['pair']}.opus", pairs / "faces" / f"{row['pair']}.jpg")
        for row in kept
    ]
    absent = [pair for pair in found if not (pair.clip.is_file() and pair.picture.is_file())]
    if absent or not found:
        raise CorpusError(f"{pairs} lacks {len(absent)} of the {len(found)} pairs to measure on.")
    return found


def face_of(picture: Path) -> np.ndarray | None:
    """The aligned face np.uint8 [64, 64, 3] in a picture, or None where no frontal face is found."""
    try:
        with Image.open(picture) as file:
            image = np.asarray(file.convert("RGB"))
    except OSError as error:
        raise CorpusError(f"{picture} is not a picture that can be read.") from error
    for upsample in UPSAMPLINGS:
        boxes = detect_faces(image, upsample)
        if boxes:
            return align(image, five_points(landmarks68(image, boxes[0])))
    return None


def _table(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    try:
        with open(path, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        raise CorpusError(f"There is no table {path}; check the path.") from error
    if not rows or not set(columns) <= rows[0].keys():
        raise CorpusError(f"{path} needs the columns {', '.join(columns)}.")
    return rows
