"""Two processes under torchrun do what one does: same gradients, one log, one checkpoint, one stop."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from v2f.training.distributed import DistributedError, Processes
from v2f.training.presets import PRESETS

pytestmark = pytest.mark.distributed

ROOT = Path(__file__).parents[2]
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]

GRADIENTS = """
import sys
from dataclasses import replace
from pathlib import Path
from safetensors.torch import save_file
from v2f.models import Runtime, VoiceEncoder
from v2f.training.presets import PRESETS
from v2f.training.tasks.small_data import SmallDataTask
from v2f.training.pack import Pack
from v2f.training.distributed import started_by_torchrun

pack, out = Pack.open(sys.argv[1]), sys.argv[2]
with started_by_torchrun("cpu") as (processes, device):
    runtime = Runtime.choose(device, exact=True)
    config = replace(PRESETS["small-data"].adversarial, batch=4, r1=0.0)  # whose own step of Adam would come first
    task = SmallDataTask(pack, VoiceEncoder(), config, runtime, processes)
    values, _ = processes.read(task.step(0), stop=False)
    if processes.writes:
        networks = {"generator": task.generator, "trunk": task.trunk, "classifier": task.classifier}
        gradients = {f"{name}.{key}": p.grad.contiguous() for name, net in networks.items()
                     for key, p in net.named_parameters()}
        save_file(gradients, out, {name: str(value) for name, value in values.items()})
    processes.wait()
