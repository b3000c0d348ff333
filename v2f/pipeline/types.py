"""What goes into the pipeline and what comes out of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import ArrayLike, NDArray

from v2f.audio import Sound

DURATIONS = (1, 2, 3, 5, 10)  # seconds; Sec. 4.1
MAX_SECONDS = 600.0  # no more than this is used of a recording: a longer one says nothing new about a voice

Waveform = NDArray[np.float32]  # [samples], mono, 16 kHz, in [-1, 1]
# An audio file, its bytes, or samples: [n], [n, channels] or [channels, n], integers or floats in [-1, 1], as an
# array, a tensor or a list. Their rate in Hz goes with them as an argument or, as Gradio has it, in a pair.
Clip = str | Path | bytes | BinaryIO | ArrayLike | tuple[int, Any] | Sound


@dataclass(frozen=True)
class Face:
    """A generated face and what it was made from.

    Attributes:
        image: uint8 [size, size, 3], RGB, of the weights' size.
        embedding: float32 [64], unit length.
        score: the discriminator's probability that the image is a photograph, 0 to 1; None for weights without a
            discriminator, and of a recording in progress.
        seconds: speech that was used, in seconds.
        duration: audio that this speech is from, in seconds.
        timings: seconds spent in each stage, for all the faces that were generated in one batch.
        notes: what was left unread or chosen of the recording, in words.
    """

    image: NDArray[np.uint8]
    embedding: NDArray[np.float32]
    score: float | None
    seconds: float
    duration: float
    timings: dict[str, float]
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """One line, without the pixels and the numbers."""
        height, width = self.image.shape[:2]
        score = "" if self.score is None else f", score {self.score:.2g}"
        told = "; ".join((f"{self.seconds:.1f} s of speech in {self.duration:.1f} s{score}", *self.notes))
        return f"Face({width}x{height} pixels, {told})"
