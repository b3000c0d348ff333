"""A recording, whole or in progress, as the pipeline takes it: with what is known of it from the last time."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from v2f.audio import FRAME, SAMPLE_RATE, bridge_gaps, keep_speech
from v2f.audio.features import FRAMES_AT_ONCE, whole_frames
from v2f.audio.front_ends import FrontEnd
from v2f.models.windows import WindowCache
from v2f.pipeline.types import Waveform


class RecordingCache:
    """What was computed of a recording in progress, so that only what is new is computed the next time.

    Biometric data, as the recording is: delete both together. Safe between threads.

    Attributes:
        windows: for `Inference.embed`.
    """

    def __init__(self) -> None:
        self.windows: WindowCache = {}
        self._speech: NDArray[np.bool_] = np.zeros(0, bool)
        self._frames: Tensor | None = None
        self._lock = Lock()

    def frames(self, front_end: FrontEnd, waveform: Waveform, speech: NDArray[np.bool_]) -> Tensor:
        """Compute the frames [bins, frames] of the speech in a recording: the same, to the bit, as without a cache.

        Args:
            front_end: the same each time.
            waveform: float32 [n], as the last time but for what was appended.
            speech: which frames of 20 ms are used, bool [n // 320].
        """
        with self._lock:
            if self._frames is not None and np.array_equal(speech, self._speech):
                return self._frames
            both = min(speech.size, self._speech.size)
            # What changes is a pause that has been bridged since.
            changed = np.flatnonzero(speech[:both] != self._speech[:both])
            same = int(changed[0]) if changed.size else both
            known = whole_frames(int(speech[:same].sum()) * FRAME) // FRAMES_AT_ONCE * FRAMES_AT_ONCE
            new = front_end.frames(keep_speech(waveform, speech), known)
            self._frames = new if self._frames is None else torch.cat([self._frames[:, :known], new], dim=1)
            self._speech = speech
            return self._frames


@dataclass(frozen=True)
class Prefixes:
    """A recording, and how much of its start a face is wanted of: each duration, and all of it.

    Attributes:
        waveform: float32 [n].
        decisions: of the speech detector, bool [n // 320]; None: all of it is used.
        durations: seconds.
        cache: the recording's own.
        growing: whether it is in progress, so that the face of all of it may be a little behind.
        judged: whether the faces' scores are wanted.
    """

    waveform: Waveform
    decisions: NDArray[np.bool_] | None
    durations: Sequence[float]
    cache: RecordingCache = field(default_factory=RecordingCache)
    growing: bool = False
    judged: bool = True

    @property
    def stops(self) -> list[int]:
        """The samples after which each duration ends, and all of it."""
        return [*(round(duration * SAMPLE_RATE) for duration in self.durations), self.waveform.size]

    @property
    def speech(self) -> NDArray[np.bool_]:
        """Which frames are used, bool [n // 320]: short pauses belong to the speech around them."""
        if self.decisions is None:
            return np.ones(self.waveform.size // FRAME, bool)
        return bridge_gaps(self.decisions)

    def samples_used(self, stop: int) -> int:
        """Samples of speech in the first `stop` samples."""
        if self.decisions is None:
            return stop
        return int(bridge_gaps(self.decisions[: stop // FRAME]).sum()) * FRAME

    def frames(self, front_end: FrontEnd) -> Tensor:
        """The front end's frames [bins, frames] of all that is used."""
        if self.decisions is None:
            return front_end.frames(self.waveform)
        return self.cache.frames(front_end, self.waveform, self.speech)
