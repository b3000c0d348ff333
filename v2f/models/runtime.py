"""Device and precision, in one place for inference, training and evaluation.

bfloat16 is used where the processor multiplies it natively (AMX, AVX512-BF16, ARM bf16, recent GPUs);
elsewhere it would be emulated, slower than float32, and float32 is used.
"""

from contextlib import AbstractContextManager, nullcontext
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import torch
from torch import nn

from v2f.errors import DeviceError

Precision = Literal["bf16", "float32"]
Module = TypeVar("Module", bound=nn.Module)

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
        off for the whole process, so that repeated runs give equal numbers. Raises DeviceError.
        """
        chosen = find_device(device)
        if exact and chosen.type == "cuda":
            torch.backends.cudnn.conv.fp32_precision = "ieee"  # type: ignore[attr-defined]
            torch.backends.cudnn.rnn.fp32_precision = "ieee"  # type: ignore[attr-defined]
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
        """Copy a network for inference, with weights in this runtime's precision.

        Args:
            module: stays as it is.

        Returns:
            The copy on the device. Its results are, up to rounding, those of `autocast` with float32 weights, which
            that would cast at every call.
        """
        placed = self.place(deepcopy(module).eval())
        return placed.to(torch.bfloat16) if self.precision == "bf16" else placed


def find_device(name: str | None = None) -> torch.device:
    """The device "cpu", "cuda" or "cuda:1"; by itself a CUDA GPU, else the CPU.

    Raises DeviceError for another name, and for a GPU that is not there.
    """
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    try:
        device = torch.device(name or ("cuda" if gpus else "cpu"))
    except RuntimeError:
        device = torch.device("meta")
    if device.type not in ("cpu", "cuda"):
        raise DeviceError(f"There is no device {name!r}: it can be cpu or cuda.")
    if device.type == "cuda" and (device.index or 0) >= gpus:
        raise DeviceError(
            f"There is no device {name!r}: PyTorch finds {gpus or 'no'} CUDA GPU{'' if gpus == 1 else 's'} "
            "in this machine."
        )
    return device


def has_native_bf16(device: torch.device) -> bool:
    """Whether a device multiplies bfloat16 in hardware."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    capabilities = torch.cpu.get_capabilities()
    return device.type == "cpu" and any(capabilities.get(flag, False) for flag in NATIVE_BF16_FLAGS)
