"""A recording in progress: audio arrives in pieces, the face so far can be computed at any time."""

from collections.abc import Callable
from threading import Lock

import numpy as np

from v2f.audio import SAMPLE_RATE, to_waveform
from v2f.errors import NoSpeechError
from v2f.models.dvector import WindowCache
from v2f.pipeline.types import Face, Waveform


class LiveSession:
    """The audio of a recording in progress, and the face that it gives so far.

    A face equals that of `VoiceToFace.face` on the same samples, up to rounding, however the audio was cut into pieces
    and however often it was computed. Both methods may be called from different threads.

    Attributes:
        cache: what the public voice encoder computed from windows of this recording. Biometric data,
            as the recording is: delete both together.
    """

    def __init__(self, face: Callable[[Waveform, WindowCache], Face], max_seconds: float) -> None:
        """Begin a recording.

        Args:
            face: `VoiceToFace.face` of the model.
            max_seconds: audio beyond this is dropped.
        """
        self._face = face
        self._samples_left = int(max_seconds * SAMPLE_RATE)
        self._pieces = [np.zeros(0, np.float32)]
        self._lock = Lock()
        self.cache: WindowCache = {}

    def add(self, samples: Waveform) -> None:
        """Append samples [n], mono, 16 kHz, in [-1, 1]."""
        with self._lock:
            piece = to_waveform(samples, SAMPLE_RATE)[: self._samples_left]
            self._samples_left -= piece.size
            self._pieces.append(piece.copy())  # callers may reuse their buffer

    @property
    def waveform(self) -> Waveform:
        """All samples so far, float32 [n]."""
        with self._lock:
            self._pieces = [np.concatenate(self._pieces)]
            return self._pieces[0]

    @property
    def seconds(self) -> float:
        """Seconds of audio so far."""
        with self._lock:
            return sum(piece.size for piece in self._pieces) / SAMPLE_RATE

    def face(self) -> Face | None:
        """The face of the voice so far, or None while there is less than half a second of speech."""
        try:
            return self._face(self.waveform, self.cache)
        except NoSpeechError:
            return None
