"""Two ways of doing the same, timed in turns in one run, beside the least time that the machine could take (roofline).

Times of different runs and machines are not comparable; a ratio taken round by round in one run is.
"""

import math
import os
import platform
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import psutil
import torch
from torch import Tensor
from torch.utils.benchmark import timer  # waits for a GPU before it reads the clock

from v2f.models.runtime import Runtime

Row = dict[str, str]  # a cell for each column; the first row's names are the headings
Table = tuple[str, Sequence[Row]]  # title and rows

ROUNDS = 15  # of the roofline's measures
MATRIX_SIZE = {"cpu": 2048, "cuda": 8192}  # rows and columns of the product that gives the arithmetic peak
COPY_BYTES = {"cpu": 1 << 28, "cuda": 1 << 30}  # of the copy that gives the bandwidth


@dataclass(frozen=True)
class Work:
    """What a computation cannot do without: floating-point operations, and bytes read and written."""

    flops: float
    bytes: float


@dataclass(frozen=True)
class Roofline:
    """A device's measured peaks: operations a second in a large matrix product, bytes a second in a large copy."""

    flops: float
    bytes: float

    @classmethod
    def measure(cls, runtime: Runtime) -> "Roofline":
        """Of a device, in the precision that its networks run in."""
        kind, device = runtime.device.type, runtime.device
        dtype = torch.bfloat16 if runtime.precision == "bf16" else torch.float32
        matrix = torch.randn(MATRIX_SIZE[kind], MATRIX_SIZE[kind], device=device).to(dtype)
        source = torch.ones(COPY_BYTES[kind], dtype=torch.uint8, device=device)
        target = torch.empty_like(source)
        took = in_turns({"product": lambda: matrix @ matrix, "copy": lambda: target.copy_(source)}, ROUNDS)
        product, copy = min(took["product"]), min(took["copy"])
        return cls(2 * MATRIX_SIZE[kind] ** 3 / product, 2 * COPY_BYTES[kind] / copy)

    def seconds(self, work: Work) -> float:
        """The least time for this work."""
        return max(work.flops / self.flops, work.bytes / self.bytes)

    def rows(self) -> list[Row]:
        return [
            fact("peak of a large matrix product", f"{self.flops / 1e9:,.0f} Gflop/s"),
            fact("bandwidth of a large copy", f"{self.bytes / 1e9:,.0f} GB/s"),
        ]


def in_turns(
    ways: Mapping[str, Callable[[], object]], rounds: int, repeats: int = 1
) -> dict[str, list[float]]:
    """Seconds that one run of each way took, by round.

    Each round runs every way `repeats` times, one way after the other, so that whatever else the machine does meets
    all of them. A round before the first one is not counted.
    """
    took: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(rounds + 1):
        for name, way in ways.items():
            start = timer()
            for _ in range(repeats):
                way()
            if turn:
                took[name].append((timer() - start) / repeats)
            else:
                timer()
    return took


def compare(name: str, took: Mapping[str, Sequence[float]], work: Work, roofline: Roofline) -> Row:
    """A row about the ways `ours` and `baseline`."""
    least = roofline.seconds(work)
    return {
        "measured": name,
        "ours": spread(took["ours"]),
        "baseline": spread(took["baseline"]),
        "speed-up": speed_up(took["baseline"], took["ours"]),
        "roofline": f"{shown(least)}: {work.flops / 1e9:,.3g} Gflop, {work.bytes / 1e6:,.3g} MB",
        "roofline / ours": f"{least / median(took['ours']):.0%}",
    }


def speed_up(slow: Sequence[float], fast: Sequence[float]) -> str:
    """The ratio of two ways, taken round by round: median and range."""
    ratios = sorted(a / b for a, b in zip(slow, fast, strict=True))
    return f"{median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"


def spread(seconds: Sequence[float]) -> str:
    """Median and range."""
    return f"{shown(median(seconds))} ({shown(min(seconds))} to {shown(max(seconds))})"


def percentile(values: Sequence[float], q: float) -> float:
    """A measured value that q % of all do not exceed; infinite where nothing was measured."""
    return float(np.percentile(values, q, method="inverted_cdf")) if len(values) else math.inf


def shown(seconds: float) -> str:
    """A time in the unit that suits it; "never" for infinity."""
    if math.isinf(seconds):
        return "never"
    return f"{seconds:.2f} s" if seconds >= 1 else f"{1000 * seconds:.3g} ms"


def fact(name: str, value: str) -> Row:
    """A measure that stands by itself."""
    return {"measured": name, "": value}


def markdown(rows: Sequence[Row]) -> str:
    lines = [list(rows[0]), ["---"] * len(rows[0]), *([row[name] for name in rows[0]] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def machine() -> str:
    """This machine, what else it is doing, and the day, in one line."""
    names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    processor = names[0].split(":", 1)[1].strip() if names else platform.processor()
    cores = len(os.sched_getaffinity(0))
    busy = psutil.cpu_percent(interval=1) / 100 * (psutil.cpu_count() or 1)
    memory = psutil.virtual_memory().total / (1 << 30)
    today = time.strftime("%Y-%m-%d")
    return f"{processor}, {cores} cores ({busy:.1f} busy with other work), {memory:.0f} GiB, {today}"


def write(tables: Iterable[Table], out: Path | None) -> int:
    """Print the machine and each table as it comes; write them to a file as well. Returns the exit code."""
    parts = [machine()]  # before the benchmark keeps it busy
    print(parts[0], flush=True)
    for title, rows in tables:
        parts.append(f"## {title}\n\n{markdown(rows)}")
        print(f"\n{parts[-1]}", flush=True)
        if out:
            out.write_text("\n\n".join(parts) + "\n")
    return 0


def parameter_bytes(tensors: Iterable[Tensor], size: int = 4) -> int:
    """Bytes of so many parameters, `size` each."""
    return size * sum(tensor.numel() for tensor in tensors)
