"""A corpus store: a folder that training, evaluation and other programs read through memory maps.

    people.csv    name, gender, nationality, split, identity, age                one row a person
    voices.csv    file, person, gender, nationality, split, identity, seconds, start, length, sha256, age
    voices.npy    int64 [recordings, 3]: start and length of its speech, and its person's row in people.csv
    speech.npy    int16 [samples], 16 kHz: the speech of all recordings, one after another, each at one level
    faces.csv     file, person, gender, nationality, split, identity, sha256, age
    faces.npy     uint8 [faces, size, size, 3], RGB
    face_person.npy   int64 [faces]: each face's person, as a row of people.csv
    rejected.csv      file, reason                                           one row a file that was left out
    split.json        the rule and the seed of the split, by which those who join are split

`split` is train, validation or test, and empty for people in none. `identity` numbers the people of the training
split of whom there are voices and faces, from 0, and is -1 for all others. Features are computed when they are needed,
by the front end of the encoder that listens (v2f/audio/front_ends.py).

A store of the demonstration corpus also holds:

    dvectors.npy      float32 [recordings, 448]: two public speaker embeddings side by side, each of unit length
    descriptors.npy   float32 [faces, 128], dlib's
    faceres.npy       float32 [faces, 1024], FaceRes's; of true pairs
    pairing.npy       float16 [recordings, identities]: how well each voice goes with each identity; a row sums to 1,
                      and is zero for a voice without a face

Its identities are groups of look-alikes, and `identity` of a voice is the one it goes with best.

Other programs need NumPy alone:

    voices, speech = np.load("voices.npy", mmap_mode="r"), np.load("speech.npy", mmap_mode="r")
    start, length, person = voices[7]
    speech[start : start + length] / 32768   # [samples]
"""

import csv
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from v2f.audio import FULL_SCALE
from v2f.data.shards import Rejected, read_rows, write_array, write_rows, write_table
from v2f.data.sources import Person
from v2f.errors import DAMAGED_ARRAY, CorpusError
from v2f.models.networks import GENDERS

PEOPLE = "people.csv"
VOICES, VOICE_TABLE = "voices.npy", "voices.csv"
SPEECH, DVECTORS, PAIRING = "speech.npy", "dvectors.npy", "pairing.npy"
FACES, FACE_PERSON, FACE_TABLE, DESCRIPTORS = "faces.npy", "face_person.npy", "faces.csv", "descriptors.npy"
FACERES = "faceres.npy"
# A row of voices.npy: where the recording's speech starts, how long it is, and its person's row in people.csv.
VOICE = np.dtype([("start", "<i8"), ("length", "<i8"), ("person", "<i8")])


@dataclass(frozen=True)
class SourceRow:
    """A file and whose it is."""

    file: str
    person: str
    aliases: str  # other names of the person, divided by |
    gender: str
    nationality: str


@dataclass(frozen=True)
class VoiceRow(SourceRow):
    """A recording as it was prepared, in voices.rows.csv."""

    seconds: float  # of speech
    length: int  # samples of it in SPEECH
    sha256: str  # of the recording's file
    age: str = ""  # as of Person


@dataclass(frozen=True)
class FaceRow(SourceRow):
    """A face as it was prepared, in faces.rows.csv."""

    sha256: str


@dataclass(frozen=True)
class Store:
    """An opened store; its arrays are memory maps."""

    folder: Path
    people: list[Person]
    voices: np.ndarray  # VOICE [recordings]
    speech: np.ndarray  # int16 [samples], 16 kHz
    faces: np.ndarray  # uint8 [faces, size, size, 3]
    face_person: np.ndarray  # int64 [faces]

    @classmethod
    def open(cls, folder: str | Path) -> "Store":
        """Open a store in milliseconds, at any size; raises CorpusError when a part is missing or does not fit."""
        folder = Path(folder)
        try:
            store = cls(
                folder,
                read_rows(folder / PEOPLE, Person),
                _map(folder / VOICES).view(VOICE)[:, 0],
                _map(folder / SPEECH),
                _map(folder / FACES),
                _map(folder / FACE_PERSON),
            )
        except DAMAGED_ARRAY as error:
            reason = str(error).splitlines()[0].rstrip(".")
            raise CorpusError(f"{folder} is not a complete corpus store: {reason}.") from error
        if not store._fits():
            raise CorpusError(f"{folder} is not a complete corpus store: its parts do not fit together.")
        return store

    def _fits(self) -> bool:
        """Whether recordings fill the speech one after another, and everything is of somebody in the table."""
        starts, ends = self.voices["start"], self.voices["start"] + self.voices["length"]
        in_order = np.array_equal(starts, np.concatenate([[0], ends])[: len(starts)])
        persons = np.concatenate([self.voices["person"], self.face_person])
        known = ((persons >= 0) & (persons < len(self.people))).all()
        filled = (ends[-1] if len(ends) else 0) == len(self.speech)
        return bool(in_order and known and filled and len(self.faces) == len(self.face_person))

    @property
    def identities(self) -> int:
        """The number of training identities; labels run from 0 to one less."""
        return 1 + max((person.identity for person in self.people), default=-1)

    @property
    def voice_identity(self) -> np.ndarray:
        """The identity of each recording, int64 [recordings]; -1 for none."""
        return self._identity_of_person[self.voices["person"]]

    @property
    def face_identity(self) -> np.ndarray:
        """The identity of each face, int64 [faces]; -1 for none."""
        return self._identity_of_person[self.face_person]

    @property
    def genders(self) -> np.ndarray:
        """Each person's gender as an index of GENDERS, int64 [people]; -1 where it is unknown."""
        places = {gender: place for place, gender in enumerate(GENDERS)}
        return np.array([places.get(person.gender, -1) for person in self.people], dtype=np.int64)

    def voices_in(self, split: str) -> np.ndarray:
        """The recordings of people in a split, int64 [n]."""
        return np.flatnonzero(self._in_split(split)[self.voices["person"]])

    def faces_in(self, split: str) -> np.ndarray:
        """The faces of people in a split, int64 [n]."""
        return np.flatnonzero(self._in_split(split)[self.face_person])

    def person_of(self, voice: int) -> Person:
        """The speaker of a recording."""
        return self.people[self.voices["person"][voice]]

    def waveform(self, voice: int, part: slice = slice(None)) -> np.ndarray:
        """The speech of one recording, or a part of its samples -> float32 [samples], 16 kHz, in [-1, 1]."""
        start, length = self.voices[voice]["start"], self.voices[voice]["length"]
        return self.speech[start : start + length][part].astype(np.float32) / FULL_SCALE

    def files(self, table: str) -> list[str]:
        """The files of all recordings (VOICE_TABLE) or faces (FACE_TABLE), in their order."""
        with open(self.folder / table, newline="", encoding="utf-8") as file:
            return [row["file"] for row in csv.DictReader(file)]

    @property
    def dvectors(self) -> np.ndarray | None:
        """Two public speaker embeddings of each recording, float32 [recordings, 448]; None without."""
        return self._optional(DVECTORS)

    @property
    def pairing(self) -> np.ndarray | None:
        """How well each voice goes with each identity, float16 [recordings, identities]; None without."""
        return self._optional(PAIRING)

    @property
    def _identity_of_person(self) -> np.ndarray:
        return np.array([person.identity for person in self.people], dtype=np.int64)

    def _optional(self, name: str) -> np.ndarray | None:
        return _map(self.folder / name) if (self.folder / name).exists() else None

    def _in_split(self, split: str) -> np.ndarray:
        return np.array([person.split == split for person in self.people], dtype=bool)


