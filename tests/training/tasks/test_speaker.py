"""Stage one: what it learns, from what, and what it is measured by."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.training.conftest import SECONDS
from v2f.__main__ import main
from v2f.data import store
from v2f.data.recordings import held_out_digest
from v2f.data.shards import read_rows, write_rows
from v2f.data.store import Store
from v2f.models import Runtime, VoiceEncoder, load_networks
from v2f.models.weights import HELD_OUT
from v2f.training.pack import Pack
from v2f.training.packing import make_pack
from v2f.training.presets import PRESETS, CropConfig, SpeakerConfig
from v2f.training.tasks.speaker import EER, WEIGHTS, SpeakerTask, one_cycle

CPU = Runtime.choose("cpu", exact=True)
SMALL = PRESETS["small-data"].speaker
QUICK = replace(SMALL, batch=16, steps=60, crops=replace(SMALL.crops, longest=1.5))


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
def test_speakers_are_learned(made_store, tmp_path):
    task = SpeakerTask(Store.open(made_store), replace(QUICK, steps=120), CPU)
    start, end = means([task.step(index) for index in range(120)], "cross-entropy")
    assert end < 0.7 * start
    assert task.finish(tmp_path, 120)["held-out accuracy"] > 0.6  # chance is 0.2
    assert isinstance(load_networks(tmp_path / WEIGHTS)[0]["encoder"], VoiceEncoder)


def test_the_papers_preset_learns_from_speakers_alone_and_hears_them_as_they_are(made_store, monkeypatch):
    config = replace(PRESETS["paper"].speaker, batch=4)
    assert config.crops == CropConfig(3, 8)
    task = SpeakerTask(Store.open(made_store), config, CPU)
    heard = {}
    monkeypatch.setattr(task.encoder, "forward", lambda x: heard.update(x=x) or x.mean(dim=2))
    losses = task.step(0)
    assert set(losses) == {"cross-entropy", "accuracy"} and set(task.parts) == {"encoder", "speaker_head"}
    assert 298 <= heard["x"].shape[2] <= 798
    assert (heard["x"].std(dim=2) > 0.5).all()  # no band is masked


def frames_of_crops(
    config: SpeakerConfig, store: Path, steps: int, monkeypatch: pytest.MonkeyPatch
) -> list[int]:
    """How many frames the crops of so many steps have."""
    task, frames = SpeakerTask(Store.open(store), replace(config, batch=1), CPU), []

    def crops(voices, samples, draw, augment, read):
        frames.append(samples // 160)
        return torch.zeros(len(voices), 64, 80)

    monkeypatch.setattr(task.crops, "log_mels", crops)
    for index in range(steps):
        task.step(index)
    return frames


@pytest.mark.slow
def test_short_crops_are_as_likely_as_long_ones(made_store, monkeypatch):
    frames = frames_of_crops(SMALL, made_store, 60, monkeypatch)
    assert min(frames) >= 80 and max(frames) <= 800
    assert 200 < np.median(frames) < 320  # the middle of the logarithms is 253


@pytest.mark.slow
def test_the_papers_crops_are_as_often_long_as_short(made_store, monkeypatch):
    frames = frames_of_crops(PRESETS["paper"].speaker, made_store, 200, monkeypatch)
    assert min(frames) >= 300 and max(frames) <= 800
    assert np.median(frames) == pytest.approx(550, abs=45)  # of their logarithms it would be 490
    assert np.mean(frames) == pytest.approx(550, abs=30)


def resplit(folder: Path, splits: dict[int, str]) -> None:
    """Put speakers of the made corpus, by their numbers, into other splits."""
    people = read_rows(folder / store.PEOPLE, store.Person)
    people = [replace(person, split=splits.get(i, person.split)) for i, person in enumerate(people)]
    write_rows(folder / store.PEOPLE, store.Person, people)


def test_validation_people_are_verified_across_their_recordings(made_store):
    """Three recordings, two of them of one person; the test person has none of them."""
    resplit(made_store, {2: "validation", 3: "validation", 4: "test"})
    voices = np.load(made_store / store.VOICES)
    voices[4, 2] = 3
    store.write_array(made_store / store.VOICES, voices)
    task = SpeakerTask(Store.open(made_store), QUICK, CPU)
    assert task.validation_rows.tolist() == [2, 3, 4] and not task.unmeasured
    told = {3: [1.0, 0.1], 4: [1, 0], 2: [-1, 0]}
    task._embed = lambda voice: torch.tensor(told[voice], dtype=torch.float32)  # type: ignore[method-assign]
    assert task.verification_eer() == 0
    told |= {3: [1, 0], 4: [-1, 0], 2: [0, 1]}
    assert task.verification_eer() == 1


@pytest.mark.parametrize(
    "splits",
    [{}, {3: "common voice", 4: "test"}, {4: "validation"}, {3: "validation", 4: "validation"}],
    ids=["nobody", "kept out, but not for validation", "one person", "one recording of each"],
)
def test_who_cannot_be_verified_by_validation_is_told_so_and_nobody_else_is_looked_at(
    made_store, tmp_path, capsys, monkeypatch, splits
):
    resplit(made_store, splits)
    monkeypatch.setattr("v2f.training.tasks.speaker.VERIFY_EVERY", 1)
    asked = ["speaker", "--data", str(made_store), "--steps", "2", "--batch", "4", "--device", "cpu"]
    assert main(["train", *asked, "--save-every", "1", "--out", str(tmp_path / "run")]) == 0
    assert capsys.readouterr().out.count("so no equal error rate is measured.") == 1
    assert "EER" not in (tmp_path / "run" / "log.jsonl").read_text()
    assert EER not in load_networks(tmp_path / "run" / WEIGHTS)[2]


@pytest.fixture
def talkative_store(made_store):
    """The made corpus, the fifth recording of which is of the fourth speaker, too."""
    voices = np.load(made_store / store.VOICES)
    voices[4, 2] = 3
    store.write_array(made_store / store.VOICES, voices)
    return made_store


def test_a_recording_of_who_has_several_is_kept_out_whole(talkative_store, tmp_path):
    task = SpeakerTask(Store.open(talkative_store), QUICK, CPU)
    assert task.train_rows.tolist() == [0, 1, 2, 3] and task.heldout_rows.tolist() == [0, 1, 2, 4]
    samples = SECONDS * 16_000
    assert task.crops.crops.lengths.tolist() == [int(0.8 * samples)] * 3 + [samples]
    starts = {}
    task._embed = lambda voice, piece: starts.update({voice: piece.start}) or torch.zeros(64)  # type: ignore[method-assign]
    task.heldout_accuracy()
    assert starts == {0: int(0.8 * samples), 1: int(0.8 * samples), 2: int(0.8 * samples), 4: 0}
    task.finish(tmp_path, 1)
    digest = held_out_digest(Store.open(talkative_store))
    assert digest and load_networks(tmp_path / WEIGHTS)[2][HELD_OUT] == digest


def test_a_run_that_kept_out_something_else_is_not_resumed(talkative_store, tmp_path, monkeypatch, capsys):
    asked = ["speaker", "--data", str(talkative_store), "--out", str(tmp_path / "run"), "--batch", "4"]
    command = ["train", *asked, "--device", "cpu", "--steps"]
    with monkeypatch.context() as earlier:
        for name in ("held_out_digest", "trained_shares"):
            of = {"held_out_digest": "", "trained_shares": np.full(6, 0.8)}[name]
            earlier.setattr(f"v2f.training.tasks.speaker.{name}", lambda _, of=of: of)
        assert main([*command, "1"]) == 0
    assert main([*command, "2", "--resume"]) == 1
    assert "of another version of v2f; begin anew in another folder." in capsys.readouterr().err


def test_where_everybody_has_one_recording_runs_of_earlier_versions_go_on(made_store):
    assert "held out" not in SpeakerTask(Store.open(made_store), QUICK, CPU).settings()


@pytest.mark.slow
def test_a_corpus_of_ones_own_trains_both_stages(made_store: Path, tmp_path: Path) -> None:
    (made_store / store.DVECTORS).unlink()
    task = SpeakerTask(Store.open(made_store), QUICK, CPU)
    losses = [task.step(index) for index in range(60)]
    assert "distance" not in losses[0]
    start, end = means(losses, "cross-entropy")
    assert end < 0.5 * start
    assert task.finish(tmp_path, 60)["held-out accuracy"] > 0.6  # chance is 0.2
    pack = Pack.open(make_pack(made_store, tmp_path / WEIGHTS, tmp_path / "pack.npz", crops=4))
    assert pack.embeddings.shape == (5, 4, 64) and len(pack.faces) == 12
