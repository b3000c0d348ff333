"""Faces between pictures and networks; Sec. 4: 127.5 is subtracted from pixels, then they are divided by it."""

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

SHRUNK_AT_ONCE = 256  # faces, to bound memory


def as_input(faces: Tensor) -> Tensor:
    """Faces uint8 [n, height, width, 3] -> float32 [n, 3, height, width] in [-1, 1]."""
    return (faces.permute(0, 3, 1, 2).float() - 127.5) / 127.5


def to_pixels(faces: Tensor) -> Tensor:
    """The inverse: faces [n, 3, height, width] -> uint8 [n, height, width, 3].

    Values outside [-1, 1] are clamped; contrast is left as it is.
    """
    return (faces.float().clamp(-1, 1) * 127.5 + 127.5).round().to(torch.uint8).permute(0, 2, 3, 1)


def shrink(faces: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Faces uint8 [n, height, width, 3] by area averaging -> uint8 [n, size, size, 3]; the same where they fit."""
    if faces.shape[1:3] == (size, size):
        return faces
    shrunk = np.empty((len(faces), size, size, 3), np.uint8)
    for start in range(0, len(faces), SHRUNK_AT_ONCE):
        some = slice(start, start + SHRUNK_AT_ONCE)
        inputs = as_input(torch.from_numpy(np.array(faces[some])))
        shrunk[some] = to_pixels(F.interpolate(inputs, (size, size), mode="area")).numpy()
    return shrunk
