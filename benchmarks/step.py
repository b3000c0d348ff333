"""A training step of Algorithm 1, beside the baseline's: at the paper's batch, by batch, and by processes."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.baseline import BaselineTraining
from benchmarks.timing import Roofline, Row, Table, Work, compare, in_turns, parameter_bytes, spread
from tests.support.browser import REPOSITORY, BenchError
from v2f.models import NetworkConfig, Runtime, VoiceEncoder, save_networks
from v2f.models.weights import digest_of
from v2f.training.pack import Pack
from v2f.training.presets import PRESETS
from v2f.training.tasks.adversarial import AdversarialTask

ROUNDS = 5
REPEATS = {"cpu": 1, "cuda": 20}  # steps in a round: a GPU is given the next while it computes
BATCHES = (16, 32, 64, 128)
PROCESS_BATCH, PROCESS_STEPS = 32, 50  # the batch is that of all processes together
ADAM_BYTES = (
    28  # a parameter: itself, its gradient and two moments read, all but the gradient written, float32
)
CROPS = 8  # embeddings a voice of the made pack


def measure(batch: int) -> Iterator[Table]:
    """On the processor, or on a GPU where there is one."""
    runtime, pack = Runtime.choose(), made_pack()
    roofline = Roofline.measure(runtime)
    yield "Peaks", roofline.rows()
    yield "A training step", [step(pack, batch, runtime, roofline)]
    yield "By batch", by_batch(runtime)
    yield "By processes", by_processes()


def step(pack: Pack, batch: int, runtime: Runtime, roofline: Roofline) -> Row:
    """One step of the paper's preset in both ways."""
    task, baseline = make_task(pack, batch, runtime), BaselineTraining(pack, batch, runtime.device)
    ways: dict[str, Callable[[], object]] = {"ours": partial(task.step, 0), "baseline": baseline.step}
    took = in_turns(ways, ROUNDS, REPEATS[runtime.device.type])
    row = compare(f"step of Algorithm 1, batch {batch}", took, step_work(batch, pack.identities), roofline)
    return row | {"measured": f"{row['measured']} ({batch / median(took['ours']):,.0f} faces a second)"}


def by_batch(runtime: Runtime) -> list[Row]:
    pack = made_pack()
    tasks = {batch: make_task(pack, batch, runtime) for batch in BATCHES}
    took = in_turns({str(batch): partial(task.step, 0) for batch, task in tasks.items()}, ROUNDS)
    return [
        {
            "batch": str(batch),
            "a step": spread(took[str(batch)]),
            "a face": f"{1000 * median(took[str(batch)]) / batch:.2f} ms",
        }
        for batch in BATCHES
    ]


def by_processes() -> list[Row]:
    """train.py in one process on one core, and by torchrun in two with a core each, the whole batch the same."""
    took: dict[int, list[float]] = {1: [], 2: []}
    with TemporaryDirectory() as folder:
        pack, encoder = save_made_pack(Path(folder))
        for turn in range(2):
            for count in took:
                took[count] += step_times(count, pack, encoder, Path(folder) / f"run-{turn}-{count}")
    return [
        {
            "processes": str(count),
            f"a step, batch {PROCESS_BATCH}": spread(seconds),
            "speed-up": f"{median(took[1]) / median(seconds):.2f}",
        }
        for count, seconds in took.items()
    ]


def step_times(count: int, pack: Path, encoder: Path, out: Path) -> list[float]:
    """Run train.py in so many processes -> seconds of a step, by the times at which the log's lines were written.

    Raises BenchError when it fails.
    """
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(count)]
    command += ["train.py", "gan", "--preset", "paper", "--device", "cpu", "--save-every", str(PROCESS_STEPS)]
    command += ["--steps", str(PROCESS_STEPS), "--batch", str(PROCESS_BATCH)]
    command += ["--data", str(pack), "--encoder", str(encoder), "--out", str(out)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise BenchError(f"train.py in {count} processes fails: {done.stderr.strip()[-300:]}")
    curves = EventAccumulator(str(out))
    curves.Reload()
    return [(b.wall_time - a.wall_time) / (b.step - a.step) for a, b in pairwise(curves.Scalars("loss_D"))]


def make_task(pack: Pack, batch: int, runtime: Runtime, seed: int = 0) -> AdversarialTask:
    """The paper's preset, but for batch and seed."""
    config = replace(PRESETS["paper"].adversarial, batch=batch, seed=seed)
    return AdversarialTask(pack, VoiceEncoder(), config, runtime)


def step_work(batch: int, identities: int) -> Work:
    """Of one step, the trunk run once over real and generated faces; the bytes are Adam's.

    Counted on the CPU at a batch of two, because a GPU may run a step as a graph, which hides its operations.
    """
    task = make_task(made_pack(identities=identities), 2, Runtime(torch.device("cpu"), "float32"))
    with FlopCounterMode(display=False) as counter:
        task.step(0)
    return Work(counter.get_total_flops() * batch / 2, gradient_bytes(task) * ADAM_BYTES / 4)


def gradient_bytes(task: AdversarialTask) -> int:
    """Bytes of all gradients of a step, in float32: what several processes exchange."""
    networks = (task.generator, task.trunk, task.discriminator, task.classifier)
    return parameter_bytes(parameter for network in networks for parameter in network.parameters())


def made_pack(faces: int = 2048, voices: int = 512, identities: int = 128) -> Pack:
    """A training pack of random pictures and unit embeddings; what they show makes no difference to the time."""
    rng = np.random.default_rng(0)
    embeddings = rng.standard_normal((voices, CROPS, 64), dtype=np.float32)
    embeddings /= np.linalg.norm(embeddings, axis=2, keepdims=True)
    return Pack(
        faces=rng.integers(0, 256, (faces, 64, 64, 3), dtype=np.uint8),
        face_identity=np.arange(faces, dtype=np.int32) % identities,
        embeddings=embeddings.astype(np.float16),
        voice_identity=np.arange(voices, dtype=np.int32) % identities,
        voice_female=np.arange(voices) % 2 == 0,
        people=np.array(["nobody"]),
        hashes=("made", "made"),
    )


def save_made_pack(folder: Path) -> tuple[Path, Path]:
    """A made pack and the encoder that it says it was made with -> their paths."""
    pack, encoder = folder / "pack.npz", folder / "encoder.safetensors"
    network = VoiceEncoder()
    save_networks(encoder, {"encoder": network}, NetworkConfig(), {}, half=False)
    return write_pack(replace(made_pack(), hashes=("made", digest_of(network.state_dict()))), pack), encoder


def write_pack(made: Pack, path: Path) -> Path:
    """Write a pack as `v2f train pack` does; returns its path."""
    arrays: dict[str, Any] = {
        name: np.array(value) for name, value in vars(made).items() if value is not None
    }
    np.savez(path, **arrays)
    return path
