"""Packs: what they hold of a store, of what an encoder hears, and of true pairs."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from v2f.__main__ import main
from v2f.audio.features import log_mel, normalise
from v2f.data import store
from v2f.data.recordings import frames_of, held_out_digest
from v2f.data.shards import read_rows, write_rows
from v2f.data.store import Store
from v2f.errors import CorpusError
from v2f.models import (
    TRAINED_ON,
    FusedEncoder,
    NetworkConfig,
    VoiceEncoder,
    load,
    load_networks,
    save_networks,
    unit,
)
from v2f.models.weights import HELD_OUT
from v2f.training.crops import VoiceCrops
from v2f.training.pack import Pack
from v2f.training.packing import make_pack
from v2f.training.tasks.stage_two import WEIGHTS

CPU = torch.device("cpu")


@pytest.fixture
def fused_encoder(tmp_path: Path) -> Path:
    path = tmp_path / "fused.safetensors"
    torch.manual_seed(0)
    save_networks(path, {"encoder": FusedEncoder()}, NetworkConfig(encoder="fused"), {TRAINED_ON: "speaker0"})
    return path


def test_a_pack_of_the_fused_encoder_is_shaped_like_any_other(
    made_store: Path, fused_encoder: Path, tmp_path: Path
) -> None:
    pack = Pack.open(make_pack(made_store, fused_encoder, tmp_path / "pack.npz", crops=2))
    assert pack.embeddings.shape == (5, 2, 64)
    np.testing.assert_allclose(np.linalg.norm(pack.embeddings.astype(np.float32), axis=2), 1, atol=0.01)


def test_crops_are_made_into_what_the_encoder_takes(made_store: Path) -> None:
    crops = VoiceCrops(Store.open(made_store), np.arange(5), seed=0, device=CPU)
    chosen = torch.arange(3)
    assert crops.features("fused", chosen, 16_000, draw=0).shape == (3, 121, 98)
    log_mels = crops.features("table2", chosen, 16_000, draw=0)
    assert torch.equal(log_mels, crops.log_mels(chosen, 16_000, draw=0)) and log_mels.shape == (3, 64, 98)


def test_frames_of_a_recording_are_the_encoders(made_store: Path) -> None:
    opened = Store.open(made_store)
    assert frames_of(opened, 0).shape == (64, 398)
    assert frames_of(opened, 0, slice(16_000), "fused").shape == (121, 98)


def test_a_packs_faces_may_be_made_smaller(made_store: Path, made_encoder: Path, tmp_path: Path) -> None:
    pack = Pack.open(make_pack(made_store, made_encoder, tmp_path / "pack.npz", crops=2, size=32))
    assert pack.faces.shape == (12, 32, 32, 3)


def test_faces_are_not_made_larger(made_store: Path, made_encoder: Path, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="64x64 pixels, too few for --size 128"):
        make_pack(made_store, made_encoder, tmp_path / "pack.npz", crops=2, size=128)


@pytest.mark.parametrize("reading", ["released", "table2"])
def test_both_stages_build_table_2_as_it_is_read(made_store: Path, tmp_path: Path, reading: str) -> None:
    run, pack, out = tmp_path / "speaker", tmp_path / "pack.npz", tmp_path / "gan"
    asked = ["--data", str(made_store), "--out", str(run), "--steps", "1", "--batch", "4", "--device", "cpu"]
    assert main(["train", "speaker", *asked, "--reading", reading]) == 0
    encoder = run / "encoder.safetensors"
    make_pack(made_store, encoder, pack, crops=2)
    assert gan(pack, encoder, out) == 0
    model = load(out / WEIGHTS)
    assert model.config == NetworkConfig(reading)
    assert model.generator.model[2].kernel_size == ((4, 4) if reading == "released" else (3, 3))


def gan(pack: Path, encoder: Path, out: Path, *more: str) -> int:
    needed = ["--data", str(pack), "--encoder", str(encoder), "--out", str(out), *more]
    return main(["train", "gan", *needed, "--steps", "1", "--batch", "4", "--device", "cpu"])


def test_a_pack_is_of_its_encoder_whatever_file_holds_that(
    made_pack_file: Path, made_encoder: Path, tmp_path: Path
) -> None:
    networks, config, provenance = load_networks(made_encoder)
    save_networks(made_encoder, networks, config, {**provenance, "EER": "0.1"})
    assert gan(made_pack_file, made_encoder, tmp_path / "run") == 0
    assert gan(made_pack_file, tmp_path / "run" / WEIGHTS, tmp_path / "another") == 0


def test_a_pack_of_another_encoder_is_refused(
    made_pack_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_networks(tmp_path / "other", {"encoder": VoiceEncoder()}, NetworkConfig(), {TRAINED_ON: ""})
    assert gan(made_pack_file, tmp_path / "other", tmp_path / "run") == 1
    assert "was not made with the encoder" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_repeating_a_finished_stage_one_keeps_its_packs(made_store: Path, tmp_path: Path) -> None:
    run, pack = tmp_path / "speaker", tmp_path / "pack.npz"
    data = ["--data", str(made_store), "--out", str(run)]
    speaker = ["train", "speaker", *data, "--steps", "1", "--batch", "4"]
    assert main([*speaker, "--device", "cpu"]) == 0
    encoder = run / "encoder.safetensors"
    make_pack(made_store, encoder, pack, crops=2)
    before = encoder.read_bytes()
    assert main([*speaker, "--device", "cpu", "--resume"]) == 0
    assert encoder.read_bytes() == before and gan(pack, encoder, tmp_path / "gan") == 0


def test_a_pack_holds_voices_and_faces_of_validation_people_whom_it_is_not_made_of(
    validated_store: Path, validated_pack_file: Path, made_encoder: Path
) -> None:
    pack, opened = Pack.open(validated_pack_file), Store.open(validated_store)
    assert pack.validation_voice is not None and pack.validation_voice.tolist() == [4, 5]
    assert pack.validation_face is not None and pack.validation_face.tolist() == [4, 5, 4, 5]
    np.testing.assert_array_equal(pack.validation_faces, opened.faces[8:])
    assert pack.validation_embeddings is not None
    encoder = load_networks(made_encoder)[0]["encoder"]
    whole = log_mel(opened.waveform(5))[None]
    with torch.no_grad():
        expected = unit(encoder(normalise(whole)))
    np.testing.assert_allclose(pack.validation_embeddings[1:], expected, atol=0.02)
    assert not {"speaker4", "speaker5"} & set(pack.people) and len(pack.embeddings) == 4


@pytest.mark.parametrize("kept", [0, 1])
def test_one_validation_person_is_too_few_to_be_told_from_another(
    validated_store: Path, made_encoder: Path, tmp_path: Path, kept: int
) -> None:
    people = read_rows(validated_store / store.PEOPLE, store.Person)
    people[4 + kept : 6] = [replace(person, split="test") for person in people[4 + kept : 6]]
    write_rows(validated_store / store.PEOPLE, store.Person, people)
    pack = Pack.open(make_pack(validated_store, made_encoder, tmp_path / "pack.npz", crops=2))
    assert pack.validation_embeddings is None and pack.validation_faces is None


def test_a_pack_whose_validation_faces_are_nobodys_is_damaged(validated_pack_file: Path) -> None:
    with np.load(validated_pack_file) as file:
        arrays = dict(file)
    np.savez(validated_pack_file, **{**arrays, "validation_face": arrays["validation_face"][:3]})
    with pytest.raises(CorpusError, match="differ in length"):
        Pack.open(validated_pack_file)


@pytest.mark.parametrize("heard_both", [False, True], ids=["kept one out", "by an earlier version"])
def test_a_pack_keeps_out_the_recordings_that_its_encoder_did(
    made_store: Path, made_encoder: Path, tmp_path: Path, heard_both: bool
) -> None:
    voices = np.load(made_store / store.VOICES)
    voices[4, 2] = 3  # the fifth recording is of the fourth speaker, too
    store.write_array(made_store / store.VOICES, voices)
    digest = held_out_digest(Store.open(made_store))
    if not heard_both:
        networks, config, provenance = load_networks(made_encoder)
        save_networks(made_encoder, networks, config, {**provenance, HELD_OUT: digest})
    path, out = make_pack(made_store, made_encoder, tmp_path / "pack.npz", crops=2), tmp_path / "run"
    pack = Pack.open(path)
    assert (len(pack.embeddings), pack.held_out) == ((5, "") if heard_both else (4, digest))
    assert gan(path, made_encoder, out) == 0
    assert load_networks(out / WEIGHTS)[2].get(HELD_OUT, "") == pack.held_out


def test_a_run_is_not_resumed_with_a_pack_that_kept_out_something_else(
    made_pack_file: Path, made_encoder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert gan(made_pack_file, made_encoder, tmp_path / "run") == 0
    with np.load(made_pack_file) as file:
        np.savez(tmp_path / "other.npz", **file, held_out=np.array("a digest"))
    assert gan(tmp_path / "other.npz", made_encoder, tmp_path / "run", "--resume") == 1
    assert "begin anew in another folder." in capsys.readouterr().err
