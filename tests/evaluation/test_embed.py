"""The embeddings of a store: a file for each split, in the store's order, with names."""

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.support.speech import tones
from v2f.__main__ import main
from v2f.audio.features import normalise
from v2f.data import store
from v2f.data.recordings import frames_of
from v2f.data.store import Person, Store
from v2f.models import FusedEncoder, NetworkConfig, load_networks, save_networks, unit

PEOPLE = [
    Person("Ann", "female", "", "train", 0),
    Person("Bob", "male", "", "test", -1),
    Person("Eve", "", "", "", -1),
]
WHOSE = [1, 0, 0, 2]  # by recording


@pytest.fixture
def made_store(tmp_path: Path) -> Path:
    rng, folder = np.random.default_rng(0), tmp_path / "store"
    folder.mkdir()
    speech = [tones(16_000 + 1600 * i, 120 + 30 * i, 3 + i, rng) for i in range(len(WHOSE))]
    store.write_array(folder / store.SPEECH, np.concatenate(speech))
    rows = [store.VoiceRow(f"{i}.wav", "", "", "", "", 1, len(one), "") for i, one in enumerate(speech)]
    store.write_people(folder, PEOPLE, rows, WHOSE, [], [])
    return folder


def embed(folder: Path, weights: Path, out: Path) -> int:
    return main(["embed", "--data", str(folder), "--weights", str(weights), "--out", str(out)])


def test_every_split_has_a_file_with_embeddings_and_names(
    made_store: Path, random_weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "embeddings"
    assert embed(made_store, random_weights, out) == 0
    assert sorted(path.name for path in out.iterdir()) == ["no split.npz", "test.npz", "train.npz"]
    assert set(capsys.readouterr().out.splitlines()) == {str(path) for path in out.iterdir()}
    with np.load(out / "train.npz") as train:
        assert train["files"].tolist() == ["1.wav", "2.wav"] and train["people"].tolist() == ["Ann", "Ann"]
        assert train["genders"].tolist() == ["female", "female"] and train["identities"].tolist() == [0, 0]
        assert train["embeddings"].dtype == np.float32 and train["embeddings"].shape == (2, 64)
    with np.load(out / "test.npz") as test:
        encoder = load_networks(random_weights)[0]["encoder"]
        with torch.no_grad():
            expected = unit(encoder(normalise(frames_of(Store.open(made_store), 0))[None]))
        np.testing.assert_allclose(test["embeddings"], expected, atol=0.02)


@pytest.mark.slow
def test_the_fused_encoder_hears_a_store_too(made_store: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    save_networks(tmp_path / "fused", {"encoder": FusedEncoder()}, NetworkConfig(encoder="fused"), {})
    assert embed(made_store, tmp_path / "fused", tmp_path / "out") == 0
    with np.load(tmp_path / "out" / "train.npz") as train:
        np.testing.assert_allclose(np.linalg.norm(train["embeddings"], axis=1), 1, atol=1e-3)


def test_a_store_without_recordings_is_one_sentence(
    tmp_path: Path, random_weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store.write_people(tmp_path, PEOPLE, [], [], [], [])
    assert embed(tmp_path, random_weights, tmp_path / "out") == 1
    assert capsys.readouterr().err == f"v2f: {tmp_path} holds no recordings.\n"
