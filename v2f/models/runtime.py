"""Device, precision and CUDA graphs, in one place for inference, training and evaluation.

bfloat16 is used where the processor multiplies it natively (AMX, AVX512-BF16, ARM bf16, recent GPUs);
elsewhere it would be emulated, slower than float32, and float32 is used.
"""

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from threading import Lock
from typing import Any, Literal, TypeVar

import torch
from torch import Tensor, nn

from v2f.models.packed import can_pack, fold_batch_norm, pack

Precision = Literal["bf16", "float32"]
Module = TypeVar("Module", bound=nn.Module)
Made = TypeVar("Made")

NATIVE_BF16_FLAGS = ("amx_bf16", "avx512_bf16", "bf16")  # the last is ARM's name for its own


@dataclass(frozen=True)
class Runtime:
    """Where networks run and in which precision their convolutions are computed."""

    device: torch.device
    precision: Precision

    @classmethod
    def choose(cls, device: str | None = None, exact: bool = False) -> "Runtime":
        """Take the given device, else a CUDA GPU, else the CPU, and the fastest precision it has.

        `exact` asks for float32 and, on a GPU, switches TensorFloat-32 and non-deterministic convolutions
        off for the whole process, so that repeated runs give equal numbers.
        """
        chosen = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        if exact and chosen.type == "cuda":
            torch.backends.cudnn.conv.fp32_precision = "ieee"  # type: ignore[attr-defined]
            torch.backends.cuda.matmul.fp32_precision = "ieee"
            torch.backends.cudnn.deterministic = True
        return cls(chosen, "float32" if exact or not has_native_bf16(chosen) else "bf16")

    def autocast(self) -> AbstractContextManager[Any]:
        """A context in which convolutions run in this runtime's precision; parameters stay float32."""
        if self.precision == "float32":
            return nullcontext()
        return torch.autocast(self.device.type, dtype=torch.bfloat16)

    def place(self, module: Module) -> Module:
        """Move a module to the device, image kernels in the channels_last order that bf16 is fastest in."""
        return module.to(self.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def prepare_for_inference(self, module: Module) -> Module:
        """`place` a network that learns no more: weights in this runtime's precision and its kernels' own layout.

        The results are those of `autocast` with float32 weights, which it would cast, and lay out, at every call;
        up to rounding, and in bfloat16 to the bit where there is no batch normalisation.
        """
        fold_batch_norm(module)
        placed = self.place(module.eval())
        if self.precision == "bf16":
            placed = placed.to(torch.bfloat16)
        if can_pack(self.device):
            pack(placed)
        return placed


def has_native_bf16(device: torch.device) -> bool:
    """Whether a device multiplies bfloat16 in hardware."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    capabilities = torch.cpu.get_capabilities()
    return device.type == "cpu" and any(capabilities.get(flag, False) for flag in NATIVE_BF16_FLAGS)


class Replayed:
    """A function of a batch [n, ...], which a GPU runs as a CUDA graph for each n up to LARGEST; else as it is.

    A GPU computes a few faces in less time than it takes to be told of their kernels one by one. The function
    must do the same for every batch of a size, and call for inference mode. Batches, and the tensors made of them,
    are on the CPU. Safe to share between threads.
    """

    LARGEST = 8  # a strip has six faces, a live update one

    def __init__(self, function: Callable[[Tensor], tuple[Tensor, ...]], device: torch.device) -> None:
        self.function, self.device = function, device
        self.graph = device.type == "cuda"
        self.captured: dict[int, tuple[torch.cuda.CUDAGraph, Tensor, tuple[Tensor, ...]]] = {}
        self._lock = Lock()

    def __call__(self, batch: Tensor) -> tuple[Tensor, ...]:
        if not self.graph or not 0 < len(batch) <= self.LARGEST:
            return self._plainly(batch)
        with self._lock:  # a graph reads and writes the same memory at every call
            if len(batch) not in self.captured:
                self._capture(batch)
            if not self.graph:
                return self._plainly(batch)
            graph, given, made = self.captured[len(batch)]
            given.copy_(batch)
            graph.replay()
            return tuple(tensor.cpu() for tensor in made)

    def _plainly(self, batch: Tensor) -> tuple[Tensor, ...]:
        return tuple(tensor.cpu() for tensor in self.function(batch.to(self.device)))

    def _capture(self, batch: Tensor) -> None:
        given = batch.to(self.device, copy=True)
        warm_up(lambda: self.function(given))
        captured = capture(lambda: self.function(given))
        if captured is None:
            self.graph = False
        else:
            graph, made = captured
            self.captured[len(batch)] = graph, given, made


def warm_up(part: Callable[[], Made]) -> Made:
    """Run something on a stream of its own, as PyTorch asks for before a `capture` of the same."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        made = part()
    torch.cuda.current_stream().wait_stream(stream)
    return made


def capture(
    part: Callable[[], Made], rng: torch.Generator | None = None
) -> tuple[torch.cuda.CUDAGraph, Made] | None:
    """Record what a part does, and the random numbers it takes, as a CUDA graph, with what every replay makes anew.

    None where that cannot be done, which is told on stderr.
    """
    graph = torch.cuda.CUDAGraph()
    if rng is not None:
        graph.register_generator_state(rng)
    try:
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):  # other threads may go on
            return graph, part()
    except RuntimeError as error:
        print(f"No CUDA graph, which is slower: {error}", file=sys.stderr)
        return None
