"""Parts of one computation at the same time, each on a core of its own.

PyTorch by itself splits every operation between threads, which wait for one another each time: while other programs
use the cores too, as a visitor's browser does, most of the time is lost by waiting.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

Result = TypeVar("Result")
Item = TypeVar("Item")

_cores = 1
_others = ThreadPoolExecutor(1)


def use_cores(count: int) -> None:
    """From now on use so many cores for the parts of a computation, in all of this process, and no more for each."""
    global _cores, _others
    torch.set_num_threads(1)
    _cores, _others = count, ThreadPoolExecutor(max(1, count - 1), "core")


def cores() -> int:
    """How many parts of a computation run at the same time; one, unless `use_cores` was called."""
    return _cores


def shares(items: Sequence[Item], count: int) -> list[Sequence[Item]]:
    """Items in `count` shares at most, as large as one another but for the last; in one if `count` is 0."""
    size = max(1, -(-len(items) // max(1, count)))
    return [items[start : start + size] for start in range(0, len(items), size)]


def side_by_side(parts: Sequence[Callable[[], Result]]) -> list[Result]:
    """The results of parts of a computation; those for which no core is free are computed here, one by one."""
    if _cores == 1 or len(parts) < 2:
        return [part() for part in parts]
    here, *others = parts
    started = [(_others.submit(_in_modes_of_this_thread(part)), part) for part in others]
    result = here()
    return [result, *(part() if turn.cancel() else turn.result() for turn, part in started)]


def _in_modes_of_this_thread(part: Callable[[], Result]) -> Callable[[], Result]:
    """PyTorch's modes are each thread's own."""
    inference, autocast = torch.is_inference_mode_enabled(), torch.is_autocast_enabled("cpu")
    dtype = torch.get_autocast_dtype("cpu")

    def run() -> Result:
        with torch.inference_mode(inference), torch.autocast("cpu", dtype, autocast):
            return part()

    return run
