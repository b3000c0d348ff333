"""Checkpoints of a training run: safetensors with the task's tensors, the step and the settings, written atomically."""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from v2f.errors import WeightsError
from v2f.models.weights import digest_of

CHECKPOINT = "checkpoint.safetensors"
PREVIOUS = "checkpoint-previous.safetensors"  # the one before, in case the last is damaged
HASH_LENGTH = 64  # hexadecimal digits of the hashes of a store and an encoder among the settings


class Resumable(Protocol):
    """What a checkpoint keeps of a task."""

    def state(self) -> dict[str, Tensor]:
        """Every tensor that the following steps depend on."""

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Take back what `state` gave."""

    def settings(self) -> dict[str, object]:
        """The configuration, so that a run is resumed with the one it was started with."""


class ModuleState:
    """A task's part about its state: networks and optimizers, by their names in a checkpoint; nothing is measured."""

    modules: dict[str, nn.Module]
    optimizers: dict[str, torch.optim.Optimizer]
    unmeasured = ""

    def state(self) -> dict[str, Tensor]:
        state: dict[str, Tensor] = {}
        for name, optimizer in self.optimizers.items():
            state |= prefixed(name, optimizer_state(optimizer))
        for name, module in self.modules.items():
            state |= prefixed(name, module.state_dict())
        return state

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        for name, module in self.modules.items():
            module.load_state_dict(without_prefix(name, state))
        for name, optimizer in self.optimizers.items():
            load_optimizer_state(optimizer, without_prefix(name, state))

    def validate(self, folder: Path, step: int) -> dict[str, float]:
        """There is nothing to choose by."""
        return {}

    def sample_grid(self) -> Tensor | None:
        """There is nothing to look at."""
        return None


def has_checkpoint(folder: Path) -> bool:
    """Whether `folder` holds a run."""
    return (folder / CHECKPOINT).exists() or (folder / PREVIOUS).exists()


def save_checkpoint(task: Resumable, folder: Path, step: int) -> None:
    """Write the task's state, atomically; the checkpoint before it is kept as well.

    Raises WeightsError when the disk refuses; what was saved before stays.
    """
    path = folder / CHECKPOINT
    partial = path.with_suffix(".part")
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in task.state().items()}
    metadata = {
        "step": str(step),
        "settings": json.dumps(task.settings(), sort_keys=True),
        "digest": digest_of(state),
    }
    try:
        save_file(state, partial, metadata)
        with open(partial, "rb") as file:
            os.fsync(file.fileno())
        if path.exists():
            path.replace(folder / PREVIOUS)
        partial.replace(path)
    except (OSError, SafetensorError) as error:
        partial.unlink(missing_ok=True)
        raise WeightsError(f"The checkpoint could not be written to {path}: {error}") from error


def load_checkpoint(task: Resumable, folder: Path) -> int:
    """Give the task the state of a run's last checkpoint, or of the one before if that is damaged; returns its step.

    Raises WeightsError when there is none, or both are damaged, or it was made with other settings.
    """
    paths = [path for path in (folder / CHECKPOINT, folder / PREVIOUS) if path.exists()]
    if not paths:
        raise WeightsError(f"There is no checkpoint in {folder} to resume from.")
    for path in paths:
        try:
            step, settings, state = _read(path)
        except (SafetensorError, OSError, KeyError, TypeError, ValueError):
            continue
        asked = json.loads(json.dumps(task.settings()))
        if settings.keys() != asked.keys():
            raise WeightsError(
                f"{path} is of another stage or of another version of v2f; begin anew in another folder."
            )
        if differing := _differences(settings, asked):
            raise WeightsError(f"{path} was made with {'; '.join(differing)}.")
        task.load_state(state)
        if path != paths[0]:
            print(
                f"v2f: {paths[0]} is damaged; going on from the checkpoint before, step {step}.",
                file=sys.stderr,
            )
        return step
    raise WeightsError(f"{paths[0]} is not a checkpoint, or it is damaged.")


def _differences(made: Mapping[str, Any], asked: Mapping[str, Any], within: str = "") -> list[str]:
    """In which settings a run differs from what is asked of it, in words."""
    found = []
    for name in sorted(made.keys() | asked.keys()):
        was, now = made.get(name), asked.get(name)
        if isinstance(was, dict) and isinstance(now, dict):
            found += _differences(was, now, f"{within}{name}.")
        elif was != now and isinstance(was, str) and len(was) == HASH_LENGTH:
            found.append(f"another {within}{name}")
        elif was != now:
            found.append(f"{within}{name} {was}, not {now}")
    return found


def _read(path: Path) -> tuple[int, dict[str, object], dict[str, Tensor]]:
    """Step, settings and state of a checkpoint."""
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
        state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
    if metadata["digest"] != digest_of(state):
        raise ValueError("the tensors do not match their digest")
    return int(metadata["step"]), json.loads(metadata["settings"]), state


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
