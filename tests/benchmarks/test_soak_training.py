"""A soak of training watches its memory and that its checkpoints replace each other."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from benchmarks import soak_training
from benchmarks.soak import Footprint
from benchmarks.soak_training import TrainingSoak, tables
from tests.support.browser import BenchError


def save(folder: Path, step: int) -> None:
    save_file({"weight": torch.zeros(1)}, folder / "checkpoint.safetensors", {"step": str(step)})


def test_a_checkpoint_is_counted_once(tmp_path: Path) -> None:
    soak = TrainingSoak(minutes=120)
    soak.look(tmp_path)
    for step in (100, 100, 200):
        save(tmp_path, step)
        soak.look(tmp_path)
    assert (soak.checkpoints, soak.steps) == (2, 200)
    save(tmp_path, 100)
    with pytest.raises(BenchError, match="of step 100 has replaced one of step 200"):
        soak.look(tmp_path)


def test_a_soak_whose_checkpoints_stand_still_has_not_passed() -> None:
    flat = [Footprint(minute, 100, 100, files=4, disk_bytes=100, disk_files=2) for minute in range(10, 120)]
    assert not TrainingSoak(minutes=120, samples=flat, checkpoints=1).passed()
    assert TrainingSoak(minutes=120, samples=flat, checkpoints=2).passed()


def test_training_that_fails_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soak_training, "SAVE_EVERY", -1)
    with pytest.raises(BenchError, match="(?s)Training fails: .*--save-every: takes 1 or more"):
        soak_training.run(minutes=1)


@pytest.mark.slow
def test_a_short_soak_trains_and_is_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soak_training, "SAVE_EVERY", 1)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    soak = soak_training.run(minutes=0.75)
    (_, facts), (_, rows) = tables(soak)
    assert soak.steps >= soak.checkpoints >= 2
    # One sample may see one file alone: the moment in which the last checkpoint has become the one before.
    assert max(sample.disk_files for sample in soak.samples) == 2 and len(rows) == 5
    assert facts[0][""] == f"{soak.steps:,}"
