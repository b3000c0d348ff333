"""Two or more ways of doing the same, timed in turns, so that whatever else a machine does meanwhile hits all alike."""

import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median

from benchmarks.rates import Rates, Work
from benchmarks.tables import Row


def nothing() -> None:
    """Where there is nothing to wait for."""


def in_turns(
    ways: Mapping[str, Callable[[], object]],
    rounds: int,
    repeats: int = 1,
    wait: Callable[[], object] = nothing,
) -> dict[str, list[float]]:
    """Seconds that each way took in each round, after one that does not count.

    In every round each way is run `repeats` times, then `wait` is called, for a GPU that works on by itself; the
    times are those of one run.
    """
    took: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(rounds + 1):
        for name, way in ways.items():
            began = time.perf_counter()
            for _ in range(repeats):
                way()
            wait()
            if turn:
                took[name].append((time.perf_counter() - began) / repeats)
    return took


def beside(name: str, took: Mapping[str, Sequence[float]], work: Work, rates: Rates) -> Row:
    """A row of `ours` and `plain`: both times, their ratio round by round, the floor, and its share of ours."""
    seconds = rates.floor(work)
    return {
        "measured": name,
        "ours": milliseconds(took["ours"]),
        "the plain way": milliseconds(took["plain"]),
        "times as fast": ratio(took["plain"], took["ours"]),
        "floor": f"{1000 * seconds:.3g} ms: {work}",
        "its share of ours": f"{seconds / median(took['ours']):.1%}",
    }


def milliseconds(times: Sequence[float]) -> str:
    """The median and its spread."""
    least, middle, most = (1000 * value for value in (min(times), median(times), max(times)))
    return f"{middle:.1f} ms ({least:.1f} to {most:.1f})"


def ratio(slow: Sequence[float], fast: Sequence[float]) -> str:
    """How many times faster, round by round: the median and its spread."""
    times = sorted(a / b for a, b in zip(slow, fast, strict=True))
    return f"{median(times):.2f} ({times[0]:.2f} to {times[-1]:.2f})"
