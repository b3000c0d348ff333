"""A recording in progress: audio arrives in pieces, the face so far can be computed at any time."""

from collections.abc import Callable, Sequence
from threading import Lock

import numpy as np

from v2f.audio import FRAME, SAMPLE_RATE, SpeechDetector, to_waveform
from v2f.pipeline.prefixes import Prefixes, RecordingCache
from v2f.pipeline.types import Face, Waveform


class LiveSession:
    """The audio of a recording in progress, and the face that it gives so far.

    A face equals that of `VoiceToFace.face` on the same samples, up to rounding, however the audio was cut into pieces
    and however often it was computed. What is known of the audio so far, the detector's decisions and what the public
    voice encoder computed of it, is kept for the next time: biometric data, as the recording is. Methods may be called
    from different threads.
    """

    def __init__(
        self, strips: Callable[[Sequence[Prefixes]], list[list[Face | None]]], max_seconds: float
    ) -> None:
        """Begin a recording.

        Args:
            strips: `VoiceToFace.strips` of the model.
            max_seconds: audio beyond this is dropped.
        """
        self._strips = strips
        self._samples_left = int(max_seconds * SAMPLE_RATE)
        self._pieces = [np.zeros(0, np.float32)]
        self._detector = SpeechDetector()
        self._decisions = np.zeros(0, bool)
        self._cache = RecordingCache()
        self._lock = Lock()

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
            return self._joined()

    @property
    def seconds(self) -> float:
        """Seconds of audio so far."""
        with self._lock:
            return sum(piece.size for piece in self._pieces) / SAMPLE_RATE

    def prefixes(
        self, durations: Sequence[float] = (), growing: bool = False, judged: bool = True
    ) -> Prefixes:
        """All samples so far, to ask for the face of: and for those after some durations, in seconds.

        `growing`: of the first 1.6 seconds of speech that face may be a little behind, but is there sooner. `judged`:
        whether scores are wanted.
        """
        with self._lock:
            waveform = self._joined()
            undecided = waveform[self._decisions.size * FRAME :]
            self._decisions = np.concatenate([self._decisions, self._detector.decide(undecided)])
            return Prefixes(waveform, self._decisions, durations, self._cache, growing, judged)

    def face(self) -> Face | None:
        """The face of the voice so far, or None while there is less than half a second of speech."""
        return self._strips([self.prefixes()])[0][-1]

    def _joined(self) -> Waveform:
        self._pieces = [np.concatenate(self._pieces)]
        return self._pieces[0]
