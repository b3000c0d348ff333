"""Making a training pack (pack.py): the embeddings of many crops of every voice, with the faces.

    make_pack(Path("store"), Path("encoder.safetensors"), Path("pack.npz"), crops=48)

Embeddings take hours for a large corpus. They are kept beside the pack until it is whole, in a folder of its name with
`.part`, and whoever is stopped goes on there.
"""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from math import inf
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.lib.format import open_memmap

from v2f.audio.front_ends import FRONT_ENDS
from v2f.data.recordings import digest_after, frames_of, in_turn, shares_by_digest, trained_shares
from v2f.data.shards import write_atomically
from v2f.data.sources import Found
from v2f.data.splits import trained_on
from v2f.data.store import Store, store_hash
from v2f.errors import CorpusError
from v2f.models import Encoder, EncoderName, NetworkConfig, Runtime, load_networks, unit
from v2f.models.networks import EMBEDDING_SIZE
from v2f.models.pixels import shrink
from v2f.models.weights import digest_of
from v2f.training.crops import VoiceCrops, features_of_crops
from v2f.training.features import Features
from v2f.training.presets import PRESETS, CropConfig
from v2f.training.settings import SETTINGS, recorded

MOST_VALIDATED = 1000  # recordings, and faces, of validation people: a measurement takes seconds
FACES_AT_ONCE = 4096


Embed = Callable[[torch.Tensor], np.ndarray]  # what an encoder takes -> unit embeddings float32 [n, 64]


class Heard(Protocol):
    """Recordings that a pack is made of, with the people and the faces of a store.

    Attributes:
        store: whose people have recordings, rows of its `voices`.
        rows: which of them are trained on, int64 [n].
        held_out: the digest of those that were kept out of training whole.
        hash: by which a pack names where it is from.
    """

    store: Store
    rows: np.ndarray
    held_out: str
    hash: str

    def crops(
        self, crops: int, config: CropConfig, done: int
    ) -> Iterator[tuple[np.ndarray, int, torch.Tensor]]:
        """What the encoder takes of crops of `rows`, as `features_of_crops` gives it."""

    def whole(self, voice: int) -> torch.Tensor:
        """What the encoder takes of a whole recording [bins, frames]."""


