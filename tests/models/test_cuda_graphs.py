"""On a GPU the runner replays what it captured, and runs what cannot be; elsewhere functions run as they are."""

import pytest
import torch
from torch import Tensor

from v2f.models.cuda_graphs import CudaGraphRunner


def test_without_a_gpu_functions_run_as_they_are() -> None:
    runner: CudaGraphRunner[Tensor] = CudaGraphRunner(torch.device("cpu"), enabled=False)
    runner.rng.manual_seed(3)
    expected = torch.rand(4, generator=torch.Generator().manual_seed(3))
    assert torch.equal(runner("any", lambda rng: torch.rand(4, generator=rng)), expected)
    assert not runner.graphs


def on_gpu(eager_runs: int) -> CudaGraphRunner[Tensor]:
    return CudaGraphRunner(torch.device("cuda"), enabled=True, eager_runs=eager_runs)


@pytest.mark.cuda
def test_each_key_gets_one_graph_after_its_eager_runs() -> None:
    runner = on_gpu(eager_runs=2)
    batches = {count: torch.zeros(count, device="cuda") for count in (1, 3)}
    for turn in range(5):
        for count, batch in batches.items():
            batch.fill_(turn)
            assert torch.equal(runner(count, lambda _, batch=batch: 2 * batch), 2 * batch)
        assert set(runner.graphs) == (set(batches) if turn >= 2 else set())
    assert runner.enabled


@pytest.mark.cuda
def test_a_graph_draws_by_the_seed_before_each_call() -> None:
    runner, drawn = on_gpu(eager_runs=1), []
    for seed in (1, 2, 1, 2):
        runner.rng.manual_seed(seed)
        drawn.append(runner(0, lambda rng: torch.rand(4, generator=rng, device="cuda")).clone())
    assert runner.graphs and torch.equal(drawn[0], drawn[2]) and torch.equal(drawn[1], drawn[3])
    assert not torch.equal(drawn[0], drawn[1])


@pytest.mark.cuda
def test_a_reset_captures_anew() -> None:
    runner = on_gpu(eager_runs=0)
    runner(0, lambda _: torch.ones(1, device="cuda"))
    runner.reset()
    assert runner(0, lambda _: torch.zeros(1, device="cuda")).item() == 0 and set(runner.graphs) == {0}


@pytest.mark.cuda
def test_a_function_that_cannot_be_captured_runs_by_itself_with_the_same_random_numbers() -> None:
    runner = on_gpu(eager_runs=0)
    runner.rng.manual_seed(5)
    numbers = runner(0, lambda rng: torch.rand(3, generator=rng, device="cuda").cpu())  # waits for the GPU
    expected = torch.rand(3, generator=torch.Generator("cuda").manual_seed(5), device="cuda").cpu()
    assert torch.equal(numbers, expected) and not runner.enabled
