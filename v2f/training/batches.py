"""What training draws from a store at every step: crops of recordings, one length a batch, and faces, some mirrored.

Everything depends on the random numbers handed in and on nothing else. A store is held in memory, the CPU's or a
GPU's, or read through its memory map where it is larger than memory may hold (memory.py).
"""

from math import inf

import numpy as np
import torch
from torch import Tensor

from v2f.errors import CorpusError
from v2f.models.networks import IMAGE_SIZES, GeneratorName
from v2f.models.pixels import as_input
from v2f.training.memory import hold


class Crops:
    """Random crops of recordings: speech, int16 [batch, samples]."""

    def __init__(
        self,
        speech: np.ndarray,
        voices: np.ndarray,
        device: torch.device,
        limit: float = inf,
        share: np.ndarray | float = 1,
    ) -> None:
        """`speech` and `voices` are a store's, the latter those of the recordings to draw from.

        Speech of more than `limit` bytes stays on the disk. `share`, of all or of each [n], is that part of a
        recording, from its start, that crops are taken from.
        """
        self.device, self.resident = device, speech.nbytes <= limit
        self.speech = hold(speech, device, limit)
        self.home = self.speech.device  # where crops are read
        self.starts = torch.tensor(voices["start"], device=self.home)
        self.lengths = torch.tensor((voices["length"] * share).astype(np.int64).clip(min=1), device=self.home)

    def __call__(self, chosen: Tensor, length: int, rng: torch.Generator) -> Tensor:
        """One crop of `length` samples for each of `chosen` [batch], a row of `voices` each.

        Recordings shorter than that are repeated to fill it, as the paper has it.
        """
        return self.read(chosen, self.places(chosen, length, rng), length).to(self.device)

    def places(self, chosen: Tensor, length: int, rng: torch.Generator) -> Tensor:
        """Where in its recording each crop begins, int64 [batch]."""
        longest = (self.lengths[chosen.to(self.home)] - length + 1).clamp(min=1)
        return (uniform(0, 1, len(chosen), rng).to(self.home) * longest).long()

    def read(self, chosen: Tensor, places: Tensor, length: int) -> Tensor:
        """The crops that begin there, int16 [batch, length], not yet on the device if they come from the disk."""
        chosen = chosen.to(self.home)
        starts, lengths = self.starts[chosen], self.lengths[chosen]
        if self.resident:
            ramp = torch.arange(length, device=self.home)[None]
            return self.speech[starts[:, None] + (ramp + places[:, None]) % lengths[:, None]]
        speech, crops = self.speech.numpy(), np.empty((len(chosen), length), np.int16)
        for crop, start, whole, place in zip(crops, starts, lengths, places, strict=True):
            recording = speech[int(start) : int(start + whole)]
            if place + length <= whole:
                crop[:] = recording[int(place) : int(place) + length]
            else:
                crop[:] = recording.take(np.arange(int(place), int(place) + length), mode="wrap")
        return torch.from_numpy(crops)


class Faces:
    """Faces as the networks take them, mirrored with probability one half, as the authors' settings have it."""

    def __init__(self, faces: np.ndarray, device: torch.device, limit: float = inf) -> None:
        """`faces` are uint8 [n, size, size, 3]; those of more than `limit` bytes stay on the disk."""
        self.device, self.resident = device, faces.nbytes <= limit
        self.faces = hold(faces, device, limit)

    def __len__(self) -> int:
        return len(self.faces)

    def __call__(self, chosen: Tensor, rng: torch.Generator) -> Tensor:
        """Faces `chosen` [batch] -> float32 [batch, 3, size, size] in [-1, 1], some of them mirrored."""
        return flip(self.pixels(chosen), rng)

    def pixels(self, chosen: Tensor) -> Tensor:
        """The same, none of them mirrored."""
        return as_input(self.read(chosen).to(self.device))

    def read(self, chosen: Tensor) -> Tensor:
        """The faces as they are stored, uint8, not yet on the device if they come from the disk."""
        if self.resident:
            return self.faces[chosen]
        return torch.from_numpy(self.faces.numpy()[chosen.cpu().numpy()])


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
    return mirror(faces, coins(len(faces), rng))


def mirror(faces: Tensor, which: Tensor) -> Tensor:
    """Mirror those faces of [batch, 3, height, width] that `which`, bool [batch], says."""
    return torch.where(which[:, None, None, None], faces.flip(3), faces)


def coins(size: int, rng: torch.Generator) -> Tensor:
    """`size` draws that are true with probability one half."""
    return uniform(0, 1, size, rng) < 0.5


def uniform(low: float, high: float, size: int, rng: torch.Generator) -> Tensor:
    """`size` draws from [low, high)."""
    return torch.rand(size, generator=rng, device=rng.device) * (high - low) + low
