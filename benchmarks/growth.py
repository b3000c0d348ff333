"""How cost grows: training with iterations, batch and processes; preparing with hours of recordings.

Serving, with visitors at once, is in serving.py.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from benchmarks.prepare import as_wav, grown
from benchmarks.rates import waiting
from benchmarks.tables import Row, Titled
from benchmarks.training import gradient_bytes, made_pack, make_task
from benchmarks.turns import in_turns, milliseconds
from tests.support.browser import EXAMPLES, REPOSITORY, BenchError
from v2f.audio import SAMPLE_RATE, read_audio
from v2f.data.sources import Source
from v2f.models import NetworkConfig, Runtime, VoiceEncoder, file_hash, save_networks

STEPS, STEPS_BATCH = (5, 10, 20, 40), 16
BATCHES = (16, 32, 64, 128)
PROCESS_BATCH, PROCESS_STEPS = 32, 50  # the batch is that of all processes together
COMPUTED, COMPUTED_BATCH = (1, 2, 4, 8, 16), 128  # processes; Sec. 4's batch
HOURS = (0.25, 0.5, 1.0, 2.0)
ROUNDS = 3
SUMS = 10  # of all gradients


def measure() -> Iterator[Titled]:
    """A table for each question, as they come."""
    runtime = Runtime.choose()
    yield "Training time by iterations", iterations(runtime)
    by_batch = batches(runtime)
    yield "Training time by batch", batch_rows(by_batch)
    yield "Training time by processes, measured", processes()
    size = gradient_bytes(make_task(made_pack(), 2, runtime))
    yield "Training time by processes, computed", computed(by_batch, size, summing_rate(size))
    yield "Preparing time by hours of recordings", preparing()


def iterations(runtime: Runtime) -> list[Row]:
    """More and more steps, each in a run of its own."""
    task = make_task(made_pack(), STEPS_BATCH, runtime)

    def run(steps: int) -> None:
        for index in range(steps):
            task.step(index)
        waiting(runtime.device)()

    took = in_turns({str(steps): partial(run, steps) for steps in STEPS}, ROUNDS)
    return [
        {
            "iterations": str(steps),
            "batch": str(STEPS_BATCH),
            "time": f"{median(took[str(steps)]):.2f} s",
            "a step": milliseconds([seconds / steps for seconds in took[str(steps)]]),
        }
        for steps in STEPS
    ]


def batches(runtime: Runtime) -> dict[int, list[float]]:
    """Seconds of a step at each batch."""
    tasks = {batch: make_task(made_pack(), batch, runtime) for batch in BATCHES}
    took = in_turns(
        {str(batch): partial(task.step, 0) for batch, task in tasks.items()},
        ROUNDS,
        wait=waiting(runtime.device),
    )
    return {batch: took[str(batch)] for batch in BATCHES}


def batch_rows(by_batch: dict[int, list[float]]) -> list[Row]:
    return [
        {
            "batch": str(batch),
            "a step": milliseconds(seconds),
            "a face": f"{1000 * median(seconds) / batch:.1f} ms",
        }
        for batch, seconds in by_batch.items()
    ]


def processes() -> list[Row]:
    """train.py in one process on one core, and by torchrun in two with a core each, the whole batch the same."""
    took: dict[int, list[float]] = {1: [], 2: []}
    with TemporaryDirectory() as folder:
        pack, encoder = save_made_pack(Path(folder))
        for turn in range(2):
            for count in took:
                out = Path(folder) / f"run-{turn}-{count}"
                took[count] += step_times(count, pack, encoder, out)
    return [
        {
            "processes": str(count),
            "batch": str(PROCESS_BATCH),
            "a step": milliseconds(seconds),
            "times as fast": f"{median(took[1]) / median(seconds):.2f}",
        }
        for count, seconds in took.items()
    ]


def save_made_pack(folder: Path) -> tuple[Path, Path]:
    """A made pack and the encoder that it says it was made with -> their paths."""
    pack, encoder = folder / "pack.npz", folder / "encoder.safetensors"
    save_networks(encoder, {"encoder": VoiceEncoder()}, NetworkConfig(), {})
    made = replace(made_pack(), hashes=("made", file_hash(encoder)))
    arrays: dict[str, Any] = {
        name: np.array(value) for name, value in vars(made).items() if value is not None
    }
    np.savez(pack, **arrays)
    return pack, encoder


def step_times(count: int, pack: Path, encoder: Path, out: Path) -> list[float]:
    """Run train.py in so many processes -> seconds of a step, by the times at which the log's lines were written.

    Raises BenchError when it fails, or when its processes do not share one run.
    """
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(count)]
    command += ["train.py", "gan", "--preset", "paper", "--device", "cpu", "--save-every", str(PROCESS_STEPS)]
    command += ["--steps", str(PROCESS_STEPS), "--batch", str(PROCESS_BATCH)]
    command += ["--data", str(pack), "--encoder", str(encoder), "--out", str(out)]
    done = subprocess.run(
        command, cwd=REPOSITORY, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True
    )
    events = list(out.glob("events*"))
    if done.returncode:
        raise BenchError(f"train.py in {count} processes fails: {done.stderr.strip()[-300:]}")
    if len(events) != 1:
        raise BenchError(f"train.py in {count} processes writes {len(events)} runs instead of one.")
    curves = EventAccumulator(str(out))
    curves.Reload()
    logged = curves.Scalars("fooling")
    return [(b.wall_time - a.wall_time) / (b.step - a.step) for a, b in pairwise(logged)]


def summing_rate(size: int) -> float:
    """Bytes a second at which two processes on this machine add up so many bytes of gradients, by gloo."""
    with TemporaryDirectory() as folder:
        mp.spawn(add_up, args=(folder, size), nprocs=2)
        seconds = float((Path(folder) / "seconds").read_text())
    return size / seconds


def add_up(rank: int, folder: str, size: int) -> None:
    """One of two processes: add up `size` bytes of float32 with the other's; the first writes the median time."""
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=2)
    gradients, took = torch.zeros(size // 4), []
    for _ in range(SUMS):
        dist.barrier()
        began = time.perf_counter()
        dist.all_reduce(gradients)
        took.append(time.perf_counter() - began)
    if rank == 0:
        (Path(folder) / "seconds").write_text(str(median(took)))
    dist.destroy_process_group()


def computed(by_batch: dict[int, list[float]], size: int, rate: float) -> list[Row]:
    """The step of several machines like this one, each with its share of the batch, not measured.

    Its share takes as long as that batch does, or as the line through the two smallest says of smaller ones; then a
    ring adds up the gradients, through which each machine passes 2 (n - 1) / n of their bytes, at the rate of two
    processes here, and nothing overlaps.
    """
    took = {batch: median(seconds) for batch, seconds in sorted(by_batch.items())}
    smallest, second = list(took)[:2]
    at_nothing = took[smallest] - (took[second] - took[smallest]) / (second - smallest) * smallest
    known = {0: at_nothing, **took}
    steps = {
        count: (
            float(np.interp(COMPUTED_BATCH / count, list(known), list(known.values()))),
            2 * (count - 1) / count * size / rate,
        )
        for count in COMPUTED
    }
    return [
        {
            "processes": str(count),
            "its share of batch 128": f"{1000 * share:.0f} ms",
            f"{size / 1e6:.0f} MB of gradients at {rate / 1e9:.1f} GB/s": f"{1000 * adding:.0f} ms",
            "a step": f"{1000 * (share + adding):.0f} ms",
            "times as fast": f"{sum(steps[1]) / (share + adding):.2f}",
        }
        for count, (share, adding) in steps.items()
    ]


def preparing() -> list[Row]:
    """The bundled examples again and again, until they last so many hours, by one worker."""
    with TemporaryDirectory() as folder:
        clips = [as_wav(path, Path(folder)) for path in EXAMPLES]
        seconds = sum(read_audio(clip).size for clip in clips) / SAMPLE_RATE
        copies = {hours: max(1, round(3600 * hours / seconds)) for hours in HOURS}
        ways = {str(hours): partial(grown, copied(clips, count), 1) for hours, count in copies.items()}
        took = in_turns(ways, ROUNDS)
    return [
        {
            "hours": f"{count * seconds / 3600:.2f}",
            "recordings": str(count * len(EXAMPLES)),
            "time": f"{median(took[str(hours)]):.2f} s",
            "an hour": milliseconds([one / (count * seconds / 3600) for one in took[str(hours)]]),
        }
        for hours, count in copies.items()
    ]


def copied(clips: Sequence[Path], count: int) -> list[Source]:
    return [Source(clip, f"{copy}/{clip.name}", clip.stem) for copy in range(count) for clip in clips]
