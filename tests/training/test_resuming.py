"""A run that was killed and resumed equals one that was not: same log, same weights."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from safetensors.torch import load_file

from v2f.__main__ import main
from v2f.models import load_networks
from v2f.training.tasks.adversarial import BEST, BEST_MATCHING, BEST_STEP, MATCHING, AdversarialTask

ROOT = Path(__file__).parents[2]
STEPS = {"speaker": 12, "gan": 6}  # those of the first take no time, and it must not end before it is killed
SAVE_EVERY = 3


class Stage(NamedTuple):
    """A stage, what it is given, and a run of it that nothing stopped."""

    name: str
    data: Path
    more: list[str]
    weights: str
    whole: Path
    said: str

    def command(self, out: Path) -> list[str]:
        return command(self.name, self.data, out, *self.more)


def command(stage: str, data: Path, out: Path, *more: str) -> list[str]:
    return [
        *("train", stage, "--data", str(data), "--out", str(out), "--steps", str(STEPS[stage])),
        *("--batch", "4", "--save-every", str(SAVE_EVERY), "--device", "cpu", "--exact", *more),
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


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """As in the processes that are killed: more threads would add up in another order."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def run_whole(name: str, data: Path, more: list[str], weights: str, out: Path) -> Stage:
    said = StringIO()
    with redirect_stdout(said):
        assert main(command(name, data, out, *more)) == 0
    return Stage(name, data, more, weights, out, said.getvalue())


@pytest.fixture(scope="module")
def speaker(one_thread, shared_store, tmp_path_factory) -> Stage:
    out = tmp_path_factory.mktemp("whole") / "speaker"
    return run_whole("speaker", shared_store, [], "encoder.safetensors", out)


@pytest.fixture(scope="module")
def gan(one_thread, shared_pack_file, shared_encoder, tmp_path_factory) -> Stage:
    more, out = ["--encoder", str(shared_encoder)], tmp_path_factory.mktemp("whole") / "gan"
    return run_whole("gan", shared_pack_file, more, "v2f.safetensors", out)


@pytest.fixture(params=["speaker", "gan"])
def stage(request) -> Stage:
    found: Stage = request.getfixturevalue(request.param)
    return found


@pytest.mark.distributed
def test_sigkill_then_resume_equals_an_uninterrupted_run(stage, tmp_path):
    killed = tmp_path / "killed"
    arguments = stage.command(killed)
    code = kill_after(arguments, killed / "checkpoint.safetensors", signal.SIGKILL, 0.1)
    assert code == -signal.SIGKILL, "the run ended before it was killed"
    assert main([*arguments, "--resume"]) == 0
    assert_equal_runs(stage.whole, killed, stage.weights)


@pytest.mark.distributed
def test_sigterm_saves_a_checkpoint_and_says_how_to_go_on(made_pack_file, made_encoder, tmp_path):
    out = tmp_path / "run"
    arguments = command("gan", made_pack_file, out, "--encoder", str(made_encoder))
    assert kill_after(arguments, out / "checkpoint.safetensors", signal.SIGTERM, 0.0) == 130
    assert not (out / "v2f.safetensors").exists()
    assert main([*arguments, "--resume"]) == 0
    steps = [json.loads(line)["step"] for line in (out / "log.jsonl").read_text().splitlines()]
    assert steps == sorted(set(steps)) and steps[-1] == STEPS["gan"]


def test_a_damaged_checkpoint_gives_way_to_the_one_before(stage, tmp_path, capsys):
    damaged = Path(shutil.copytree(stage.whole, tmp_path / "damaged"))
    last = damaged / "checkpoint.safetensors"
    last.write_bytes(last.read_bytes()[:-1000])
    (damaged / stage.weights).unlink()
    assert main([*stage.command(damaged), "--resume"]) == 0
    before = STEPS[stage.name] - SAVE_EVERY
    assert f"is damaged; going on from the checkpoint before, step {before}." in capsys.readouterr().err
    assert_equal_runs(stage.whole, damaged, stage.weights)


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


def test_a_run_of_another_stage_or_version_is_one_sentence(stage, speaker, gan, capsys):
    other = gan if stage is speaker else speaker
    assert main([*other.command(stage.whole), "--resume"]) == 1
    said = capsys.readouterr().err
    assert said.endswith("of another stage or of another version of v2f; begin anew in another folder.\n")
    assert said.count("\n") == 1


def test_a_run_that_is_resumed_otherwise_says_how_it_was_begun(stage, capsys):
    assert main([*stage.command(stage.whole), "--batch", "2", "--seed", "1", "--resume"]) == 1
    assert capsys.readouterr().err.endswith(
        "checkpoint.safetensors was made with batch 4, not 2; seed 0, not 1.\n"
    )


def test_validation_people_are_matched_at_every_save_and_the_log_says_which_was_best(
    validated_pack_file, made_encoder, tmp_path, capsys
):
    out = tmp_path / "run"
    arguments = command("gan", validated_pack_file, out, "--encoder", str(made_encoder))
    assert main(arguments) == 0
    said = capsys.readouterr().out
    log = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    measured = {line["step"]: line for line in log if MATCHING in line}
    assert list(measured) == [3, 6]
    best = measured[6][BEST_STEP]
    assert (
        measured[6][BEST_MATCHING]
        == measured[best][MATCHING]
        == max(line[MATCHING] for line in measured.values())
    )
    assert f"step 6: {MATCHING} " in said and f"{BEST} is of step: {best:g}" in said
    assert load_networks(out / BEST)[2]["steps"] == f"{best:g}"
    assert "nothing is measured" not in said


def test_a_resumed_run_keeps_the_same_best_weights(validated_pack_file, made_encoder, tmp_path, monkeypatch):
    """Matching falls from step to step, so that the first weights stay the best."""
    monkeypatch.setattr(AdversarialTask, "validation_matching", lambda _: next(falling))
    runs = tmp_path / "whole", tmp_path / "resumed"
    for out in runs:
        falling = iter([0.9, 0.8])
        arguments = command("gan", validated_pack_file, out, "--encoder", str(made_encoder))
        if out == runs[1]:
            shorter = ["--steps", str(SAVE_EVERY)]
            assert main([*arguments, *shorter]) == 0
            arguments.append("--resume")
        assert main(arguments) == 0
    assert (runs[0] / BEST).read_bytes() == (runs[1] / BEST).read_bytes()
    assert_equal_runs(*runs, BEST)


def test_without_validation_people_one_sentence_says_that_nothing_is_measured(gan):
    assert gan.said.count("nothing is measured while training") == 1
    assert MATCHING not in (gan.whole / "log.jsonl").read_text() and not (gan.whole / BEST).exists()
