"""The true pairs, read from the folder that `v2f prepare demo` leaves beside its store."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from torch import Tensor

from v2f.audio import FULL_SCALE
from v2f.audio.front_ends import FRONT_ENDS
from v2f.data import store
from v2f.data.faceres import FaceRes
from v2f.data.landmarks import descriptor, require_dlib
from v2f.data.shards import read_rows
from v2f.demo.sources import pairs_part
from v2f.errors import DAMAGED_ARRAY, CorpusError
from v2f.models import EncoderName


@dataclass(frozen=True)
class PreparedPairs:
    """Voices and the faces they belong to, in the same order."""

    person: np.ndarray  # str [n]; several pairs may be of one person
    speech: list[np.ndarray]  # int16 [samples] each, at 16 kHz
    dvectors: np.ndarray  # float32 [n, 448]
    descriptors: np.ndarray  # float32 [n, 128], dlib's
    faceres: np.ndarray  # float32 [n, 1024], FaceRes's
    faces: np.ndarray  # uint8 [n, size, size, 3]

    @property
    def looks(self) -> tuple[np.ndarray, np.ndarray]:
        """The faces' descriptors from dlib and from FaceRes."""
        return self.descriptors, self.faceres

    @classmethod
    def open(cls, folder: Path) -> "PreparedPairs":
        """Read the pairs of which both sides could be prepared; raises CorpusError where a file is missing."""
        try:
            voices = read_rows(folder / "voices.rows.csv", store.VoiceRow)
            faces = read_rows(folder / "faces.rows.csv", store.FaceRow)
            speech, dvectors, descriptors, faceres, pictures = (
                np.load(folder / name, mmap_mode="r")
                for name in (store.SPEECH, store.DVECTORS, store.DESCRIPTORS, store.FACERES, store.FACES)
            )
        except DAMAGED_ARRAY as error:
            raise CorpusError(
                f"{folder} does not hold the prepared true pairs, which `v2f prepare demo` leaves "
                "beside its store."
            ) from error
        face_of = {row.file: i for i, row in enumerate(faces)}
        voice = [i for i, row in enumerate(voices) if row.file in face_of]
        face = [face_of[voices[i].file] for i in voice]
        person = {row["pair"]: row["person"] for row in pairs_part("map")}
        ends = np.cumsum([0, *(row.length for row in voices)])
        return cls(
            np.array([person.get(voices[i].file, voices[i].person) for i in voice]),
            [speech[ends[i] : ends[i + 1]] for i in voice],
            np.asarray(dvectors[voice]),
            np.asarray(descriptors[face]),
            np.asarray(faceres[face]),
            np.asarray(pictures[face]),
        )


@dataclass(frozen=True)
class TrueLooks:
    """True pairs and the two networks that describe faces, from which a portrait generator's places are solved for.

    The first network is dlib's; raises V2FError if dlib is not installed.
    """

    pairs: PreparedPairs
    faceres: FaceRes

    def __post_init__(self) -> None:
        require_dlib()

    def features(self, encoder: EncoderName) -> Iterator[Tensor]:
        """The features of each pair's voice for a voice encoder, [bins, frames]."""
        for speech in self.pairs.speech:
            yield FRONT_ENDS[encoder].features(np.asarray(speech, np.float32) / FULL_SCALE)

    def describe(self, faces: np.ndarray) -> tuple[np.ndarray, ...]:
        """Descriptors of faces uint8 [n, size, size, 3]: dlib's [n, 128] and FaceRes's [n, 1024]."""
        by_dlib = Parallel(n_jobs=os.cpu_count() or 1)(delayed(descriptor)(face) for face in faces)
        return np.stack(by_dlib), self.faceres(faces).descriptor
