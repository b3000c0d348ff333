"""What training draws from a store at every step: crops of recordings, one length a batch, and faces, some mirrored.

Everything depends on the random numbers handed in and on nothing else. A store is read through its memory map, or held
in memory, the CPU's or a GPU's; batches are made where it is held.
"""

import warnings
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from v2f.errors import CorpusError
from v2f.models.networks import IMAGE_SIZES, GeneratorName
from v2f.models.pixels import as_input

if TYPE_CHECKING:
    from v2f.data.store import Store


class Crops:
    """Random crops of recordings: log-mel [batch, 64, frames], normalised; or speech, int16 [batch, samples]."""

    def __init__(
        self,
        sounds: np.ndarray,
        voices: np.ndarray,
        device: torch.device,
        resident: bool = True,
        share: float = 1,
    ) -> None:
        """`sounds` and `voices` are a store's, the latter those of the recordings to draw from.

        `resident` copies the sounds into the device's memory, which a GPU needs; `share` is that part of each
        recording, from its start, that crops are taken from.
        """
        self.device = device
        self.sounds = hold(sounds, device, resident)
        self.starts = torch.tensor(voices["start"], device=device)
        self.lengths = torch.tensor((voices["length"] * share).astype(np.int64).clip(min=1), device=device)

    def __call__(self, chosen: Tensor, length: int, rng: torch.Generator) -> Tensor:
        """One crop of `length` frames, or samples, for each of `chosen` [batch], a row of `voices` each.

        Recordings shorter than that are repeated to fill it, as the paper has it.
        """
        # Here, so that stage two runs where no audio package is installed.
        from v2f.audio.features import normalise

        lengths = self.lengths[chosen][:, None]
        offset = (uniform(0, 1, len(chosen), rng)[:, None] * (lengths - length + 1).clamp(min=1)).long()
        ramp = torch.arange(length, device=self.device)[None]
        crop = self.sounds[self.starts[chosen][:, None] + (ramp + offset) % lengths]
        return normalise(crop.transpose(1, 2).float()) if crop.ndim == 3 else crop


class Faces:
    """Faces as the networks take them, mirrored with probability one half, as the authors' settings have it."""

    def __init__(self, faces: np.ndarray, device: torch.device, resident: bool = True) -> None:
        """`faces` are uint8 [n, size, size, 3]; for `resident` see `Crops`."""
        self.faces = hold(faces, device, resident)

    def __len__(self) -> int:
        return len(self.faces)

    def __call__(self, chosen: Tensor, rng: torch.Generator) -> Tensor:
        """Faces `chosen` [batch] -> float32 [batch, 3, size, size] in [-1, 1], some of them mirrored."""
        return flip(self.pixels(chosen), rng)

    def pixels(self, chosen: Tensor) -> Tensor:
        """The same, none of them mirrored."""
        return as_input(self.faces[chosen])


def faces_of(store: "Store", device: torch.device) -> Faces:
    """A store's faces for training."""
    # A GPU cannot reach a memory map; a CPU reads it, and there may be more faces than memory.
    return Faces(store.faces, device, resident=device.type != "cpu")


def image_size(faces: np.ndarray, source: str, generator: GeneratorName = "table2") -> int:
    """The side, in pixels, of faces uint8 [n, size, size, 3], for which networks are to be built.

    Raises CorpusError, which names the faces' source, where networks with this generator cannot be of that size.
    """
    height, width = faces.shape[1:3]
    sizes = IMAGE_SIZES[generator]
    if height != width or height not in sizes:
        able = " or ".join(f"{size}x{size}" for size in sizes)
        raise CorpusError(
            f"{source} holds faces of {height}x{width} pixels, and the networks take {able}; "
            f"make it again with --size {sizes[0]}."
        )
    return int(height)


def flip(faces: Tensor, rng: torch.Generator) -> Tensor:
    """Mirror each face of [batch, 3, height, width] with probability one half."""
    mirrored = uniform(0, 1, len(faces), rng) < 0.5
    return torch.where(mirrored[:, None, None, None], faces.flip(3), faces)


def uniform(low: float, high: float, size: int, rng: torch.Generator) -> Tensor:
    """`size` draws from [low, high)."""
    return torch.rand(size, generator=rng, device=rng.device) * (high - low) + low


def hold(array: np.ndarray, device: torch.device, resident: bool) -> Tensor:
    """An array as a tensor: a copy in the device's memory, or a view of its memory map."""
    if resident:
        return torch.from_numpy(np.array(array)).to(device)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that it cannot be written to; nobody does
        return torch.from_numpy(array)
