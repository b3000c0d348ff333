"""Stage one: what it learns, from what, and what it is measured by."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from v2f.__main__ import main
from v2f.audio.features import log_mel
from v2f.data import store
from v2f.data.demo.looks import PreparedPairs
from v2f.data.shards import read_rows, write_rows
from v2f.data.store import Store
from v2f.errors import CorpusError
from v2f.models import Runtime, VoiceEncoder, load_networks
from v2f.models.weights import LOOKS
from v2f.training.pack import Pack, make_pack
from v2f.training.tasks.speaker import PRESETS, PUBLIC, WEIGHTS, SpeakerConfig, SpeakerTask, one_cycle

CPU = Runtime.choose("cpu", exact=True)
QUICK = replace(SpeakerConfig(), batch=16, steps=60, longest=1.5, cross_entropy=1.0)


@pytest.fixture
def pairs() -> PreparedPairs:
    """Faces whose descriptors follow from the voices' d-vectors."""
    rng = np.random.default_rng(0)
    dvectors = rng.standard_normal((60, 448)).astype(np.float32)
    descriptors = dvectors @ rng.standard_normal((448, 128)).astype(np.float32)
    people = np.array([f"person {i}" for i in range(60)])
    faceres = descriptors @ rng.standard_normal((128, 1024)).astype(np.float32)
    return PreparedPairs(people, [], dvectors, descriptors, faceres, np.zeros((60, 64, 64, 3), np.uint8))


def means(losses: list[dict[str, torch.Tensor]], name: str) -> tuple[float, float]:
    """Of the first and of the last five steps."""
    start, end = (np.mean([float(step[name]) for step in part]) for part in (losses[:5], losses[-5:]))
    return float(start), float(end)


def test_the_learning_rate_rises_then_falls_to_nothing():
    factors = [one_cycle(step / 100) for step in range(101)]
    assert factors[15] == pytest.approx(1.0) and factors[0] < 0.1 and factors[100] == pytest.approx(0.0)
    assert all(a <= b for a, b in zip(factors[:15], factors[1:16], strict=True))
    assert all(a >= b for a, b in zip(factors[15:], factors[16:], strict=False))


@pytest.mark.slow
def test_speakers_their_d_vectors_and_their_looks_are_learned(made_store, pairs, tmp_path):
    task = SpeakerTask(Store.open(made_store), replace(QUICK, steps=120), CPU, pairs)
    losses = [task.step(index) for index in range(120)]
    for name in ("cross-entropy", "distance", "looks"):
        start, end = means(losses, name)
        assert end < 0.7 * start, name
    figures = task.finish(tmp_path, 120)
    assert figures["held-out accuracy"] > 0.6  # chance is 0.2
    networks, _, provenance = load_networks(tmp_path / WEIGHTS)
    assert isinstance(networks["encoder"], VoiceEncoder) and LOOKS in provenance


def test_what_is_told_has_no_mean_and_unit_variance(made_store, pairs):
    task = SpeakerTask(Store.open(made_store), QUICK, CPU, pairs)
    looks = task.targets["looks"]
    for name, told in zip(PUBLIC, np.split(Store.open(made_store).dvectors[:5], [256], axis=1), strict=True):
        told = told / np.linalg.norm(told, axis=1, keepdims=True)
        np.testing.assert_allclose(task.targets[name].numpy(), told - told.mean(axis=0), atol=1e-6)
    assert looks.shape == (5, 4) and looks.mean(dim=0).abs().max() < 1e-5


def test_looks_need_d_vectors(made_store, pairs):
    (made_store / store.DVECTORS).unlink()
    with pytest.raises(CorpusError, match="no d-vectors"):
        SpeakerTask(Store.open(made_store), QUICK, CPU, pairs)


def test_the_papers_preset_learns_from_speakers_alone_and_hears_them_as_they_are(made_store, monkeypatch):
    config = replace(PRESETS["paper"], batch=4)
    assert (config.shortest, config.longest) == (3, 8)
    task = SpeakerTask(Store.open(made_store), config, CPU)
    heard = {}
    monkeypatch.setattr(task.encoder, "forward", lambda x: heard.update(x=x) or x.mean(dim=2))
    losses = task.step(0)
    assert set(losses) == {"cross-entropy", "accuracy"} and set(task.parts) == {"encoder", "speaker_head"}
    assert 298 <= heard["x"].shape[2] <= 798
    assert (heard["x"].std(dim=2) > 0.5).all()  # no band is masked


