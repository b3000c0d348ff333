"""Two or more ways of doing the same, timed in turns, so that whatever else a machine does meanwhile hits all alike."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass
class Line:
    """One measure: what it is, and its figure in words."""

    name: str
    told: str


def in_turns(ways: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Seconds that each way took in each round, after one that does not count."""
    took: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(rounds + 1):
        for name, way in ways.items():
            began = time.perf_counter()
            way()
            if turn:
                took[name].append(time.perf_counter() - began)
    return took


def ratio(slow: Sequence[float], fast: Sequence[float]) -> str:
    """How many times faster, round by round: the median and its spread."""
    times = sorted(a / b for a, b in zip(slow, fast, strict=True))
    return f"{median(times):.2f} times as fast ({times[0]:.2f} to {times[-1]:.2f})"


def table(lines: Sequence[Line]) -> str:
    """The lines as a Markdown table."""
    width = max(len(line.name) for line in lines)
    return "\n".join(
        ["| measured | |", "|---|---|", *(f"| {line.name:{width}} | {line.told} |" for line in lines)]
    )
