"""A run that was killed and resumed equals one that was not: same log, same weights."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from v2f.__main__ import main
from v2f.training.tasks.adversarial import AdversarialTask

ROOT = Path(__file__).parents[2]
STEPS = 12


def command(stage: str, data: Path, out: Path, *more: str) -> list[str]:
    return [
        *("train", stage, "--data", str(data), "--out", str(out), "--steps", str(STEPS), "--batch", "4"),
        *("--save-every", "3", "--device", "cpu", "--exact", *more),
    ]


def kill_after(arguments: list[str], checkpoint: Path, number: signal.Signals, delay: float) -> int:
    """Start a run and send it a signal `delay` seconds after its first checkpoint; returns its exit code."""
    process = subprocess.Popen(
        [sys.executable, "-m", "v2f", *arguments],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    while not checkpoint.exists() and process.poll() is None:
        time.sleep(0.01)
    time.sleep(delay)
    process.send_signal(number)
    return process.wait()


def assert_equal_runs(one: Path, other: Path, weights: str) -> None:
    assert (one / "log.jsonl").read_text() == (other / "log.jsonl").read_text()
    first, second = load_file(one / weights), load_file(other / weights)
    assert first.keys() == second.keys()
    assert all(first[name].equal(second[name]) for name in first)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """As in the processes that are killed: more threads would add up in another order."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(params=["speaker", "gan"])
def stage(request, made_store, made_encoder, made_pack_file) -> tuple[str, Path, list[str], str]:
    if request.param == "speaker":
        return "speaker", made_store, [], "encoder.safetensors"
    return "gan", made_pack_file, ["--encoder", str(made_encoder)], "v2f.safetensors"


@pytest.mark.distributed
def test_sigkill_then_resume_equals_an_uninterrupted_run(stage, tmp_path):
    name, data, more, weights = stage
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert main(command(name, data, whole, *more)) == 0
    arguments = command(name, data, killed, *more)
    code = kill_after(arguments, killed / "checkpoint.safetensors", signal.SIGKILL, 0.1)
    assert code == -signal.SIGKILL, "the run ended before it was killed"
    assert main([*arguments, "--resume"]) == 0
    assert_equal_runs(whole, killed, weights)


@pytest.mark.distributed
def test_sigterm_saves_a_checkpoint_and_says_how_to_go_on(made_pack_file, made_encoder, tmp_path):
    out = tmp_path / "run"
    arguments = command("gan", made_pack_file, out, "--encoder", str(made_encoder))
    assert kill_after(arguments, out / "checkpoint.safetensors", signal.SIGTERM, 0.0) == 130
    assert not (out / "v2f.safetensors").exists()
    assert main([*arguments, "--resume"]) == 0
    steps = [json.loads(line)["step"] for line in (out / "log.jsonl").read_text().splitlines()]
    assert steps == sorted(set(steps)) and steps[-1] == STEPS


def test_a_damaged_checkpoint_gives_way_to_the_one_before(stage, tmp_path, capsys):
    name, data, more, weights = stage
    whole, damaged = tmp_path / "whole", tmp_path / "damaged"
    for out in (whole, damaged):
        assert main(command(name, data, out, *more)) == 0
    last = damaged / "checkpoint.safetensors"
    last.write_bytes(last.read_bytes()[:-1000])
    capsys.readouterr()
    assert main([*command(name, data, damaged, *more), "--resume"]) == 0
    assert "is damaged; going on from the checkpoint before, step 9." in capsys.readouterr().err
    assert_equal_runs(whole, damaged, weights)


def test_user_mistakes_are_one_sentence(made_pack_file, made_encoder, made_store, tmp_path, capsys):
    gan = ["--encoder", str(made_encoder)]
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "checkpoint.safetensors").write_bytes(b"not a checkpoint")
    other_encoder = tmp_path / "other.safetensors"
    other_encoder.write_bytes(b"not weights")
    for arguments in (
        command("gan", tmp_path / "missing.npz", tmp_path / "a", *gan),
        command("gan", made_store / "faces.npy", tmp_path / "b", *gan),
        command("gan", made_pack_file, tmp_path / "c", "--encoder", str(other_encoder)),
        command("gan", made_pack_file, tmp_path / "d", *gan, "--resume"),
        command("gan", made_pack_file, broken, *gan, "--resume"),
        command("gan", made_pack_file, broken, *gan),
        command("speaker", tmp_path, tmp_path / "e"),
    ):
        assert main(arguments) == 1
        said = capsys.readouterr().err
        assert said.startswith("v2f: ") and said.count("\n") == 1, said


def test_a_picture_that_cannot_be_drawn_costs_no_checkpoint(
    made_pack_file, made_encoder, tmp_path, monkeypatch
):
    def fails(task: AdversarialTask) -> None:
        raise IndexError

    monkeypatch.setattr(AdversarialTask, "sample_grid", fails)
    arguments = command("gan", made_pack_file, tmp_path / "run", "--encoder", str(made_encoder))
    with pytest.raises(IndexError):
        main(arguments)
    monkeypatch.undo()
    assert main([*arguments, "--resume"]) == 0


def test_a_run_that_is_resumed_otherwise_says_how_it_was_begun(stage, tmp_path, capsys):
    name, data, more, _ = stage
    arguments = command(name, data, tmp_path / "run", *more)
    assert main([*arguments, "--batch", "2"]) == 0
    capsys.readouterr()
    assert main([*arguments, "--seed", "1", "--resume"]) == 1
    assert capsys.readouterr().err.endswith(
        "checkpoint.safetensors was made with batch 2, not 4; seed 0, not 1.\n"
    )
