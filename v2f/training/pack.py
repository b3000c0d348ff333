"""The training pack: all that stage two reads but the encoder, in one .npz file small enough to carry about.

    faces            uint8   [faces, size, size, 3]  face_identity    int32 [faces]
    embeddings       float16 [voices, crops, 64]     voice_identity   int32 [voices]
    voice_female     bool    [voices]                hashes           str [2]: of the store, of the encoder
    people           str     [people]: everybody whose voice or face it, or the encoder, was made of

A voice is a recording. The encoder is frozen in stage two, so the embeddings of many crops are computed once. Paper: a
fresh crop at every draw; here: one of `crops` made beforehand, half of them augmented, because then stage two needs no
audio. A store whose voices are softly paired with look-alikes gives more:

    pairing          float16 [voices, identities]: how well each voice goes with each identity; a row sums to 1
    voice_weight     float32 [voices]: how often each is sampled, so that women speak as often as men, and people alike
    face_weight      float32 [faces]: how often each is sampled, so that identities are seen as often as voices ask
    textures, flows  composite portraits of the identities; see v2f/data/demo/composites.py
    no_voice         float16 [sounds, 64]: embeddings of sounds that are no voice; see v2f/audio/non_speech.py

With true pairs of voice and face there is, instead of the identities' textures and flows, what a portrait generator
starts from:

    textures, flows  float16: the components of composite portraits; see v2f/data/demo/components.py
    directions       float32 [64, 64]: from a unit embedding to its place along them; see v2f/data/demo/places.py
    portraits        int64   [portraits]: the faces whose own pictures are detailed
    places           float32 [portraits, 64], own_flows float16 [portraits, 2, 64, 64]: where they lie among the
                     components, and their own shapes
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from v2f.errors import DAMAGED_ARRAY, CorpusError
from v2f.models import Encoder, Runtime, file_hash, load_networks, people_trained_on, unit
from v2f.models.networks import EMBEDDING_SIZE
from v2f.models.pixels import shrink

if TYPE_CHECKING:
    from v2f.data.demo.looks import TrueLooks
    from v2f.data.store import Store


@dataclass(frozen=True)
class Pack:
    """A training pack in memory; see this module's text for shapes."""

    faces: np.ndarray
    face_identity: np.ndarray
    embeddings: np.ndarray
    voice_identity: np.ndarray
    voice_female: np.ndarray
    people: np.ndarray
    hashes: tuple[str, str]
    pairing: np.ndarray | None = None
    voice_weight: np.ndarray | None = None
    face_weight: np.ndarray | None = None
    textures: np.ndarray | None = None
    flows: np.ndarray | None = None
    no_voice: np.ndarray | None = None
    directions: np.ndarray | None = None
    portraits: np.ndarray | None = None
    places: np.ndarray | None = None
    own_flows: np.ndarray | None = None

    @classmethod
    def open(cls, path: str | Path) -> "Pack":
        """Read a pack; raises CorpusError when it is missing, damaged, or its parts do not fit together."""
        try:
            with np.load(path, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            store, encoder = (str(value) for value in arrays.pop("hashes"))
            pack = cls(**arrays, hashes=(store, encoder))
        except DAMAGED_ARRAY as error:
            raise CorpusError(f"{path} is not a training pack, or it is damaged.") from error
        voices = {len(pack.embeddings), len(pack.voice_identity), len(pack.voice_female)}
        if len(voices) > 1 or len(pack.faces) != len(pack.face_identity):
            raise CorpusError(f"{path} is damaged: its parts differ in length.")
        lonely = set(pack.voice_identity.tolist()) - set(pack.face_identity.tolist())
        if lonely or not len(pack.faces):
            raise CorpusError(f"{path} holds {len(lonely)} identities with a voice and no face.")
        return pack

    @property
    def identities(self) -> int:
        """The number of identities; labels run from 0 to one less."""
        return 1 + int(self.face_identity.max())


def make_pack(
    store_folder: Path,
    encoder_path: Path,
    out: Path,
    crops: int,
    seed: int = 0,
    size: int | None = None,
    looks: "TrueLooks | None" = None,
) -> Path:
    """Embed `crops` seeded crops of every voice with an identity and write the pack, atomically.

    Its faces have the store's size, or are shrunk to `size` pixels a side by area averaging. With `looks`, the true
    pairs of voice and face, also what a portrait generator starts from.
    """
    # here, so that stage two runs where no audio package is installed
    from v2f.data.store import FACE_TABLE, Store, store_hash
    from v2f.training.crops import features_of_crops, features_of_sounds

    store = Store.open(store_folder)
    size = size or store.faces.shape[1]
    _check_size(store, size, looks is None)
    networks, config, provenance = load_networks(encoder_path)
    encoder = networks.get("encoder")
    if not isinstance(encoder, Encoder):
        raise CorpusError(f"{encoder_path} holds no voice encoder.")
    encoder_people = people_trained_on(provenance)
    if encoder_people is None:
        raise CorpusError(
            f"{encoder_path} does not tell whom it was trained on; make it by `v2f train speaker` or `fused`."
        )
    runtime = Runtime.choose()
    encoder = runtime.place(encoder.eval())
    voices = np.flatnonzero(store.voice_identity >= 0)

    def embed(features: torch.Tensor) -> np.ndarray:
        with torch.no_grad(), runtime.autocast():
            embedding: np.ndarray = unit(encoder(features).float()).cpu().numpy()
        return embedding

    embeddings = np.empty((len(voices), crops, EMBEDDING_SIZE), dtype=np.float16)
    for some, crop, features in features_of_crops(store, voices, config.encoder, crops, seed, runtime.device):
        embeddings[some, crop] = embed(features)
    seen = np.flatnonzero(store.face_identity >= 0)
    used = np.union1d(store.voices["person"][voices], store.face_person[seen])
    people = sorted({*encoder_people, *(store.people[person].name for person in used)})
    female_identity = np.zeros(store.identities, dtype=bool)  # for voices whose own gender is not known
    for person in store.face_person[seen]:
        female_identity[store.people[person].identity] = store.people[person].gender == "female"
    genders = np.array([store.person_of(voice).gender for voice in voices.tolist()])
    female = np.where(genders == "", female_identity[store.voice_identity[voices]], genders == "female")
    arrays = {
        "faces": shrink(store.faces[seen], size),
        "face_identity": store.face_identity[seen].astype(np.int32),
        "embeddings": embeddings,
        "voice_identity": store.voice_identity[voices].astype(np.int32),
        "voice_female": female,
        "people": np.array(people),
        "hashes": np.array([store_hash(store_folder), file_hash(encoder_path)]),
    }
    if store.pairing is not None:
        from v2f.data.demo.composites import composites

        group = store.face_identity[seen]
        if looks is None:
            textures, flows, counts = composites(arrays["faces"], group, workers=os.cpu_count() or 1)
            arrays |= {"textures": textures, "flows": flows}
        else:
            files = store.files(FACE_TABLE)
            voices_of_pairs = [
                embed(features[None].to(runtime.device)) for features in looks.features(config.encoder)
            ]
            arrays |= looks.composites(
                arrays["faces"], [files[row] for row in seen], group, np.concatenate(voices_of_pairs), seed
            )
            counts = arrays.pop("used")
        arrays |= _weights(store, voices, group, counts, female)
        sounds = features_of_sounds(store, voices, config.encoder, seed, runtime.device)
        arrays["no_voice"] = np.concatenate([embed(features) for features in sounds]).astype(np.float16)
    partial = out.with_suffix(".part")
    out.parent.mkdir(parents=True, exist_ok=True)
    with partial.open("wb") as file:
        np.savez(file, **arrays)
    partial.replace(out)
    return out


def _check_size(store: "Store", size: int, composites: bool) -> None:
    """Raise CorpusError where faces of so many pixels a side cannot be made of the store's."""
    height, width = store.faces.shape[1:3]
    if size > min(height, width):
        raise CorpusError(
            f"{store.folder} holds faces of {height}x{width} pixels, too few for --size {size}."
        )
    if composites and store.pairing is not None:
        from v2f.data.demo.composites import SIZE

        if size != SIZE:
            raise CorpusError(f"Composite portraits are made of {SIZE}x{SIZE} pixels; add --size {SIZE}.")


def _weights(
    store: "Store", voices: np.ndarray, group: np.ndarray, counts: np.ndarray, female: np.ndarray
) -> dict[str, np.ndarray]:
    """The soft pairing of a store's rows `voices`, and how often these, and faces of groups [faces], are sampled.

    counts: which faces are, bool [faces]; a group of which none counts is seen whole.
    """
    assert store.pairing is not None
    pairing = np.asarray(store.pairing[voices], dtype=np.float64)
    person = store.voices["person"][voices]
    voice_weight = 1.0 / np.bincount(person)[person]
    for of in (female, ~female):
        voice_weight[of] *= 0.5 / max(1e-9, voice_weight[of].sum())
    wanted = voice_weight @ pairing  # [identities]
    counts = counts | (np.bincount(group, counts)[group] == 0)
    face_weight = counts * (wanted / np.maximum(1, np.bincount(group, counts)))[group]
    return {
        "pairing": pairing.astype(np.float16),
        "voice_weight": voice_weight.astype(np.float32),
        "face_weight": face_weight.astype(np.float32),
    }