"""


def train(start: list[str], stage: str, data: Path, out: Path, *more: object) -> list[str]:
    exact = ("--device", "cpu", "--exact")
    return [
        *start,
        str(ROOT / "train.py"),
        stage,
        "--data",
        str(data),
        "--out",
        str(out),
        *exact,
        *map(str, more),
    ]


def run(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    return subprocess.run(arguments, capture_output=True, text=True, env=environment, check=False)


def logged(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def steps_done(folder: Path) -> int:
    with safe_open(folder / "checkpoint.safetensors", framework="pt") as file:
        return int(file.metadata()["step"])


def test_parts_of_a_batch_are_equal_and_make_up_the_whole() -> None:
    rows = [number for rank in range(4) for number in range(12)[Processes(rank, 4).rows(12)]]
    assert rows == list(range(12))
    with pytest.raises(DistributedError, match="A batch of 10 has no equal parts for 4 processes"):
        Processes(0, 4).rows(10)


def test_two_processes_have_the_gradients_of_one(made_pack_file: Path, tmp_path: Path) -> None:
    script = tmp_path / "gradients.py"
    script.write_text(GRADIENTS)
    for start, name in (([sys.executable], "one"), (TORCHRUN, "two")):
        done = run([*start, str(script), str(made_pack_file), str(tmp_path / name)])
        assert done.returncode == 0, done.stderr
    one, two = load_file(tmp_path / "one"), load_file(tmp_path / "two")
    assert {name.split(".")[0] for name in one} == {"generator", "trunk", "classifier"}
    for name, gradient in one.items():
        assert (two[name] - gradient).norm() <= 1e-3 * gradient.norm(), name  # rounding differs by processor
    with safe_open(tmp_path / "one", "pt") as first, safe_open(tmp_path / "two", "pt") as second:
        losses = second.metadata()
        for name, value in first.metadata().items():
            assert float(losses[name]) == pytest.approx(float(value), rel=1e-4, abs=1e-6), name


def test_two_processes_train_the_encoder_that_one_does(made_store: Path, tmp_path: Path) -> None:
    """Batch normalisation goes by the whole batch, and each clip is augmented as it is in one process."""
    common = ("--batch", 6, "--steps", 4, "--save-every", 2)
    for start, name in (([sys.executable], "one"), (TORCHRUN, "two"), (TORCHRUN, "from the disk")):
        more = ("--memory", 0) if name == "from the disk" else ()
        done = run(train(start, "speaker", made_store, tmp_path / name, *common, *more))
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("held-out accuracy") == 1  # one process tells
    for mine, theirs in zip(logged(tmp_path / "one"), logged(tmp_path / "two"), strict=True):
        assert mine == pytest.approx(theirs, rel=1e-3, abs=1e-4)
    assert logged(tmp_path / "two") == logged(tmp_path / "from the disk")
    one, two = (load_file(tmp_path / name / "checkpoint.safetensors") for name in ("one", "two"))
    averages = [name for name in one if name.endswith(("running_mean", "running_var"))]
    assert one.keys() == two.keys() and len(averages) == 8
    for name in averages:
        torch.testing.assert_close(one[name], two[name], rtol=1e-3, atol=1e-4)


def test_one_then_two_then_one_process_train_what_one_does(made_pack_file, made_encoder, tmp_path) -> None:
    whole, relay, alone = tmp_path / "whole", tmp_path / "relay", [sys.executable]
    common = ("--encoder", made_encoder, "--batch", 4, "--save-every", 2)
    assert run(train(alone, "gan", made_pack_file, whole, *common, "--steps", 6)).returncode == 0
    for start, steps, resume in ((alone, 2, []), (TORCHRUN, 4, ["--resume"]), (alone, 6, ["--resume"])):
        done = run(train(start, "gan", made_pack_file, relay, *common, "--steps", steps, *resume))
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("faces seen") == 1  # one process tells
        assert [line["step"] for line in logged(relay)] == list(range(2, steps + 1, 2))
        assert steps_done(relay) == steps
    assert len(list(relay.glob("samples-*.png"))) == 3
    for mine, theirs in zip(logged(relay), logged(whole), strict=True):
        assert mine == pytest.approx(theirs, rel=1e-2, abs=1e-4)
    one, other = load_file(whole / "v2f.safetensors"), load_file(relay / "v2f.safetensors")
    assert one.keys() == other.keys()
    # Adam makes a whole step of a gradient that is nothing but rounding; such weights are few.
    apart = torch.cat([(one[name] - other[name]).abs().flatten() for name in one])
    rate = PRESETS["small-data"].adversarial.learning_rate
    assert apart.mean() < 0.01 * rate and apart.max() < 7 * 2 * rate


def begun_by_two(pack: Path, encoder: Path, out: Path) -> subprocess.Popen[bytes]:
    """A long training by two processes, once it has its first checkpoint."""
    arguments = train(
        *(TORCHRUN, "gan", pack, out, "--encoder", encoder),
        *("--batch", 4, "--save-every", 2, "--steps", 1000),
    )
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment)
    while not (out / "checkpoint.safetensors").exists() and process.poll() is None:
        time.sleep(0.02)
    return process


@pytest.mark.parametrize("whom", ["torchrun", "the second process"])
def test_sigterm_stops_both_after_the_same_step(whom: str, made_pack_file, made_encoder, tmp_path) -> None:
    out = tmp_path / "run"
    process = begun_by_two(made_pack_file, made_encoder, out)
    os.kill(process.pid if whom == "torchrun" else worker(process.pid, rank=1), signal.SIGTERM)
    _, told = process.communicate(timeout=60)
    assert process.returncode != 0 and not (out / "v2f.safetensors").exists()
    assert told.decode().count("the same command with --resume goes on") == 1
    stopped = steps_done(out)
    assert logged(out)[-1]["step"] == stopped < 1000
    alone = ([sys.executable], "gan", made_pack_file, out, "--encoder", made_encoder)
    done = run(train(*alone, "--batch", 4, "--save-every", 2, "--steps", stopped + 2, "--resume"))
    assert done.returncode == 0, done.stderr
    assert [line["step"] for line in logged(out)] == list(range(2, stopped + 3, 2))


def test_who_is_left_alone_says_so_in_one_sentence(made_pack_file, made_encoder, tmp_path) -> None:
    out = tmp_path / "run"
    process = begun_by_two(made_pack_file, made_encoder, out)
    left, first = (worker(process.pid, rank) for rank in (1, 0))
    os.kill(process.pid, signal.SIGSTOP)  # torchrun would end the other one before it noticed
    os.kill(first, signal.SIGKILL)
    while Path(f"/proc/{left}/stat").read_text().split()[2] != "Z":
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGCONT)
    _, told = process.communicate(timeout=60)
    assert process.returncode != 0
    assert told.decode().count("v2f: The other processes of this run are no longer there: ") == 1
    assert "v2f/training" not in told.decode(), "a traceback"


def worker(torchrun: int, rank: int) -> int:
    """The process id of one of the processes that torchrun started."""
    children = Path(f"/proc/{torchrun}/task/{torchrun}/children").read_text().split()
    for child in children:
        if f"\0RANK={rank}\0".encode() in b"\0" + Path(f"/proc/{child}/environ").read_bytes():
            return int(child)
    raise AssertionError(f"torchrun started no process of rank {rank}: {children}")


def test_what_cannot_be_done_by_two_is_one_sentence(
    made_pack_file, made_encoder, made_store, tmp_path
) -> None:
    uneven = ("gan", made_pack_file, tmp_path / "a", "--encoder", made_encoder, "--batch", 5)
    gender = ("gender", made_store, tmp_path / "b")
    for arguments, sentence in (
        (uneven, "v2f: A batch of 5 has no equal parts for 2 processes; choose another --batch."),
        (gender, "v2f: Only `train.py speaker` and `gan` run under torchrun; start this with `v2f train`."),
    ):
        done = run(train(TORCHRUN, *arguments))
        assert done.returncode == 1
        assert sentence in done.stderr.splitlines()
