"""The training loop: steps, log, sample pictures, checkpoints, and going on after any kind of stop.

A task's step is a function of its parameters and of the step's number alone (seeding.py). So a checkpoint needs no
random state, and a run that was killed and resumed equals one that was not. Of several processes the first writes, and
all stop after the same step: the next one that is logged, for which they exchange values anyway.
"""

import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Protocol

from torch import Tensor

from v2f.errors import WeightsError
from v2f.training.checkpoint import Resumable, has_checkpoint, load_checkpoint, save_checkpoint
from v2f.training.distributed import ALONE, Processes
from v2f.training.run_log import RunLog


class Task(Resumable, Protocol):
    """What is trained. The loop knows nothing else of it."""

    name: str
    batch: int
    unmeasured: str  # a sentence where validation people should be measured while training, and there are none; else ""

    def step(self, index: int) -> dict[str, Tensor]:
        """Do training step `index`; returns scalar losses by name, on the device, not yet read."""

    def validate(self, folder: Path, step: int) -> dict[str, float]:
        """Measure validation people, and write the weights into `folder` if they are the best so far; the figures."""

    def sample_grid(self) -> Tensor | None:
        """A picture of how training goes, uint8 [height, width, 3], or None."""

    def finish(self, folder: Path, step: int) -> dict[str, float]:
        """Write the weights into `folder`; returns final figures."""


@dataclass(frozen=True)
class Schedule:
    """How long to train, how often to log, and how often to validate and save a checkpoint and a picture."""

    steps: int
    log_every: int = 10
    save_every: int = 500


def train(
    task: Task, folder: Path, schedule: Schedule, resume: bool = False, processes: Processes = ALONE
) -> bool:
    """Train into `folder`; True when all steps are done, False when stopped by Ctrl-C or SIGTERM.

    Raises WeightsError when `folder` holds a run already and `resume` is not given, when there is nothing to resume,
    and when the disk is full (what was saved before stays).
    """
    if resume:
        start = load_checkpoint(task, folder)
    elif has_checkpoint(folder):
        raise WeightsError(
            f"{folder} holds a run already; continue it with --resume or choose another folder."
        )
    else:
        start = 0
    if processes.writes:
        folder.mkdir(parents=True, exist_ok=True)
    log = RunLog(folder, start, schedule.steps, task.name, task.batch, processes.writes)
    done = start
    with closing(log):
        if task.unmeasured:
            log.say(task.unmeasured)
        with _stop_on_signal(again=processes.count == 1) as stopped:
            for index in range(start, schedule.steps):
                losses = task.step(index)
                done = index + 1
                stop = bool(stopped) and processes.count == 1
                values: dict[str, float] = {}
                if done % schedule.log_every == 0 or done == schedule.steps:
                    values, stop = processes.read(losses, bool(stopped))
                due = done % schedule.save_every == 0 or done == schedule.steps
                figures = task.validate(folder, done) if due and processes.writes else {}
                if figures:
                    log.validation(done, figures)
                if values or figures:
                    log.losses(done, values | figures)
                log.bar.update()
                if (due or stop) and processes.writes:
                    log.flush()
                    save_checkpoint(task, folder, done)
                    if (picture := task.sample_grid()) is not None:
                        log.samples(done, picture)
                if stop:
                    break
        if done >= schedule.steps and processes.writes:
            log.results(done, task.finish(folder, done))
    processes.wait()
    return done >= schedule.steps


@contextmanager
def _stop_on_signal(again: bool) -> Iterator[list[int]]:
    """A list that gets an entry when Ctrl-C or SIGTERM asks to stop; a second signal, if `again`, acts as usual."""
    received: list[int] = []
    previous = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def stop(number: int, frame: FrameType | None) -> None:
        received.append(number)
        if again:
            signal.signal(number, previous[signal.Signals(number)])

    for number in previous:
        signal.signal(number, stop)
    try:
        yield received
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
