"""What is replaced is so while a way is made and while it runs, and not otherwise."""

import pytest
import torch

from benchmarks import kernels
from v2f.models import Runtime, cpu_kernels


def test_a_kernel_is_replaced_while_a_way_is_made_and_runs() -> None:
    seen: list[int] = []

    def make():
        seen.append(cpu_kernels.FEW_PIXELS)
        return lambda: seen.append(cpu_kernels.FEW_PIXELS)

    kernels.with_replaced({kernels.FEW_PIXELS: 0}, make)()
    assert seen == [0, 0] and cpu_kernels.FEW_PIXELS > 0


@pytest.mark.slow
def test_ways_of_a_step_differ_by_what_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "ROUNDS", 1)
    monkeypatch.setattr(kernels, "BATCH", 2)
    monkeypatch.setattr(Runtime, "choose", lambda *_: Runtime(torch.device("cpu"), "float32"))
    [(_, rows)] = kernels.measure()
    assert len(rows) == 3 and rows[0]["slower by"] == "+0%"
