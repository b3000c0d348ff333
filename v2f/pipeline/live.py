"""A recording in progress: audio arrives in pieces, the face so far may be asked for at any time."""

from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from v2f.audio import SAMPLE_RATE, to_waveform
from v2f.errors import NoSpeechError
from v2f.models.dvector import HeardWindows

if TYPE_CHECKING:
    from v2f.pipeline.voice_to_face import Face, VoiceToFace


class LiveSession:
    """Audio so far and the face it makes; what it answers equals `VoiceToFace.face` on the same samples.

    Up to rounding, a face never depends on how the audio was cut into pieces or on how often it was asked for. What is
    kept from one answer to the next are the samples and what the public voice encoder heard in their windows. Pieces
    and questions may come from different threads.
    """

    def __init__(self, model: "VoiceToFace", max_seconds: float) -> None:
        self._model = model
        self._room = int(max_seconds * SAMPLE_RATE)
        self._pieces = [np.zeros(0, np.float32)]
        self._lock = Lock()
        self.heard: HeardWindows = {}

    def add(self, samples: NDArray[np.float32]) -> None:
        """Append samples [n], mono, 16 kHz, in [-1, 1]; what exceeds the longest recording is dropped."""
        with self._lock:
            piece = to_waveform(samples, SAMPLE_RATE)[: self._room]
            self._room -= piece.size
            self._pieces.append(piece.copy())  # callers may reuse their buffer

    @property
    def waveform(self) -> NDArray[np.float32]:
        """All samples so far, float32 [n], mono, 16 kHz."""
        with self._lock:
            self._pieces = [np.concatenate(self._pieces)]
            return self._pieces[0]

    @property
    def seconds(self) -> float:
        """Seconds of audio so far."""
        with self._lock:
            return sum(piece.size for piece in self._pieces) / SAMPLE_RATE

    def face(self) -> "Face | None":
        """The face of the voice so far, or None while there is less than half a second of speech."""
        try:
            return self._model.face(self.waveform, self.heard)
        except NoSpeechError:
            return None
