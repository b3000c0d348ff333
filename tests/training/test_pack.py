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
from v2f.errors import CorpusError, WeightsError
from v2f.models import (
    TRAINED_ON,
    DVectorEncoder,
    NetworkConfig,
    load_networks,
    people_trained_on,
    save_networks,
)
from v2f.models.resemblyzer import SHA256, network_from_package
from v2f.training.crops import VoiceCrops
from v2f.training.dvector import principal_directions
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


def test_directions_are_those_of_the_largest_variance() -> None:
    rng = np.random.default_rng(0)
    axes = np.linalg.qr(rng.standard_normal((256, 256)))[0]
    spread = np.geomspace(1, 1e-3, 256)
    dvectors = (0.5 + rng.standard_normal((4000, 256)) * spread @ axes.T).astype(np.float32)
    mean, directions = principal_directions(dvectors)
    torch.testing.assert_close(mean, torch.from_numpy(dvectors.mean(axis=0)))
    torch.testing.assert_close(directions.T @ directions, torch.eye(64), rtol=0, atol=1e-5)
    kept = ((dvectors - mean.numpy()) @ directions.numpy()).var(axis=0)
    assert (np.diff(kept) <= 0).all()
    assert kept.sum() > 0.97 * (spread[:64] ** 2).sum()


def test_train_dvector_writes_the_packages_network_and_whom_it_was_fitted_to(
    made_store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        network = network_from_package()
    except WeightsError as error:
        pytest.skip(str(error))
    out = tmp_path / "run"
    assert main(["train", "dvector", "--data", str(made_store), "--out", str(out)]) == 0
    assert capsys.readouterr().out.strip() == str(out / "encoder.safetensors")
    networks, config, provenance = load_networks(out / "encoder.safetensors")
    encoder = networks["encoder"]
    assert config.encoder == "dvector" and isinstance(encoder, DVectorEncoder)
    for key, value in network.state_dict().items():
        torch.testing.assert_close(encoder.network.state_dict()[key], value, rtol=1e-3, atol=1e-4)
    assert encoder.mean.norm() > 0.5  # the voices have much in common
    assert provenance["sha256 of pretrained.pt"] == SHA256 and provenance["licence"] == "Apache-2.0"
    assert provenance["store"] == store.store_hash(made_store)
    assert people_trained_on(provenance) == [f"speaker{i}" for i in range(5)]
    again = tmp_path / "again"
    assert main(["train", "dvector", "--data", str(made_store), "--out", str(again)]) == 0
    same = load_networks(again / "encoder.safetensors")[0]["encoder"].state_dict()
    assert all(torch.equal(same[key], value) for key, value in encoder.state_dict().items())
    Pack.open(make_pack(made_store, out / "encoder.safetensors", tmp_path / "pack.npz", crops=2))


def test_train_dvector_refuses_a_store_of_log_mel_in_one_sentence(
    log_mel_store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "dvector", "--data", str(log_mel_store), "--out", str(tmp_path / "run")]) == 1
    [line] = capsys.readouterr().err.strip().splitlines()[-1:]
    assert line.startswith("v2f: The ")
