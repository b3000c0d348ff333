"""From sound to the input of each voice encoder: one front end for each, by the encoder's name.

All have frames of 25 ms every 10 ms, whole ones only, so that `whole_frames` holds for all.
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


class Frames(Protocol):
    def __call__(self, waveform: np.ndarray | Tensor, start: int = 0) -> Tensor:
        """Frames [..., bins, frames] of [..., samples], from `start` on. A prefix has a prefix of the whole's."""


@dataclass(frozen=True)
class FrontEnd:
    """From sound to an encoder's features, in two steps: the second depends on which frames are used."""

    frames: Frames
    normalise: Callable[[Tensor], Tensor]  # the frames that are used -> features [..., bins, frames]

    def features(self, speech: np.ndarray | Tensor) -> Tensor:
        """Features [..., bins, frames] of all of a speech [..., samples]."""
        return self.normalise(self.frames(speech))


def fused(waveform: np.ndarray | Tensor, start: int = 0) -> Tensor:
    """Mel power, mean square and log filter banks [..., 121, frames] of [..., samples]."""
    return torch.cat([mel_power(waveform, start), filter_banks(waveform, start)], dim=-2)


FRONT_ENDS = {
    "table2": FrontEnd(log_mel, normalise),
    # The public encoders level each of their windows themselves, so that a window of a growing recording never changes.
    "dvector": FrontEnd(mel_power, lambda frames: frames),
    "fused": FrontEnd(fused, lambda frames: frames),
}
