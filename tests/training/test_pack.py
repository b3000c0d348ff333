"""The public encoder made ready for a generator, and packs of what it hears."""

from pathlib import Path

import numpy as np
import pytest
import torch

from v2f.__main__ import main
from v2f.audio.features import log_mel
from v2f.data import store
from v2f.data.recordings import frames_of
from v2f.data.store import Store
from v2f.errors import CorpusError
from v2f.models import (
    TRAINED_ON,
    DVectorEncoder,
    NetworkConfig,
    save_networks,
)
from v2f.training.crops import VoiceCrops
from v2f.training.pack import Pack, make_pack

CPU = torch.device("cpu")


class MadeLooks:
    """True pairs of three voices, whose portraits' components are told apart by their values alone."""

    def features(self, encoder: str) -> list[torch.Tensor]:
        assert encoder == "table2"
        return [
            torch.randn(64, frames, generator=torch.Generator().manual_seed(frames))
            for frames in (50, 70, 90)
        ]

    def composites(
        self, faces: np.ndarray, files: list[str], identities: np.ndarray, embeddings: np.ndarray, seed: int
    ) -> dict[str, np.ndarray]:
        assert embeddings.shape == (3, 64)
        np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, atol=0.01)
        assert faces.shape[1:] == (32, 32, 3) and len(files) == len(faces) == len(identities)
        return {
            "used": np.arange(len(faces)) > 0,  # the first picture is left out
            "textures": np.full((65, 3, 32, 32), 0.5, np.float16),
            "flows": np.zeros((65, 2, 64, 64), np.float16),
            "directions": np.eye(64, dtype=np.float32),
            "portraits": np.arange(1, len(faces)),
            "places": np.ones((len(faces) - 1, 64), np.float32),
            "own_flows": np.zeros((len(faces) - 1, 2, 64, 64), np.float16),
        }


@pytest.fixture
def paired_store(made_store: Path) -> Path:
    """The made corpus, its voices softly paired with its identities."""
    opened = Store.open(made_store)
    pairing = np.full((len(opened.voices), opened.identities), 1 / opened.identities, np.float16)
    store.write_array(made_store / store.PAIRING, pairing)
    return made_store


@pytest.fixture
def dvector_encoder(tmp_path: Path) -> Path:
    path = tmp_path / "dvector.safetensors"
    torch.manual_seed(0)
    save_networks(
        path, {"encoder": DVectorEncoder()}, NetworkConfig(encoder="dvector"), {TRAINED_ON: "speaker0"}
    )
    return path


@pytest.fixture
def log_mel_store(made_store: Path) -> Path:
    """The made corpus as `prepare corpus` writes one: log-mel in place of speech."""
    opened = Store.open(made_store)
    sounds = [
        log_mel(opened.waveform(voice)).half().T.contiguous().numpy() for voice in range(len(opened.voices))
    ]
    ends = np.cumsum([0, *(len(sound) for sound in sounds)])
    index = [(ends[i], len(sound), opened.voices["person"][i]) for i, sound in enumerate(sounds)]
    store.write_array(made_store / store.LOG_MEL, np.concatenate(sounds))
    store.write_array(made_store / store.VOICES, np.array(index))
    (made_store / store.SPEECH).unlink()
    return made_store


def test_a_pack_of_the_public_encoder_is_shaped_like_any_other(
    made_store: Path, dvector_encoder: Path, tmp_path: Path
) -> None:
    pack = Pack.open(make_pack(made_store, dvector_encoder, tmp_path / "pack.npz", crops=2))
    assert pack.embeddings.shape == (5, 2, 64)
    np.testing.assert_allclose(np.linalg.norm(pack.embeddings.astype(np.float32), axis=2), 1, atol=0.01)


def test_crops_are_made_into_what_the_encoder_takes(made_store: Path) -> None:
    crops = VoiceCrops(Store.open(made_store), np.arange(5), seed=0, device=CPU)
    chosen = torch.arange(3)
    assert crops.features("dvector", chosen, 16_000, draw=0).shape == (3, 41, 98)
    log_mels = crops.features("table2", chosen, 16_000, draw=0)
    assert torch.equal(log_mels, crops.log_mels(chosen, 16_000, draw=0)) and log_mels.shape == (3, 64, 98)


def test_frames_of_a_recording_are_the_encoders(made_store: Path) -> None:
    opened = Store.open(made_store)
    assert frames_of(opened, 0).shape == (64, 398)
    assert frames_of(opened, 0, slice(16_000), "dvector").shape == (41, 98)


def test_a_store_of_log_mel_is_not_heard_by_the_public_encoder(
    log_mel_store: Path, dvector_encoder: Path, tmp_path: Path
) -> None:
    with pytest.raises(CorpusError, match="log-mel and no speech") as told:
        make_pack(log_mel_store, dvector_encoder, tmp_path / "pack.npz", crops=2)
    assert "\n" not in str(told.value)
    with pytest.raises(CorpusError, match="log-mel and no speech"):
        frames_of(Store.open(log_mel_store), 0, encoder="dvector")


def test_a_pack_with_true_pairs_holds_what_a_portrait_generator_starts_from(
    paired_store: Path, made_encoder: Path, tmp_path: Path
) -> None:
    made = make_pack(paired_store, made_encoder, tmp_path / "pack.npz", crops=2, size=32, looks=MadeLooks())  # type: ignore[arg-type]
    pack = Pack.open(made)
    assert pack.faces.shape == (12, 32, 32, 3)
    assert pack.textures is not None and pack.textures.shape == (65, 3, 32, 32)
    assert pack.directions is not None and np.array_equal(pack.directions, np.eye(64))
    assert pack.portraits is not None and pack.portraits.tolist() == list(range(1, 12))
    assert pack.places is not None and pack.own_flows is not None and len(pack.places) == len(pack.own_flows)
    assert pack.face_weight is not None and (pack.face_weight > 0).tolist() == [False] + [True] * 11
    assert pack.no_voice is not None and pack.no_voice.shape[1] == 64


def test_a_pack_of_faces_made_smaller_holds_no_components(
    made_store: Path, made_encoder: Path, tmp_path: Path
) -> None:
    pack = Pack.open(make_pack(made_store, made_encoder, tmp_path / "pack.npz", crops=2, size=32))
    assert pack.faces.shape == (12, 32, 32, 3)
    assert pack.textures is None and pack.directions is None


def test_faces_are_not_made_larger(made_store: Path, made_encoder: Path, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="64x64 pixels, too few for --size 128"):
        make_pack(made_store, made_encoder, tmp_path / "pack.npz", crops=2, size=128)


def test_composites_of_identities_have_one_size(
    paired_store: Path, made_encoder: Path, tmp_path: Path
) -> None:
    with pytest.raises(CorpusError, match="made of 64x64 pixels; add --size 64"):
        make_pack(paired_store, made_encoder, tmp_path / "pack.npz", crops=2, size=32)


@pytest.mark.parametrize("alone", ["--pairs", "--faceres"])
def test_true_pairs_and_the_network_that_describes_them_go_together(
    alone: str, made_store: Path, made_encoder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    needed = ["--data", str(made_store), "--encoder", str(made_encoder), "--out", str(tmp_path / "pack.npz")]
    assert main(["train", "pack", *needed, alone, str(tmp_path)]) != 0
    assert "Composite portraits need both --pairs and --faceres." in capsys.readouterr().err