def write_people(
    folder: Path,
    people: Sequence[Person],
    voices: Sequence[VoiceRow],
    voice_person: Sequence[int],
    faces: Sequence[FaceRow],
    face_person: Sequence[int],
) -> None:
    """Write the tables of people, recordings, faces and rejected files, which complete a store of prepared sides.

    A side that is not there gets an empty array.

    Args:
        voice_person, face_person: the index in `people` of each recording's, and each face's, person.
    """
    if not voices:
        write_array(folder / SPEECH, np.zeros(0, np.int16))
    if not faces:
        write_array(folder / FACES, np.zeros((0, 64, 64, 3), np.uint8))
    kinds = [(side, kind) for side in ("voices", "faces") for kind in ("rejected", "left_out")]
    rejected = [row for side, kind in kinds for row in rows_of(folder, side, Rejected, kind)]
    write_rows(folder / "rejected.csv", Rejected, rejected)

    def details(i: int) -> tuple[str, str, str, str, int]:
        person = people[i]
        return person.name, person.gender, person.nationality, person.split, person.identity

    columns = ("file", "person", "gender", "nationality", "split", "identity")
    starts = np.cumsum([0, *(row.length for row in voices)])[:-1].tolist()
    sounds = [(start, row.length, i) for start, row, i in zip(starts, voices, voice_person, strict=True)]
    voice_lines = [
        (row.file, *details(i), row.seconds, start, length, row.sha256, people[i].age)
        for row, (start, length, i) in zip(voices, sounds, strict=True)
    ]
    face_lines = [
        (row.file, *details(i), row.sha256, people[i].age) for row, i in zip(faces, face_person, strict=True)
    ]
    write_table(
        folder / VOICE_TABLE, [(*columns, "seconds", "start", "length", "sha256", "age"), *voice_lines]
    )
    write_table(folder / FACE_TABLE, [(*columns, "sha256", "age"), *face_lines])
    write_rows(folder / PEOPLE, Person, people)
    write_array(folder / FACE_PERSON, np.array(face_person, dtype=np.int64))
    write_array(folder / VOICES, np.array(sounds, dtype=np.int64).reshape(-1, 3))


def rows_of(folder: Path, side: str, row_type: type, kind: str = "rows") -> list:
    """The rows of a side, prepared or rejected; none where the store does not have it."""
    path = folder / f"{side}.{kind}.csv"
    return read_rows(path, row_type) if path.exists() else []


def splits_of_files(folder: Path) -> dict[tuple[str, str], str]:
    """The split of each file's person, by side and file; none in a folder that is no store yet."""
    splits: dict[tuple[str, str], str] = {}
    for side, table in (("voices", VOICE_TABLE), ("faces", FACE_TABLE)):
        if (folder / table).exists():
            with (folder / table).open(newline="", encoding="utf-8") as file:
                splits |= {(side, row["file"]): row["split"] for row in csv.DictReader(file)}
    return splits


def store_hash(folder: str | Path) -> str:
    """sha256 over the store's tables of people, recordings and faces, and its pairing."""
    digest = hashlib.sha256()
    for name in (PEOPLE, VOICE_TABLE, FACE_TABLE, PAIRING):
        if name != PAIRING or (Path(folder) / name).exists():
            digest.update((Path(folder) / name).read_bytes())
    return digest.hexdigest()


def _map(path: Path) -> np.ndarray:
    return np.load(path, mmap_mode="r")
