"""What each voice encoder takes, and how it is made of sound: one front end for each, by the encoder's name.

Both have frames of 25 ms every 10 ms, whole ones only, so that `whole_frames` holds for both.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from v2f.audio.features import log_mel, normalise
from v2f.audio.mel_power import mel_power


@dataclass(frozen=True)
class FrontEnd:
    """From sound to an encoder's features, in two steps: the second depends on which frames are used."""

    frames: Callable[
        [np.ndarray | Tensor], Tensor
    ]  # [..., samples] -> [..., bins, frames]; a prefix has a prefix
    normalise: Callable[[Tensor], Tensor]  # those frames that are used -> features [..., bins, frames]

    def features(self, speech: np.ndarray | Tensor) -> Tensor:
        """Features [..., bins, frames] of all of a speech [..., samples]."""
        return self.normalise(self.frames(speech))


def _as_they_are(frames: Tensor) -> Tensor:
    """The public encoder levels each of its windows itself, so that a window of a growing recording never changes."""
    return frames


FRONT_ENDS = {"table2": FrontEnd(log_mel, normalise), "dvector": FrontEnd(mel_power, _as_they_are)}
