"""How fast training is fed from a store that is larger than memory may hold, beside one that is held in memory.

Both do the same in turns in one run. Before each turn of the former the system forgets what it has read of the file, so
that all of it comes from the disk.
"""

import mmap
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from math import inf
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.prepare import write_store
from benchmarks.step import made_pack, write_pack
from benchmarks.timing import Row, Table, in_turns
from v2f.data.store import Store
from v2f.models import Runtime, VoiceEncoder
from v2f.training.pack import Pack
from v2f.training.presets import PRESETS
from v2f.training.seeding import seeded_generator
from v2f.training.tasks.adversarial import AdversarialTask
from v2f.training.tasks.speaker import SpeakerTask

FACES, RECORDINGS = 100_000, 4_000  # 1.2 GB and 1 GB
LIMIT = 0.1e9  # bytes that may be held
ROUNDS = 5
BATCHES = 100  # fed in a round
BATCH = 32  # of the steps that are measured; of what is fed alone the paper's 128
STEPS = 3  # in a round
FOREVER = 1_000_000  # steps
Ways = dict[str, Callable[[], None]]


def measure(folder: Path | None) -> Iterator[Table]:
    """Faces and crops, by themselves and in training."""
    runtime = Runtime.choose()
    with TemporaryDirectory(dir=folder) as place:
        pack, store = write_pack(made_pack(faces=FACES), Path(place) / "pack.npz"), Path(place) / "store"
        store.mkdir()
        write_store(RECORDINGS, 100, store)
        yield (
            "A store larger than memory may hold",
            [
                compared("faces fed, batches of 128", fed_faces(pack, runtime), 128 * BATCHES),
                compared(f"faces in training, batches of {BATCH}", trained(pack, runtime), BATCH * STEPS),
                compared(f"recordings in training, batches of {BATCH}", heard(store, runtime), BATCH * STEPS),
            ],
        )


def compared(name: str, ways: Ways, count: int) -> Row:
    """A row about the ways `held` and `disk`, which each take `count` faces or recordings."""
    took = in_turns(ways, ROUNDS)
    ratios = sorted(a / b for a, b in zip(took["held"], took["disk"], strict=True))
    return {
        "measured": name,
        "held in memory": f"{count / median(took['held']):,.0f} a second",
        "from the disk": f"{count / median(took['disk']):,.0f} a second",
        "of the rate": f"{median(ratios):.0%} ({ratios[0]:.0%} to {ratios[-1]:.0%})",
    }


def fed_faces(pack: Path, runtime: Runtime) -> Ways:
    """BATCHES batches of the paper's 128 faces each, with the embeddings beside them, and no step."""

    def feeding(task: AdversarialTask) -> Callable[[], None]:
        sampler, first = task.sampler, iter(range(0, FOREVER, BATCHES))

        def feed() -> None:
            start = next(first)
            for step in range(start, start + BATCHES):
                sampler.prepare(step)
                sampler.batch(seeded_generator(runtime.device, sampler.config.seed, step))

        return feed

    held, disk = (gan(pack, runtime, limit, batch=128) for limit in (inf, LIMIT))
    return {"held": feeding(held), "disk": forgetting(disk.pack.faces, feeding(disk))}


def trained(pack: Path, runtime: Runtime) -> Ways:
    """STEPS steps of Algorithm 1."""
    held, disk = (gan(pack, runtime, limit, BATCH) for limit in (inf, LIMIT))
    return {"held": steps_of(held), "disk": forgetting(disk.pack.faces, steps_of(disk))}


def heard(store: Path, runtime: Runtime) -> Ways:
    """STEPS steps of stage one."""
    config = replace(PRESETS["paper"].speaker, steps=FOREVER, batch=BATCH)
    held, disk = (SpeakerTask(Store.open(store), config, runtime, limit=limit) for limit in (inf, LIMIT))
    return {"held": steps_of(held), "disk": forgetting(disk.store.speech, steps_of(disk))}


def gan(pack: Path, runtime: Runtime, limit: float, batch: int) -> AdversarialTask:
    config = replace(PRESETS["paper"].adversarial, steps=FOREVER, batch=batch)
    return AdversarialTask(Pack.open(pack, limit), VoiceEncoder(), config, runtime)


def steps_of(task: AdversarialTask | SpeakerTask) -> Callable[[], None]:
    first = iter(range(0, FOREVER, STEPS))

    def train() -> None:
        start = next(first)
        for index in range(start, start + STEPS):
            task.step(index)

    return train


def forgetting(array: np.ndarray, way: Callable[[], None]) -> Callable[[], None]:
    """The same, after the system has forgotten what it had read of a memory map."""
    assert isinstance(array, np.memmap) and isinstance(array.base, mmap.mmap) and array.filename
    file, mapped = array.filename, array.base

    def run() -> None:
        mapped.madvise(mmap.MADV_DONTNEED)
        descriptor = os.open(file, os.O_RDONLY)
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)
        way()

    return run
