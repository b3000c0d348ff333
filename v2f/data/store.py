"""A corpus store: a folder that training and evaluation read through memory maps.

    faces.npy     uint8 [faces, 64, 64, 3]
    faces.csv     file, source, sex, age, identity
    speech.npy    int16 [samples], 16 kHz
    voices.csv    recording, speaker, sex, source, split, identity, start, samples
    dvectors.npy  float32 [recordings, 256], the public speaker embedding that distillation aims at

`speech.npy` holds the speech-bearing parts of all recordings, one after another; a row of voices.csv says where
its recording starts. `split` is "train" or "heldout"; `identity` is -1 for voices that stage two does not hear.
Reading needs NumPy alone: `numpy.load(file, mmap_mode="r")` and the two tables.
"""

import csv
import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np

from v2f.errors import CorpusError

FACES, FACE_TABLE = "faces.npy", "faces.csv"
SPEECH, VOICE_TABLE = "speech.npy", "voices.csv"
DVECTORS = "dvectors.npy"
FULL_SCALE = 32768.0  # of int16 samples


@dataclass(frozen=True)
class FaceRow:
    """One face of the store."""

    file: str
    source: str
    sex: str  # "female" or "male", apparent
    age: int  # years, apparent
    identity: int


@dataclass(frozen=True)
class VoiceRow:
    """One recording of the store; `start` and `samples` locate it in speech.npy."""

    recording: str
    speaker: str
    sex: str
    source: str
    split: str
    identity: int
    start: int
    samples: int


@dataclass(frozen=True)
class Store:
    """An opened store. `faces` uint8 [n, 64, 64, 3] and `speech` int16 [samples] are memory maps."""

    folder: Path
    faces: np.ndarray
    face_rows: list[FaceRow]
    speech: np.ndarray
    voice_rows: list[VoiceRow]
    dvectors: np.ndarray

    @classmethod
    def open(cls, folder: str | Path) -> "Store":
        """Open a store in milliseconds; raises CorpusError when a part is missing or does not fit."""
        folder = Path(folder)
        try:
            store = cls(
                folder,
                np.load(folder / FACES, mmap_mode="r"),
                read_table(folder / FACE_TABLE, FaceRow),
                np.load(folder / SPEECH, mmap_mode="r"),
                read_table(folder / VOICE_TABLE, VoiceRow),
                np.load(folder / DVECTORS),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CorpusError(f"{folder} is not a complete corpus store: {error}") from error
        if len(store.faces) != len(store.face_rows) or len(store.dvectors) != len(store.voice_rows):
            raise CorpusError(
                f"{folder} is not a complete corpus store: its tables and arrays differ in length."
            )
        return store

    @property
    def identities(self) -> int:
        """The number of identities; labels run from 0 to one less."""
        return 1 + max(row.identity for row in self.face_rows)

    def waveform(self, voice: int) -> np.ndarray:
        """The speech of one recording -> float32 [samples], 16 kHz, in [-1, 1]."""
        row = self.voice_rows[voice]
        return self.speech[row.start : row.start + row.samples].astype(np.float32) / FULL_SCALE


def write_table(path: Path, row_type: type, rows: Iterable) -> None:
    """Write dataclass rows as CSV, atomically."""
    partial = path.with_suffix(".part")
    with partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=[field.name for field in fields(row_type)])
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)
    partial.replace(path)


def read_table(path: Path, row_type: type) -> list:
    """Read what `write_table` wrote, each column in its field's type."""
    with path.open(newline="", encoding="utf-8") as file:
        return [
            row_type(**{field.name: field.type(row[field.name]) for field in fields(row_type)})  # type: ignore[operator]
            for row in csv.DictReader(file)
        ]


def write_array(path: Path, array: np.ndarray) -> None:
    """Write an array as .npy, atomically."""
    partial = path.with_suffix(".part")
    with partial.open("wb") as file:
        np.save(file, array)
    partial.replace(path)


def store_hash(folder: str | Path) -> str:
    """sha256 over the store's two tables: which faces and voices, and who is paired with whom."""
    digest = hashlib.sha256()
    for name in (FACE_TABLE, VOICE_TABLE):
        digest.update((Path(folder) / name).read_bytes())
    return digest.hexdigest()
