"""The true pairs as `prepare demo` leaves them, in the folder beside its store, and the looks they predict of voices.

A voice's looks are the face descriptor that v2f/data/demo/pairing.py predicts from its d-vectors, along the directions
in which the speakers of a store differ most.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from v2f.data import store
from v2f.data.demo.sources import pairs_part
from v2f.data.shards import read_rows
from v2f.errors import DAMAGED_ARRAY, CorpusError

DIRECTIONS = 16  # together 95 % of the variance of what the map predicts for the demonstration corpus


@dataclass(frozen=True)
class PreparedPairs:
    """Voices and the faces they belong to, in one order."""

    person: np.ndarray  # str [n]; several pairs may be of one person
    speech: list[np.ndarray]  # int16 [samples] each, at 16 kHz
    dvectors: np.ndarray  # float32 [n, 512]
    descriptors: np.ndarray  # float32 [n, 128]
    faces: np.ndarray  # uint8 [n, 64, 64, 3]

    @classmethod
    def open(cls, folder: Path) -> "PreparedPairs":
        """The pairs of which both sides could be prepared; raises CorpusError where a part of the folder is missing."""
        try:
            voices = read_rows(folder / "voices.rows.csv", store.VoiceRow)
            faces = read_rows(folder / "faces.rows.csv", store.FaceRow)
            speech, dvectors, descriptors, pictures = (
                np.load(folder / name, mmap_mode="r")
                for name in (store.SPEECH, store.DVECTORS, store.DESCRIPTORS, store.FACES)
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
            np.asarray(pictures[face]),
        )


def looks(dvectors: np.ndarray, person: np.ndarray, seconds: np.ndarray, pairs: PreparedPairs) -> np.ndarray:
    """The looks of those who speak in recordings, float32 [recordings, 16], of mean 0 and variance 1.

    dvectors [recordings, 512], person int [recordings] and seconds of speech [recordings]. Of n speakers there are no
    more than n - 1 directions; speakers differ most in the first.
    """
    speaker = np.unique(person, return_inverse=True)[1]
    voices = speaker_means(np.asarray(dvectors), speaker, seconds)
    voices -= voices.mean(axis=0)  # a corpus and the pairs differ in their microphones
    predicted = voices @ Ridge.learn(pairs.dvectors, pairs.descriptors, RIDGE_LOOKS).weights
    directions = np.linalg.svd(predicted, full_matrices=False)[2][: min(DIRECTIONS, len(voices) - 1)]
    projected = predicted @ directions.T
    return (projected / projected.std(axis=0)).astype(np.float32)[speaker]
