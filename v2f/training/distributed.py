"""Training by several processes, started by torchrun on one machine or many, each with its part of every batch.

Every process draws the random numbers of the whole batch and keeps its own rows, and gradients are averaged before
they are used. So all processes together do what one would do alone, hold the same weights after every step, and a
run may be resumed by another number of them. Only the first one writes.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, distributed, nn

from v2f.errors import V2FError
from v2f.models.runtime import find_device

Module = TypeVar("Module", bound=nn.Module)


class DistributedError(V2FError):
    """This number of processes cannot do it, or no longer."""


@dataclass(frozen=True)
class Processes:
    """Which process this is, and of how many: by default the only one."""

    rank: int = 0
    count: int = 1

    @property
    def writes(self) -> bool:
        """Whether log, checkpoints, pictures and weights are this process's to write."""
        return self.rank == 0

    def rows(self, batch: int) -> slice:
        """This process's part of a batch; raises DistributedError when there are no equal parts."""
        if batch % self.count:
            raise DistributedError(
                f"A batch of {batch} has no equal parts for {self.count} processes; choose another --batch."
            )
        part = batch // self.count
        return slice(self.rank * part, (self.rank + 1) * part)

    def average_gradients(self, parameters: Iterable[Tensor]) -> None:
        """Put in place of each gradient its mean over all processes, in one exchange."""
        if self.count == 1:
            return
        gradients = [_in_memory_order(p.grad) for p in parameters if p.grad is not None]
        together = torch.cat(gradients)
        with _others_there():
            distributed.all_reduce(together)
        together /= self.count
        for gradient, mean in zip(gradients, together.split([len(g) for g in gradients]), strict=True):
            gradient.copy_(mean)

    def share_statistics(self, module: Module) -> Module:
        """Have a network's batch normalisation go by the whole batch, all processes' parts together; the network."""
        if self.count > 1:
            for part in module.modules():
                if isinstance(part, nn.BatchNorm1d):
                    part.__class__ = _SharedBatchNorm
        return module

    def read(self, losses: Mapping[str, Tensor], stop: bool) -> tuple[dict[str, float], bool]:
        """Means of scalar losses over all processes, and whether any of these is to stop."""
        numbers = F.pad(torch.stack([loss.float() for loss in losses.values()]), (0, 1), value=float(stop))
        if self.count > 1:
            with _others_there():
                distributed.all_reduce(numbers)
            numbers /= self.count
        *means, stops = numbers.tolist()
        return dict(zip(losses, means, strict=True)), stops > 0

    def wait(self) -> None:
        """Return when all processes have come here: one that ends makes torchrun end the others."""
        if self.count > 1:
            with _others_there():
                distributed.barrier()


ALONE = Processes()


@contextmanager
def started_by_torchrun(device: str | None) -> Iterator[tuple[Processes, str | None]]:
    """The processes of this run, and this one's device: with GPUs one each, exchanging by NCCL, else by Gloo."""
    if not several():
        yield ALONE, device
        return
    gpu = None
    if find_device(device).type == "cuda":
        local = int(os.environ["LOCAL_RANK"])
        if local >= torch.cuda.device_count():
            raise DistributedError(
                f"Every process needs a GPU of its own; PyTorch finds {torch.cuda.device_count()} here."
            )
        device = f"cuda:{local}"
        gpu = torch.device(device)
        torch.cuda.set_device(gpu)
    distributed.init_process_group("nccl" if gpu else "gloo", device_id=gpu)
    try:
        yield Processes(distributed.get_rank(), distributed.get_world_size()), device
    finally:
        distributed.destroy_process_group()


class _SharedBatchNorm(nn.BatchNorm1d):
    """Batch normalisation by the mean and the variance of all processes' parts, which are as large as each other.

    torch.nn.SyncBatchNorm is for GPUs alone.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Of [batch, channels, frames]."""
        if not self.training:
            return super().forward(x)
        assert self.running_mean is not None and self.running_var is not None and self.momentum is not None
        x = x.float()
        mean = _mean_of_all(x.mean(dim=(0, 2)))
        centred = x - mean[:, None]
        variance = _mean_of_all(centred.square().mean(dim=(0, 2)))
        count = x.shape[0] * x.shape[2] * distributed.get_world_size()
        with torch.no_grad():
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * (count / (count - 1)), self.momentum)
            self.num_batches_tracked.add_(1)  # type: ignore[union-attr]
        scale = self.weight / (variance + self.eps).sqrt()
        return centred * scale[:, None] + self.bias[:, None]


class _MeanOfAll(torch.autograd.Function):
    """The mean of a tensor over all processes, whose gradient is so too."""

    @staticmethod
    def forward(ctx: Any, tensor: Tensor) -> Tensor:
        return _averaged(tensor)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return _averaged(gradient)


def _mean_of_all(tensor: Tensor) -> Tensor:
    mean: Tensor = _MeanOfAll.apply(tensor)
    return mean


def _averaged(tensor: Tensor) -> Tensor:
    mean = tensor.contiguous().clone()
    with _others_there():
        distributed.all_reduce(mean)
    return mean / distributed.get_world_size()


def several() -> bool:
    """Whether torchrun started this process as one of several."""
    return "TORCHELASTIC_RUN_ID" in os.environ and int(os.environ["WORLD_SIZE"]) > 1


@contextmanager
def _others_there() -> Iterator[None]:
    """An exchange among processes; raises DistributedError when another one has ended, or cannot be reached."""
    try:
        yield
    except RuntimeError as error:
        raise DistributedError(f"The other processes of this run are no longer there: {error}") from error


def _in_memory_order(tensor: Tensor) -> Tensor:
    """A dense tensor's numbers as they lie, [count]: flattening a channels_last one would sort them anew."""
    return tensor.as_strided((tensor.numel(),), (1,))
