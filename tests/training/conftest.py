"""A small made corpus: four identities of flat-coloured faces, six voices of tones, each with its own rhythm."""

from pathlib import Path

import numpy as np
import pytest

from v2f.data import store
from v2f.models import TRAINED_ON, NetworkConfig, VoiceEncoder, save_networks
from v2f.training.pack import Pack, make_pack

IDENTITIES, VOICES, SECONDS = 4, 6, 4


@pytest.fixture
def made_store(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    folder = tmp_path / "store"
    folder.mkdir()
    colours = rng.integers(0, 255, (IDENTITIES, 1, 1, 3))
    faces = [np.clip(colours[i % IDENTITIES] + rng.normal(0, 9, (64, 64, 3)), 0, 255) for i in range(12)]
    store.write_array(folder / store.FACES, np.stack(faces).astype(np.uint8))
    time = np.arange(SECONDS * 16_000) / 16_000
    speech, people = [], []
    for i in range(VOICES):
        pitch, rhythm = 100 + 40 * i, 2 + 2 * i  # Hz; normalisation would take an unchanging tone away
        tones = sum(np.sin(2 * np.pi * pitch * n * time) / n for n in range(1, 8)) * 3000
        tones *= 1 + np.sin(2 * np.pi * rhythm * time)
        speech.append((tones + rng.normal(0, 200, time.size)).astype(np.int16))
        kept = i == VOICES - 1
        gender, identity = "male" if i % 2 else "female", -1 if kept else i % IDENTITIES
        people.append(store.Person(f"speaker{i}", gender, "", "test" if kept else "train", identity))
    store.write_array(folder / store.SPEECH, np.concatenate(speech))
    store.write_array(folder / store.DVECTORS, rng.standard_normal((VOICES, 448)).astype(np.float32))
    people += [store.Person(f"look {i}", "", "", "train", i) for i in range(IDENTITIES)]
    voices = [
        store.VoiceRow(f"{i}.wav", f"speaker{i}", "", "", "", SECONDS, time.size, "") for i in range(VOICES)
    ]
    seen = [store.FaceRow(f"{i}.png", f"look {i % IDENTITIES}", "", "", "", "") for i in range(12)]
    store.write_people(
        folder, people, voices, range(VOICES), seen, [VOICES + i % IDENTITIES for i in range(12)]
    )
    return folder


@pytest.fixture
def made_encoder(tmp_path: Path) -> Path:
    path = tmp_path / "encoder.safetensors"
    save_networks(path, {"encoder": VoiceEncoder()}, NetworkConfig(), {TRAINED_ON: "speaker0"})
    return path


@pytest.fixture
def made_pack_file(tmp_path: Path, made_store: Path, made_encoder: Path) -> Path:
    return make_pack(made_store, made_encoder, tmp_path / "pack.npz", crops=4)


@pytest.fixture
def made_pack(made_pack_file: Path) -> Pack:
    return Pack.open(made_pack_file)
