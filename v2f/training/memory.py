"""How much of a corpus is held in memory, and how the rest is read from the disk ahead of the steps that need it.

What a step draws is a function of its number alone (seeding.py). So readers draw it some steps earlier, and fetch what
it needs while others are computed; a run from the disk equals one from memory.
"""

import os
import warnings
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

READERS = 4  # threads; they wait for the disk, or copy, and leave Python to the others meanwhile
AHEAD = 8  # steps
SHARE = 0.5  # of the memory, that recordings, or faces, take at most by themselves


def memory_limit(device: torch.device, gigabytes: float | None = None) -> int:
    """Bytes of recordings, or of faces, that a process holds at most: so many GB, by itself SHARE of the memory.

    That is the machine's, of which each process on it has its part, or the GPU's where this is smaller.
    """
    if gigabytes is not None:
        return int(gigabytes * 1e9)
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    own = machine // int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    if device.type == "cuda":
        own = min(own, torch.cuda.get_device_properties(device).total_memory)
    return int(SHARE * own)


def hold(array: np.ndarray, device: torch.device, limit: float) -> Tensor:
    """An array as a tensor: a copy on the device or, where it is larger than the limit, a view of its memory map."""
    if array.nbytes <= limit:
        return torch.from_numpy(np.array(array)).to(device)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that it cannot be written to; nobody does
        return torch.from_numpy(array)


class Ahead:
    """Tensors that steps need, by the number of the step, each read before it is asked for."""

    def __init__(self, read: Callable[[int], Tensor], device: torch.device, steps: int) -> None:
        """`read` gives a step's tensor, on the CPU, from any thread; it comes out on the device. There are `steps`."""
        self.read, self.device, self.steps = read, device, steps
        self.readers = ThreadPoolExecutor(READERS, thread_name_prefix="reader")
        self.coming: dict[int, Future[Tensor]] = {}

    def __call__(self, step: int) -> Tensor:
        """The tensor of a step; those of the next AHEAD are on their way by then."""
        self.coming = {number: tensor for number, tensor in self.coming.items() if number >= step}
        for number in range(step, min(step + AHEAD + 1, self.steps)):
            if number not in self.coming:
                self.coming[number] = self.readers.submit(self._read, number)
        return self.coming.pop(step).result().to(self.device, non_blocking=True)

    def _read(self, step: int) -> Tensor:
        if self.device.type != "cuda":
            return self.read(step)
        with torch.cuda.stream(torch.cuda.Stream(self.device)):  # its draws do not wait for the steps before
            return self.read(step).pin_memory()
