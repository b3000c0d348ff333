"""CUDA graphs: what a GPU does again and again is recorded once, then started as a whole.

A GPU computes a few faces, or a step on small batches, in less time than the processor takes to launch the kernels one
by one. Inference and training share this runner.
"""

import sys
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

import torch

Result = TypeVar("Result")


class CudaGraphRunner(Generic[Result]):
    """Runs functions on a GPU, each as a CUDA graph after its first few runs; elsewhere as they are.

    A function must find its inputs at the same place in memory at every call. What it returns is overwritten by the
    next call with its key. Not safe to share between threads.

    Attributes:
        rng: random numbers that the functions draw, to be seeded before each call.
        enabled: whether graphs are used; False from the first one on that could not be captured.
        graphs: captured graphs with their results, by key.
    """

    def __init__(self, device: torch.device, enabled: bool, eager_runs: int = 1) -> None:
        """`eager_runs`: how often a function runs by itself first, while kernels are chosen and memory grows."""
        self.rng = torch.Generator(device)
        self.enabled, self.eager_runs = enabled, eager_runs
        self.reset()

    def reset(self) -> None:
        """Forget all graphs, because tensors that they use were replaced."""
        self.graphs: dict[Hashable, tuple[torch.cuda.CUDAGraph, Result]] = {}
        self.runs: dict[Hashable, int] = {}

    def __call__(self, key: Hashable, function: Callable[[torch.Generator], Result]) -> Result:
        """Run a function, given `rng`; equal keys must mean the same function on the same tensors."""
        if not self.enabled:
            return function(self.rng)
        if key not in self.graphs:
            self.runs[key] = self.runs.get(key, 0) + 1
            if self.runs[key] <= self.eager_runs:
                return on_side_stream(lambda: function(self.rng))
            captured = capture(lambda: function(self.rng), self.rng)
            if captured is None:
                self.enabled = False
                # A generator that was registered with a graph waits for that graph for ever.
                self.rng = torch.Generator(self.rng.device).manual_seed(self.rng.initial_seed())
                return function(self.rng)
            self.graphs[key] = captured
        graph, result = self.graphs[key]
        graph.replay()
        return result


def on_side_stream(function: Callable[[], Result]) -> Result:
    """Run a function on a stream of its own, as PyTorch asks for before a capture of the same."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        result = function()
    torch.cuda.current_stream().wait_stream(stream)
    return result


def capture(
    function: Callable[[], Result], rng: torch.Generator
) -> tuple[torch.cuda.CUDAGraph, Result] | None:
    """Record a function, and the random numbers it draws, as a graph; with the result that each replay overwrites.

    None, and a line on stderr, where that cannot be done.
    """
    graph = torch.cuda.CUDAGraph()
    graph.register_generator_state(rng)
    try:
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):  # other threads may go on
            return graph, function()
    except RuntimeError as error:
        print(f"No CUDA graph, which is slower: {error}", file=sys.stderr)
        return None
