"""The training loop: steps, log, sample pictures, checkpoints, and going on after any kind of stop.

A task's step is a function of its parameters and of the step's number alone: every random draw comes from a
generator seeded by (seed, step). So a checkpoint needs no random state, and a run that was killed and resumed
equals one that was not. Checkpoints are safetensors, written whole or not at all. Of several processes the first
writes, and all stop after the same step: the next one that is logged, for which they exchange values anyway.
"""

import json
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Protocol

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from v2f.errors import WeightsError
from v2f.training.distributed import ALONE, Processes

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

CHECKPOINT = "checkpoint.safetensors"
LOG = "log.jsonl"


class Task(Protocol):
    """What is trained. The loop knows nothing else of it."""

    name: str
    batch: int

    def step(self, index: int) -> dict[str, Tensor]:
        """Do training step `index`; returns scalar losses by name, on the device, not yet read."""

    def state(self) -> dict[str, Tensor]:
        """Every tensor that the following steps depend on."""

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Take back what `state` gave."""

    def settings(self) -> dict[str, object]:
        """The configuration, so that a run is resumed with the one it was started with."""

    def show(self) -> Tensor | None:
        """A picture of how training goes, uint8 [height, width, 3], or None."""

    def finish(self, folder: Path, step: int) -> dict[str, float]:
        """Write the weights into `folder`; returns final figures."""


class LearnedParts:
    """What a task of one optimizer and nothing to look at has to keep: the half of a `Task` about its state."""

    parts: nn.ModuleDict
    optimizer: torch.optim.Optimizer

    def state(self) -> dict[str, Tensor]:
        return prefixed("parts", self.parts.state_dict()) | prefixed("adam", optimizer_state(self.optimizer))

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        self.parts.load_state_dict(without_prefix("parts", state))
        load_optimizer_state(self.optimizer, without_prefix("adam", state))

    def show(self) -> None:
        """There is nothing to look at."""


@dataclass(frozen=True)
class Schedule:
    """How long to train, how often to log, and how often to save a checkpoint and a picture."""

    steps: int
    log_every: int = 10
    save_every: int = 500


def train(
    task: Task, folder: Path, schedule: Schedule, resume: bool = False, processes: Processes = ALONE
) -> bool:
    """Train into `folder`; True when all steps are done, False when stopped by Ctrl-C or SIGTERM.

    Raises WeightsError when `folder` holds a run already and `resume` is not asked for, when there is nothing
    to resume, and when the disk is full (what was saved before stays).
    """
    from torch.utils.tensorboard import SummaryWriter
    from tqdm import tqdm

    start = _resume(task, folder, processes.writes) if resume else _begin(folder, processes.writes)
    writer = SummaryWriter(str(folder), purge_step=start) if processes.writes else None
    log_path = folder / LOG if processes.writes else os.devnull
    with (
        _stop_on_signal(again=processes.count == 1) as stopped,
        open(log_path, "a", encoding="utf-8") as log,
        tqdm(desc=task.name, initial=start, total=schedule.steps, unit="step", disable=writer is None) as bar,
    ):
        done = start
        for index in range(start, schedule.steps):
            losses = task.step(index)
            done = index + 1
            stop = bool(stopped) and processes.count == 1
            if done % schedule.log_every == 0 or done == schedule.steps:
                values, stop = processes.read(losses, bool(stopped))
                if writer:
                    log.write(json.dumps({"step": done, **values}) + "\n")
                    for name, value in values.items():
                        writer.add_scalar(name, value, done)
                    shown = {name: f"{value:.3f}" for name, value in values.items()}
                    rate = (bar.format_dict["rate"] or 0) * task.batch
                    bar.set_postfix({"samples/s": f"{rate:.0f}", **shown}, refresh=False)
            bar.update()
            if writer and (done % schedule.save_every == 0 or done == schedule.steps or stop):
                _show(task, writer, folder, done)
                log.flush()
                save_checkpoint(task, folder, done)
            if stop:
                break
    if writer:
        if done >= schedule.steps:
            for name, value in task.finish(folder, done).items():
                writer.add_scalar(name, value, done)
                print(f"{name}: {value:.4g}")
        writer.close()
    processes.wait()
    return done >= schedule.steps


def save_checkpoint(task: Task, folder: Path, step: int) -> None:
    """Write the task's state, atomically."""
    path = folder / CHECKPOINT
    partial = path.with_suffix(".part")
    metadata = {"step": str(step), "settings": json.dumps(task.settings(), sort_keys=True)}
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in task.state().items()}
    try:
        save_file(state, partial, metadata)
        with open(partial, "rb") as file:
            os.fsync(file.fileno())
        partial.replace(path)
    except (OSError, SafetensorError) as error:
        partial.unlink(missing_ok=True)
        raise WeightsError(f"The checkpoint could not be written to {path}: {error}") from error


