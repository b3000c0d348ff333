"""The true pairs as `prepare demo` leaves them, in the folder beside its store, and what is learned from them.

A voice's looks are the face descriptor that v2f/data/demo/pairing.py predicts from its d-vectors, along the directions
in which the speakers of a store differ most.
"""

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
from v2f.data.demo.components import components
from v2f.data.demo.pairing import RIDGE_LOOKS, Ridge, speaker_means
from v2f.data.demo.places import place_directions
from v2f.data.demo.sources import pairs_part
from v2f.data.faceres import FaceRes
from v2f.data.landmarks import descriptor
from v2f.data.shards import read_rows
from v2f.errors import DAMAGED_ARRAY, CorpusError
from v2f.models import EncoderName

FEW_PIXELS = "ukmps/"  # portraits with fewer pixels than an aligned face of 128, which teach no detail
DIRECTIONS = 16  # together 95 % of the variance of what the map predicts for the demonstration corpus


@dataclass(frozen=True)
class PreparedPairs:
    """Voices and the faces they belong to, in one order."""

    person: np.ndarray  # str [n]; several pairs may be of one person
    speech: list[np.ndarray]  # int16 [samples] each, at 16 kHz
    dvectors: np.ndarray  # float32 [n, 448]
    descriptors: np.ndarray  # float32 [n, 128], dlib's
    faceres: np.ndarray  # float32 [n, 1024], FaceRes's
    faces: np.ndarray  # uint8 [n, size, size, 3]

    @classmethod
    def open(cls, folder: Path) -> "PreparedPairs":
        """The pairs of which both sides could be prepared; raises CorpusError where a part of the folder is missing."""
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


def looks(dvectors: np.ndarray, person: np.ndarray, seconds: np.ndarray, pairs: PreparedPairs) -> np.ndarray:
    """The looks of those who speak in recordings, float32 [recordings, 16], of mean 0 and variance 1.

    dvectors [recordings, 448], person int [recordings] and seconds of speech [recordings]. Of n speakers there are no
    more than n - 1 directions; speakers differ most in the first.
    """
    speaker = np.unique(person, return_inverse=True)[1]
    voices = speaker_means(np.asarray(dvectors), speaker, seconds)
    voices -= voices.mean(axis=0)  # a corpus and the pairs differ in their microphones
    predicted = voices @ Ridge.learn(pairs.dvectors, pairs.descriptors, RIDGE_LOOKS).weights
    directions = np.linalg.svd(predicted, full_matrices=False)[2][: min(DIRECTIONS, len(voices) - 1)]
    projected = predicted @ directions.T
    return (projected / projected.std(axis=0)).astype(np.float32)[speaker]


@dataclass(frozen=True)
class TrueLooks:
    """True pairs, and the folder of FaceRes: what a portrait generator's places are solved for with."""

    pairs: PreparedPairs
    faceres: Path

    def features(self, encoder: EncoderName) -> Iterator[Tensor]:
        """What a voice encoder takes of each pair's voice [bins, frames]."""
        for speech in self.pairs.speech:
            yield FRONT_ENDS[encoder].features(np.asarray(speech, np.float32) / FULL_SCALE)

    def composites(
        self, faces: np.ndarray, files: list[str], identities: np.ndarray, embeddings: np.ndarray, seed: int
    ) -> dict[str, np.ndarray]:
        """The arrays of a pack that a portrait generator starts from (v2f/training/pack.py), and which are `used`.

        Args:
            faces: portraits uint8 [n, size, size, 3], the pack's.
            files: of the portraits.
            identities: of the portraits, groups of look-alikes, int [n].
            embeddings: of the pairs' voices, [pairs, 64], unit length.
            seed: of the random places.
        """
        made = components(faces, identities, workers=os.cpu_count() or 1)
        looks = (self.pairs.descriptors, self.pairs.faceres)
        directions = place_directions(made, embeddings, looks, self._describe, seed)
        rows = np.flatnonzero(made.used)
        detailed = np.array([not files[row].startswith(FEW_PIXELS) for row in rows])
        return {
            "used": made.used,
            "textures": made.textures.astype(np.float16),
            "flows": made.flows.astype(np.float16),
            "directions": directions.astype(np.float32),
            "portraits": rows[detailed],
            "places": made.places[detailed],
            "own_flows": made.own_flows[detailed],
        }

    def _describe(self, faces: np.ndarray) -> tuple[np.ndarray, ...]:
        """Of faces uint8 [n, size, size, 3] dlib's descriptors [n, 128] and FaceRes's [n, 1024]."""
        by_dlib = Parallel(n_jobs=os.cpu_count() or 1)(delayed(descriptor)(face) for face in faces)
        return np.stack(by_dlib), FaceRes(self.faceres)(faces).descriptor
