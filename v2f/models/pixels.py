"""Faces between pictures and networks; Sec. 4: 127.5 is subtracted from pixels, then they are divided by it."""

import torch
from torch import Tensor


def as_input(faces: Tensor) -> Tensor:
    """Faces uint8 [n, height, width, 3] -> float32 [n, 3, height, width] in [-1, 1]."""
    return (faces.permute(0, 3, 1, 2).float() - 127.5) / 127.5


def to_pixels(faces: Tensor) -> Tensor:
    """The inverse: faces [n, 3, height, width] -> uint8 [n, height, width, 3].

    Values outside [-1, 1] are clamped; contrast is left as it is.
    """
    return (faces.float().clamp(-1, 1) * 127.5 + 127.5).round().to(torch.uint8).permute(0, 2, 3, 1)