@pytest.mark.slow
def test_short_crops_are_as_likely_as_long_ones(made_store, monkeypatch):
    task, frames = SpeakerTask(Store.open(made_store), replace(SpeakerConfig(), batch=1), CPU), []

    def crops(voices, samples, draw, augment):
        frames.append(samples // 160)
        return torch.zeros(len(voices), 64, 80)

    monkeypatch.setattr(task.crops, "log_mels", crops)
    for index in range(60):
        task.step(index)
    assert min(frames) >= 80 and max(frames) <= 800
    assert 200 < np.median(frames) < 320  # the middle of the logarithms is 253


def write_pairs(folder: Path, pairs: PreparedPairs, seconds: float = 1.0) -> None:
    """As `prepare demo` leaves them, with one more voice that has no face."""
    folder.mkdir()
    names = [*pairs.person, "faceless"]
    size = int(seconds * 16_000)
    rng = np.random.default_rng(0)
    voices = [store.VoiceRow(f"pair of {n}", n, "", "", "", seconds, size, "") for n in names]
    write_rows(folder / "voices.rows.csv", store.VoiceRow, voices)
    faces = [store.FaceRow(f"pair of {n}", n, "", "", "", "") for n in pairs.person[::-1]]
    write_rows(folder / "faces.rows.csv", store.FaceRow, faces)
    store.write_array(folder / store.SPEECH, rng.integers(-99, 99, size * len(names)).astype(np.int16))
    store.write_array(folder / store.DVECTORS, np.concatenate([pairs.dvectors, pairs.dvectors[:1]]))
    store.write_array(folder / store.DESCRIPTORS, pairs.descriptors[::-1])
    store.write_array(folder / store.FACERES, pairs.faceres[::-1])
    store.write_array(folder / store.FACES, pairs.faces)


def test_the_command_line_learns_looks_where_pairs_are_given(made_store, pairs, tmp_path, capsys):
    write_pairs(tmp_path / "pairs", pairs)
    opened = PreparedPairs.open(tmp_path / "pairs")
    np.testing.assert_array_equal(opened.descriptors, pairs.descriptors)
    asked = ["speaker", "--data", str(made_store), "--steps", "2", "--batch", "4", "--device", "cpu"]
    with_looks = [*asked, "--pairs", str(tmp_path / "pairs"), "--out", str(tmp_path / "run")]
    assert main(["train", *with_looks]) == 0
    assert LOOKS in load_networks(tmp_path / "run" / WEIGHTS)[2]
    assert main(["train", *with_looks, "--preset", "paper"]) == 1
    assert "no looks are learned" in capsys.readouterr().err
    assert main(["train", *asked, "--pairs", str(tmp_path), "--out", str(tmp_path / "b")]) == 1
    assert "does not hold the prepared true pairs" in capsys.readouterr().err


def test_kept_out_speakers_are_verified_across_their_recordings(made_store):
    """The sixth voice is kept out; here the last three are, two of them of one person."""
    people = read_rows(made_store / store.PEOPLE, store.Person)
    split = {4: "common voice", 5: "common voice", 3: "common voice"}
    people = [replace(person, split=split.get(i, person.split)) for i, person in enumerate(people)]
    write_rows(made_store / store.PEOPLE, store.Person, people)
    voices = np.load(made_store / store.VOICES)
    voices[4, 2] = 3
    store.write_array(made_store / store.VOICES, voices)
    task = SpeakerTask(Store.open(made_store), QUICK, CPU)
    assert task.heldout_rows.tolist() == [3, 4, 5]
    told = {3: [1.0, 0.1], 4: [1, 0], 5: [-1, 0]}
    task._embed = lambda voice: torch.tensor(told[voice], dtype=torch.float32)  # type: ignore[method-assign]
    assert task.verification_eer() == 0
    told |= {3: [1, 0], 4: [-1, 0], 5: [0, 1]}
    assert task.verification_eer() == 1


def test_one_kept_out_person_cannot_be_verified(made_store):
    assert np.isnan(SpeakerTask(Store.open(made_store), QUICK, CPU).verification_eer())


@pytest.fixture
def log_mel_store(made_store: Path) -> Path:
    """The made corpus as `prepare corpus` writes one: log-mel, and no d-vectors."""
    opened = Store.open(made_store)
    sounds = [
        log_mel(opened.waveform(voice)).half().T.contiguous().numpy() for voice in range(len(opened.voices))
    ]
    ends = np.cumsum([0, *(len(sound) for sound in sounds)])
    index = [(ends[i], len(sound), opened.voices["person"][i]) for i, sound in enumerate(sounds)]
    store.write_array(made_store / store.LOG_MEL, np.concatenate(sounds))
    store.write_array(made_store / store.VOICES, np.array(index))
    for name in (store.SPEECH, store.DVECTORS):
        (made_store / name).unlink()
    return made_store


@pytest.mark.slow
def test_a_corpus_of_log_mel_trains_both_stages(log_mel_store: Path, tmp_path: Path) -> None:
    task = SpeakerTask(Store.open(log_mel_store), QUICK, CPU)
    losses = [task.step(index) for index in range(60)]
    assert "distance" not in losses[0]
    start, end = means(losses, "cross-entropy")
    assert end < 0.5 * start
    assert task.finish(tmp_path, 60)["held-out accuracy"] > 0.6  # chance is 0.2
    pack = Pack.open(make_pack(log_mel_store, tmp_path / WEIGHTS, tmp_path / "pack.npz", crops=4))
    assert pack.embeddings.shape == (5, 4, 64) and len(pack.faces) == 12
