"""A small made corpus: four identities of flat-coloured faces, six voices of tones, each with its own rhythm."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.support.speech import tones
from v2f.data import store
from v2f.data.shards import read_rows, write_rows
from v2f.models import TRAINED_ON, NetworkConfig, VoiceEncoder, save_networks
from v2f.training.pack import Pack
from v2f.training.packing import make_pack

IDENTITIES, VOICES, SECONDS = 4, 6, 4


@pytest.fixture(scope="session")
def shared_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The made corpus, for whoever only reads it."""
    rng = np.random.default_rng(0)
    folder = tmp_path_factory.mktemp("store")
    colours = rng.integers(0, 255, (IDENTITIES, 1, 1, 3))
    faces = [np.clip(colours[i % IDENTITIES] + rng.normal(0, 9, (64, 64, 3)), 0, 255) for i in range(12)]
    store.write_array(folder / store.FACES, np.stack(faces).astype(np.uint8))
    samples = SECONDS * 16_000
    speech, people = [], []
    for i in range(VOICES):
        speech.append(tones(samples, 100 + 40 * i, 2 + 2 * i, rng))
        kept = i == VOICES - 1
        gender, identity = "male" if i % 2 else "female", -1 if kept else i % IDENTITIES
        people.append(store.Person(f"speaker{i}", gender, "", "test" if kept else "train", identity))
    store.write_array(folder / store.SPEECH, np.concatenate(speech))
    store.write_array(folder / store.DVECTORS, rng.standard_normal((VOICES, 448)).astype(np.float32))
    people += [store.Person(f"look {i}", "", "", "train", i) for i in range(IDENTITIES)]
    voices = [
        store.VoiceRow(f"{i}.wav", f"speaker{i}", "", "", "", SECONDS, samples, "") for i in range(VOICES)
    ]
    seen = [store.FaceRow(f"{i}.png", f"look {i % IDENTITIES}", "", "", "", "") for i in range(12)]
    store.write_people(
        folder, people, voices, range(VOICES), seen, [VOICES + i % IDENTITIES for i in range(12)]
    )
    return folder


@pytest.fixture(scope="session")
def shared_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("encoder") / "encoder.safetensors"
    save_networks(path, {"encoder": VoiceEncoder()}, NetworkConfig(), {TRAINED_ON: "speaker0"})
    return path


@pytest.fixture(scope="session")
def shared_pack_file(
    tmp_path_factory: pytest.TempPathFactory, shared_store: Path, shared_encoder: Path
) -> Path:
    return make_pack(shared_store, shared_encoder, tmp_path_factory.mktemp("pack") / "pack.npz", crops=4)


@pytest.fixture
def made_store(tmp_path: Path, shared_store: Path) -> Path:
    """A copy to change."""
    return Path(shutil.copytree(shared_store, tmp_path / "store"))


@pytest.fixture
def made_encoder(tmp_path: Path, shared_encoder: Path) -> Path:
    """A copy to change."""
    return Path(shutil.copy(shared_encoder, tmp_path))


@pytest.fixture
def made_pack_file(tmp_path: Path, shared_pack_file: Path) -> Path:
    """A copy to change."""
    return Path(shutil.copy(shared_pack_file, tmp_path))


@pytest.fixture
def made_pack(made_pack_file: Path) -> Pack:
    return Pack.open(made_pack_file)


@pytest.fixture
def validated_store(made_store: Path) -> Path:
    """The made corpus, in which the last two speakers are validation people with two faces each."""
    people = read_rows(made_store / store.PEOPLE, store.Person)
    people[4:6] = [replace(person, split="validation", identity=-1) for person in people[4:6]]
    write_rows(made_store / store.PEOPLE, store.Person, people)
    face_person = np.load(made_store / store.FACE_PERSON)
    face_person[8:] = [4, 5, 4, 5]
    store.write_array(made_store / store.FACE_PERSON, face_person)
    return made_store


@pytest.fixture
def validated_pack_file(tmp_path: Path, validated_store: Path, made_encoder: Path) -> Path:
    return make_pack(validated_store, made_encoder, tmp_path / "validated.npz", crops=4)
