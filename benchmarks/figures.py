"""What has been measured beside the line it must keep."""

import math
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.tables import Row


@dataclass(frozen=True)
class Figure:
    """One question and all its answers, in seconds; `limit` is what the 95th percentile may be at most."""

    name: str
    limit: float
    values: Sequence[float]

    @property
    def median(self) -> float:
        return percentile(self.values, 50)

    @property
    def high(self) -> float:
        return percentile(self.values, 95)

    @property
    def met(self) -> bool:
        return self.high <= self.limit


def percentile(values: Sequence[float], q: float) -> float:
    """A value that was measured and that q % of all do not exceed; infinite where nothing was measured."""
    return float(np.percentile(values, q, method="inverted_cdf")) if len(values) else math.inf


def rows(figures: Sequence[Figure]) -> list[Row]:
    """The figures as a table's rows."""
    return [row(figure) for figure in figures]


def row(figure: Figure) -> Row:
    return {
        "measured": figure.name,
        "times": str(len(figure.values)),
        "median": told(figure.median),
        "95th percentile": told(figure.high),
        "line": told(figure.limit),
        "met": "yes" if figure.met else "**no**",
    }


def told(seconds: float) -> str:
    if math.isinf(seconds):
        return "never"
    return f"{seconds:.2f} s" if seconds >= 1 else f"{1000 * seconds:.0f} ms"


def machine() -> str:
    """This machine, what it is doing already, and the day, in one line."""
    cores = len(os.sched_getaffinity(0))
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    processor = names[0] if names else "unknown processor"
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    parts = [processor, f"{cores} cores ({busy_cores():.1f} busy with other work)", f"{memory:.0f} GiB"]
    return ", ".join([*parts, time.strftime("%Y-%m-%d")])


def busy_cores() -> float:
    """How many cores have been at work on average over the last second, which this takes."""
    before = working_seconds()
    time.sleep(1)
    return working_seconds() - before


def working_seconds() -> float:
    """What all cores together have worked since the machine started, waiting left out."""
    user, nice, system, _idle, _iowait, *interrupts = map(
        int, Path("/proc/stat").read_text().splitlines()[0].split()[1:8]
    )
    return (user + nice + system + sum(interrupts)) / os.sysconf("SC_CLK_TCK")