class Further(Protocol):
    """Makes further arrays of a pack, for a stage two other than Algorithm 1."""

    def check(self, store: Store) -> None:
        """Raise CorpusError if they cannot be made from this store; called before any voice is embedded."""

    def arrays(
        self, heard: Heard, encoder: EncoderName, embed: Embed, pack: Mapping[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        """The further arrays, given those that every pack has."""


class Recordings:
    """The recordings of a store, heard by an encoder."""

    def __init__(
        self, folder: Path, networks: NetworkConfig, provenance: Mapping[str, str], seed: int, limit: float
    ) -> None:
        """`networks` and `provenance` are the encoder's; speech of more than `limit` bytes stays on the disk."""
        self.store, self.encoder, self.seed, self.limit = Store.open(folder), networks.encoder, seed, limit
        self.hash, self.held_out = store_hash(folder), digest_after(self.store, provenance)
        known = shares_by_digest(self.store, self.held_out)
        self.shares = trained_shares(self.store) if known is None else known
        self.rows = np.flatnonzero((self.store.voice_identity >= 0) & (self.shares > 0))

    def crops(
        self, crops: int, config: CropConfig, done: int
    ) -> Iterator[tuple[np.ndarray, int, torch.Tensor]]:
        device = Runtime.choose().device
        crops_of = VoiceCrops(self.store, self.rows, self.seed, device, self.shares, self.limit)
        return features_of_crops(crops_of, self.encoder, crops, config, done)

    def whole(self, voice: int) -> torch.Tensor:
        return FRONT_ENDS[self.encoder].normalise(frames_of(self.store, voice, encoder=self.encoder))


def make_pack(
    store_folder: Path,
    encoder_path: Path,
    out: Path,
    crops: int,
    seed: int = 0,
    size: int | None = None,
    further: Further | None = None,
    config: CropConfig = PRESETS["small-data"].pack,  # noqa: B008, frozen
    limit: float = inf,
    features: Found | None = None,
) -> Path:
    """Embed `crops` seeded crops of every voice with an identity, as `config` has them, and write the pack, atomically.

    Its faces have the store's size, or are shrunk to `size` pixels a side by area averaging. Speech of more than
    `limit` bytes stays on the disk. `features` are heard in place of the store's recordings. The same call again goes
    on where one stopped.
    """
    networks, network_config, provenance = load_networks(encoder_path)
    encoder = networks.get("encoder")
    if not isinstance(encoder, Encoder):
        raise CorpusError(f"{encoder_path} holds no voice encoder.")
    heard: Heard = (
        Recordings(store_folder, network_config, provenance, seed, limit)
        if features is None
        else Features(store_folder, features, network_config, seed)
    )
    size = _size(heard, size, store_folder)
    if further is not None:
        further.check(heard.store)
    encoder_people = trained_on(provenance, [person.name for person in heard.store.people])
    if encoder_people is None:
        raise CorpusError(
            f"{encoder_path} does not tell whom it was trained on; make it by `v2f train speaker` or `fused`."
        )
    encoder_hash = digest_of(encoder.state_dict())
    runtime = Runtime.choose()
    encoder = runtime.place(encoder.eval())

    def embed(inputs: torch.Tensor) -> np.ndarray:
        with torch.no_grad(), runtime.autocast():
            embedding: np.ndarray = unit(encoder(inputs.to(runtime.device)).float()).cpu().numpy()
        return embedding

    parts = out.with_name(out.name + ".part")
    task = [heard.hash, encoder_hash, heard.held_out, crops, seed, asdict(config)]
    with _unfinished(parts, task, (len(heard.rows), crops, EMBEDDING_SIZE)) as (embeddings, done, count):
        for some, crop, inputs in heard.crops(crops, config, done):
            embeddings[some, crop] = embed(inputs)
            if crop == crops - 1:
                count()
    arrays: dict[str, Any] = _validation(heard, embed, size) | _training(
        heard, encoder_people, size, parts / "faces.npy"
    )
    arrays["embeddings"] = embeddings
    arrays["hashes"] = np.array([heard.hash, encoder_hash])
    arrays["settings"] = np.array(recorded("pack", config, provenance.get(SETTINGS, "")))
    if heard.held_out:
        arrays["held_out"] = np.array(heard.held_out)
    if further is not None:
        arrays |= further.arrays(heard, network_config.encoder, embed, arrays)
    partial = parts / out.name
    with partial.open("wb") as file:
        np.savez(file, **arrays)
    partial.replace(out)
    shutil.rmtree(parts)
    return out


def _size(heard: Heard, asked: int | None, folder: Path) -> int:
    """Pixels along a side of the pack's faces; raises CorpusError where there is nobody, or faces are too small."""
    if not len(heard.rows):
        raise CorpusError(f"{folder} holds nobody of the training split who has both a voice and a face.")
    height, width = heard.store.faces.shape[1:3]
    size = asked or height
    if size > min(height, width):
        raise CorpusError(f"{folder} holds faces of {height}x{width} pixels, too few for --size {size}.")
    return size


def _training(heard: Heard, encoder_people: Sequence[str], size: int, file: Path) -> dict[str, np.ndarray]:
    """Whose the voices and faces of training people are, and the faces, a memory map of `file`."""
    store, voices = heard.store, heard.rows
    seen = np.flatnonzero(store.face_identity >= 0)
    used = np.union1d(store.voices["person"][voices], store.face_person[seen])
    people = sorted({*encoder_people, *(store.people[person].name for person in used)})
    female_identity = np.zeros(store.identities, dtype=bool)  # for voices whose own gender is not known
    for person in store.face_person[seen]:
        female_identity[store.people[person].identity] = store.people[person].gender == "female"
    genders = np.array([store.person_of(voice).gender for voice in voices.tolist()])
    return {
        "faces": _shrunk(store, seen, size, file),
        "face_identity": store.face_identity[seen].astype(np.int32),
        "voice_identity": store.voice_identity[voices].astype(np.int32),
        "voice_female": np.where(
            genders == "", female_identity[store.voice_identity[voices]], genders == "female"
        ),
        "people": np.array(people),
    }


@contextmanager
def _unfinished(
    folder: Path, task: list, shape: tuple[int, ...]
) -> Iterator[tuple[np.ndarray, int, Callable[[], None]]]:
    """An array float16 of a shape that is filled batch by batch and survives being killed.

    Gives the array, a memory map; how many batches of it are done, of the same task; and what is to be called after
    each further one.
    """
    file, journal = folder / "embeddings.npy", folder / "done.json"
    folder.mkdir(parents=True, exist_ok=True)
    told = json.loads(json.dumps(task))
    noted = json.loads(journal.read_text("utf-8")) if journal.exists() else {}
    done = noted["batches"] if noted.get("task") == told else 0
    array = open_memmap(file, "r+" if done else "w+", np.float16, shape)

    def count() -> None:
        nonlocal done
        array.flush()
        done += 1
        write_atomically(journal, json.dumps({"task": told, "batches": done}).encode())

    yield array, done, count


def _shrunk(store: Store, rows: np.ndarray, size: int, file: Path) -> np.ndarray:
    """Faces of a store, uint8 [n, size, size, 3], of which there may be more than memory: a memory map of a file."""
    faces = open_memmap(file, "w+", np.uint8, (len(rows), size, size, 3))
    for start in range(0, len(rows), FACES_AT_ONCE):
        some = slice(start, start + FACES_AT_ONCE)
        faces[some] = shrink(store.faces[rows[some]], size)
    return faces


def _validation(heard: Heard, embed: Embed, size: int) -> dict[str, np.ndarray]:
    """What a pack holds of validation people; nothing where fewer than two have voices and faces."""
    store = heard.store
    voices, faces = store.voices_in("validation"), store.faces_in("validation")
    of_voices, of_faces = store.voices["person"][voices], store.face_person[faces]
    people = np.intersect1d(of_voices, of_faces)
    if len(people) < 2:
        return {}
    voices, faces = (of[np.isin(person, people)] for of, person in ((voices, of_voices), (faces, of_faces)))
    voices = in_turn(voices, store.voices["person"][voices], MOST_VALIDATED)
    faces = in_turn(faces, store.face_person[faces], MOST_VALIDATED)
    embeddings = [embed(heard.whole(voice)[None]) for voice in voices.tolist()]
    return {
        "validation_embeddings": np.concatenate(embeddings).astype(np.float16),
        "validation_voice": store.voices["person"][voices].astype(np.int32),
        "validation_faces": shrink(store.faces[faces], size),
        "validation_face": store.face_person[faces].astype(np.int32),
    }
