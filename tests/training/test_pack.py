"""The public encoder made ready for a generator, and packs of what it hears."""

from pathlib import Path

import numpy as np
import pytest
import torch

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
