"""From sound to the input of each voice encoder: one front end for each, by the encoder's name.

Both have frames of 25 ms every 10 ms, whole ones only, so that `whole_frames` holds for both.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from v2f.audio.features import log_mel, normalise
from v2f.audio.filter_banks import filter_banks
from v2f.audio.mel_power import mel_power
from v2f.models.networks import FILTER_BANKS


class Frames(Protocol):
    def __call__(self, waveform: np.ndarray | Tensor, start: int = 0) -> Tensor:
        """Frames [..., bins, frames] of [..., samples], from `start` on. A prefix has a prefix of the whole's."""


@dataclass(frozen=True)
class FrontEnd:
    """From sound to an encoder's features, in two steps: the second depends on which frames are used."""

    frames: Frames
    normalise: Callable[[Tensor], Tensor]  # the frames that are used -> features [..., bins, frames]
    shown: slice  # the bins that are log power by pitch, for people to look at

    def features(self, speech: np.ndarray | Tensor) -> Tensor:
        """Features [..., bins, frames] of all of a speech [..., samples]."""
        return self.normalise(self.frames(speech))


def fused(waveform: np.ndarray | Tensor, start: int = 0) -> Tensor:
    """Mel power, mean square and log filter banks [..., 121, frames] of [..., samples]."""
    return torch.cat([mel_power(waveform, start), filter_banks(waveform, start)], dim=-2)


FRONT_ENDS = {
    "table2": FrontEnd(log_mel, normalise, slice(None)),
    # It levels each of its windows itself, so that a window of a growing recording never changes.
    "fused": FrontEnd(fused, lambda frames: frames, slice(-FILTER_BANKS, None)),
}