def _begin(folder: Path, writes: bool) -> int:
    if (folder / CHECKPOINT).exists():
        raise WeightsError(
            f"{folder} holds a run already; continue it with --resume or choose another folder."
        )
    if writes:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / LOG).unlink(missing_ok=True)
    return 0


def _resume(task: Task, folder: Path, writes: bool) -> int:
    path = folder / CHECKPOINT
    if not path.exists():
        raise WeightsError(f"There is no checkpoint in {folder} to resume from.")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata()
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
        step, settings = int(metadata["step"]), json.loads(metadata["settings"])
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise WeightsError(f"{path} is not a checkpoint, or it is damaged.") from error
    if settings != json.loads(json.dumps(task.settings())):
        raise WeightsError(f"{path} was made with other settings: {json.dumps(settings)}.")
    task.load_state(state)
    if writes:
        _cut_log(folder / LOG, step)
    return step


def _cut_log(path: Path, step: int) -> None:
    """Drop what was logged after the checkpoint, and a last line cut short: those steps are done again."""
    if not path.exists():
        return
    kept = []
    for line in path.read_text("utf-8").splitlines():
        try:
            if json.loads(line)["step"] > step:
                break
        except (ValueError, KeyError):
            break
        kept.append(line + "\n")
    partial = path.with_suffix(".part")
    partial.write_text("".join(kept), encoding="utf-8")
    partial.replace(path)


def _show(task: Task, writer: "SummaryWriter", folder: Path, step: int) -> None:
    picture = task.show()
    if picture is None:
        return
    from PIL import Image

    writer.add_image("samples", picture, step, dataformats="HWC")
    Image.fromarray(picture.numpy()).save(folder / f"samples-{step:06d}.png")


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


def generator(device: torch.device, *seeds: int) -> torch.Generator:
    """Random numbers that depend on the given integers alone, such as (seed, step)."""
    return torch.Generator(device).manual_seed(mixed(*seeds))


def mixed(*seeds: int) -> int:
    """One seed from several."""
    mix = 0
    for seed in seeds:  # SplitMix64's increment and multiplier keep neighbouring steps apart
        mix = (mix ^ seed) * 0xBF58476D1CE4E5B9 + 0x9E3779B97F4A7C15
        mix = (mix ^ (mix >> 31)) & 0x7FFFFFFFFFFFFFFF
    return mix


def prefixed(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Put `prefix.` before every name."""
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def without_prefix(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors whose names start with `prefix.`, without it."""
    return {n.removeprefix(prefix + "."): t for n, t in tensors.items() if n.startswith(prefix + ".")}


def optimizer_state(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """An optimizer's tensors as a flat mapping; its settings are the task's to know."""
    states = optimizer.state_dict()["state"]
    return {f"{index}.{name}": tensor for index, state in states.items() for name, tensor in state.items()}


def load_optimizer_state(optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Take back what `optimizer_state` gave."""
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    states: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        index, name = key.split(".", 1)
        parameter = parameters[int(index)]
        if tensor.shape == parameter.shape:
            # In the parameter's own memory order: a fused optimizer walks through both as they lie.
            tensor = torch.empty_like(parameter).copy_(tensor)
        states.setdefault(int(index), {})[name] = tensor
    optimizer.load_state_dict({**optimizer.state_dict(), "state": states})


def freeze(*modules: nn.Module, frozen: bool = True) -> None:
    """Take parameters out of (or put them back into) the next backward pass."""
    for module in modules:
        module.requires_grad_(not frozen)
