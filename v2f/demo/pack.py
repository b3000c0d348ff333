"""The demonstration's training pack: the pack of v2f/training/pack.py and, besides, the basis of a portrait generator.

voice_weight     float32 [voices]: sampling weight of each voice; women and men count alike, and so do people
face_weight      float32 [faces]: sampling weight of each face, by how well the voices go with its identity
no_voice         float16 [sounds, 64]: embeddings of sounds that are not voices; see v2f/audio/non_speech.py
textures, flows  float16: the components of composite portraits; see components.py
directions       float32 [64, 64]: the matrix from a unit embedding to its place; see places.py
portraits        int64   [portraits]: which faces have detail to learn from
places           float32 [portraits, 64]: their places along the components
own_flows        float16 [portraits, 2, 64, 64]: their own shapes
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Self

import numpy as np

from v2f.data.store import FACE_TABLE, Store
from v2f.demo.components import components
from v2f.demo.looks import TrueLooks
from v2f.demo.places import Drawn, place_directions, portraits_of
from v2f.demo.sounds import features_of_sounds
from v2f.errors import CorpusError
from v2f.models import EncoderName, Runtime
from v2f.training.pack import Pack
from v2f.training.packing import Embed, Heard

FEW_PIXELS = "ukmps/"  # portraits with fewer pixels than an aligned face of 128, which teach no detail


@dataclass(frozen=True, kw_only=True)
class PortraitPack(Pack):
    """See this module's text for shapes."""

    voice_weight: np.ndarray
    face_weight: np.ndarray
    no_voice: np.ndarray
    textures: np.ndarray
    flows: np.ndarray
    directions: np.ndarray
    portraits: np.ndarray
    places: np.ndarray
    own_flows: np.ndarray

    @classmethod
    def open(cls, path: str | Path, limit: float = inf) -> Self:
        """Read a pack; raises CorpusError, also for a pack without composite portraits."""
        Pack.open(path, limit)  # whose sentences are about what both have
        try:
            return super().open(path, limit)
        except CorpusError as error:
            raise CorpusError(
                f"{path} holds no composite portraits; make it with `v2f train pack --pairs`."
            ) from error


@dataclass(frozen=True)
class Composites:
    """Makes the arrays that `PortraitPack` adds to `Pack`; `seed` is that of random places and of sounds."""

    looks: TrueLooks
    seed: int = 0

    def check(self, store: Store) -> None:
        """Raise CorpusError if the store has no soft pairing of voices and identities."""
        if store.pairing is None:
            raise CorpusError(
                f"{store.folder} has no soft pairing of voices and faces, which composite portraits need; "
                "make it with `v2f prepare demo`, or leave --pairs and --faceres out."
            )

    def arrays(
        self, heard: Heard, encoder: EncoderName, embed: Embed, pack: Mapping[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        """The further arrays, given those that every pack has."""
        store, files = heard.store, heard.store.files(FACE_TABLE)
        embeddings = np.concatenate([embed(inputs[None]) for inputs in self.looks.features(encoder)])
        arrays = self.composites(
            pack["faces"],
            [files[row] for row in np.flatnonzero(store.face_identity >= 0)],
            pack["face_identity"],
            embeddings,
        )
        used = arrays.pop("used")
        sounds = features_of_sounds(store, heard.rows, encoder, self.seed, Runtime.choose().device)
        arrays["no_voice"] = np.concatenate([embed(inputs) for inputs in sounds]).astype(np.float16)
        assert store.pairing is not None
        person = store.voices["person"][heard.rows]
        return arrays | weights(
            store.pairing[heard.rows], person, pack["voice_female"], pack["face_identity"], used
        )

    def composites(
        self, faces: np.ndarray, files: list[str], identities: np.ndarray, embeddings: np.ndarray
    ) -> dict[str, np.ndarray]:
        """The arrays that come from composite portraits; `used`, bool [n], tells which faces went into them.

        Args:
            faces: portraits uint8 [n, size, size, 3].
            files: their files.
            identities: their groups of look-alikes, int [n].
            embeddings: unit embeddings of the pairs' voices, [pairs, 64].
        """
        made = components(faces, identities, workers=os.cpu_count() or 1)
        drawn = Drawn.at_random(portraits_of(made), self.looks.describe, self.seed)
        directions = place_directions(drawn, embeddings, self.looks.pairs.looks)
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


def weights(
    pairing: np.ndarray, person: np.ndarray, female: np.ndarray, group: np.ndarray, counts: np.ndarray
) -> dict[str, np.ndarray]:
    """The sampling weights of voices and of faces.

    Args:
        pairing: how well each voice goes with each group of faces, [voices, groups].
        person: the speaker of each voice, int [voices].
        female: whether the speaker is a woman, bool [voices].
        group: the group of each face, int [faces].
        counts: which faces may be sampled, bool [faces]; in a group without any, all may.
    """
    voice_weight = 1.0 / np.bincount(person)[person]
    for of in (female, ~female):
        voice_weight[of] *= 0.5 / max(1e-9, voice_weight[of].sum())
    wanted = voice_weight @ pairing.astype(np.float64)  # [groups]
    counts = counts | (np.bincount(group, counts)[group] == 0)
    face_weight = counts * (wanted / np.maximum(1, np.bincount(group, counts)))[group]
    return {
        "voice_weight": voice_weight.astype(np.float32),
        "face_weight": face_weight.astype(np.float32),
    }
