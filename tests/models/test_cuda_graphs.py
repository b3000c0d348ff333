"""The runner replays what was captured, or runs it. CUDA itself is only in the tests that need a GPU."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from v2f.models import cuda_graphs
from v2f.models.cuda_graphs import CudaGraphRunner

CPU = torch.device("cpu")


class Graph:
    """In place of CUDA's, which a CPU lacks: a replay writes anew into the memory of the first result."""

    def __init__(self, function: Callable[[], Tensor]) -> None:
        self.function, self.result = function, function()

    def replay(self) -> None:
        self.result.copy_(self.function())


@pytest.fixture
def captures(monkeypatch: pytest.MonkeyPatch) -> list[Graph]:
    """Every graph that is captured."""
    graphs: list[Graph] = []

    def capture(function: Callable[[], Tensor], rng: torch.Generator) -> tuple[Graph, Tensor]:
        graphs.append(Graph(function))
        return graphs[-1], graphs[-1].result

    monkeypatch.setattr(cuda_graphs, "capture", capture)
    monkeypatch.setattr(cuda_graphs, "on_side_stream", lambda function: function())
    return graphs


def test_without_a_gpu_functions_run_as_they_are() -> None:
    runner: CudaGraphRunner[Tensor] = CudaGraphRunner(CPU, enabled=False)
    runner.rng.manual_seed(3)
    expected = torch.rand(4, generator=torch.Generator().manual_seed(3))
    assert torch.equal(runner("any", lambda rng: torch.rand(4, generator=rng)), expected)
    assert not runner.graphs


def test_each_key_gets_one_graph_after_its_eager_runs(captures: list[Graph]) -> None:
    runner: CudaGraphRunner[Tensor] = CudaGraphRunner(CPU, enabled=True, eager_runs=2)
    batches = {count: torch.zeros(count) for count in (1, 3)}
    for turn in range(5):
        for count, batch in batches.items():
            batch.fill_(turn)
            assert torch.equal(runner(count, lambda _, batch=batch: 2 * batch), 2 * batch)
        assert len(captures) == (2 if turn >= 2 else 0)


def test_a_reset_captures_anew(captures: list[Graph]) -> None:
    runner: CudaGraphRunner[Tensor] = CudaGraphRunner(CPU, enabled=True, eager_runs=0)
    runner(0, lambda _: torch.ones(1))
    runner.reset()
    assert runner(0, lambda _: torch.zeros(1)).item() == 0 and len(captures) == 2


def test_a_function_that_cannot_be_captured_runs_by_itself_with_the_same_random_numbers(
    captures: list[Graph], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cuda_graphs, "capture", lambda function, rng: None)
    runner: CudaGraphRunner[Tensor] = CudaGraphRunner(CPU, enabled=True, eager_runs=0)
    registered = runner.rng.manual_seed(5)
    numbers = runner(0, lambda rng: torch.rand(3, generator=rng))
    assert torch.equal(numbers, torch.rand(3, generator=torch.Generator().manual_seed(5)))
    assert not runner.enabled and runner.rng is not registered


@pytest.mark.cuda
def test_a_captured_function_gives_what_it_gives_by_itself() -> None:
    device = torch.device("cuda")
    runner: CudaGraphRunner[Tensor] = CudaGraphRunner(device, enabled=True)
    batch = torch.empty(64, device=device)
    for turn in range(4):
        batch.fill_(turn)
        assert torch.equal(runner(0, lambda _: 2 * batch), 2 * batch)
    assert runner.enabled and set(runner.graphs) == {0}
