"""What a machine could do at best: operations over its matrix rate, or bytes over its bandwidth if that is longer."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

from benchmarks.tables import Row, fact
from v2f.models.runtime import Runtime

ROUNDS = 15
MATRIX = {"cpu": 2048, "cuda": 8192}  # rows and columns of the product that the matrix rate is measured by
COPIED = {"cpu": 1 << 28, "cuda": 1 << 30}  # bytes whose copying measures the bandwidth


@dataclass(frozen=True)
class Work:
    """What something cannot do without: operations, a multiplication and an addition being two, and bytes moved."""

    operations: float
    bytes: float

    def __str__(self) -> str:
        return f"{self.operations / 1e9:,.3g} Gflop, {self.bytes / 1e6:,.3g} MB"


@dataclass(frozen=True)
class Rates:
    """Operations a second in a large matrix product; bytes a second, read and written, in a large copy."""

    operations: float
    bytes: float

    @classmethod
    def measure(cls, runtime: Runtime) -> "Rates":
        """Of a device, in the precision that its networks run in."""
        device = runtime.device
        size, count = MATRIX[device.type], COPIED[device.type]
        kind = torch.bfloat16 if runtime.precision == "bf16" else torch.float32
        matrix = torch.randn(size, size, device=device).to(kind)
        source = torch.zeros(count, dtype=torch.uint8, device=device)
        into = torch.empty_like(source)
        wait = waiting(device)
        product = fastest(lambda: matrix @ matrix, wait)
        return cls(2 * size**3 / product, 2 * count / fastest(lambda: into.copy_(source), wait))

    def floor(self, work: Work) -> float:
        """Seconds that this work takes at least."""
        return max(work.operations / self.operations, work.bytes / self.bytes)

    def rows(self) -> list[Row]:
        return [
            fact("a large matrix product", f"{self.operations / 1e9:,.0f} Gflop/s"),
            fact("a large copy, read and written", f"{self.bytes / 1e9:,.0f} GB/s"),
        ]


def fastest(way: Callable[[], object], wait: Callable[[], object]) -> float:
    """Seconds of the fastest of some runs."""
    took = []
    for _ in range(ROUNDS + 1):
        wait()
        began = time.perf_counter()
        way()
        wait()
        took.append(time.perf_counter() - began)
    return min(took)


def waiting(device: torch.device) -> Callable[[], object]:
    """What waits until a device has done all it was told to do."""
    return (lambda: torch.cuda.synchronize(device)) if device.type == "cuda" else lambda: None
