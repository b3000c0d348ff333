"""`torchaudio.functional`, also under a torch without CUDA.

torchaudio 2.11's Linux wheel is linked to CUDA: under a CPU-only torch its import ends in an OSError about
libc10_cuda.so, raised by the loader of its compiled extension. Nothing here needs that extension, so there an
empty stand-in takes its place; under a CUDA torch nothing is replaced.
"""

import sys
from types import ModuleType

import torch

if torch.version.cuda is None and "torchaudio" not in sys.modules:
    stand_in = ModuleType("torchaudio._extension")
    stand_in._IS_TORCHAUDIO_EXT_AVAILABLE = False  # type: ignore[attr-defined]
    stand_in.fail_if_no_align = lambda function: function  # type: ignore[attr-defined]
    sys.modules["torchaudio._extension"] = stand_in

from torchaudio import functional  # noqa: E402 (after the stand-in)
from torchaudio.compliance import kaldi  # noqa: E402

__all__ = ["functional", "kaldi"]
