"""This machine's microphone: it records for one visitor at a time, and before that says how loud it is."""

import time
from threading import Lock
from weakref import ref

import numpy as np
from numpy.typing import NDArray

from v2f.audio.microphone import Recording, record
from v2f.kiosk.problems import Problem
from v2f.kiosk.sessions import Session

LEVEL_SECONDS = 2.0  # for which it stays open for the level after the last page has asked
LONGEST = 3600  # seconds that it is open for the level at once


class LocalMicrophone:
    """Opened for a session's recording, or for the level. Safe between threads."""

    def __init__(self, device: int | None) -> None:
        """Choose a microphone; it is not opened yet.

        Args:
            device: its number; None: the machine's own choice.
        """
        self._device = device
        self._lock = Lock()
        self._holder: ref[Session] | None = None  # weak, so that forgetting the session frees its audio
        self._listening: Recording | None = None
        self._peak = 0.0
        self._asked = 0.0  # when, on the clock of time.monotonic

    def record(self, session: Session, seconds: float) -> None:
        """Start to record into a session.

        Raises:
            Problem: "mic_busy", where another session's recording is in progress.
            MicrophoneError: there is no microphone, or it cannot be opened.
        """
        with self._lock:
            if self._records():
                raise Problem("mic_busy")
            if self._listening:
                self._listening.stop()  # the recording has the device to itself
            session.recording = record(self._device, seconds, session.live.add)
            self._holder = ref(session)

    def level(self) -> float:
        """How loud it is: the peak of the last 50 ms, 0 to 1; 0 while it records. No sound is kept for it.

        Raises:
            MicrophoneError: there is no microphone, or it cannot be opened.
        """
        with self._lock:
            if self._records():
                return 0.0
            self._asked = time.monotonic()
            if not self._listening or self._listening.done:
                self._peak = 0.0
                self._listening = record(self._device, LONGEST, self._hear)
            return self._peak

    def _records(self) -> bool:
        holder = self._holder and self._holder()
        return bool(holder and holder.recording and not holder.recording.done)

    def _hear(self, block: NDArray[np.float32]) -> None:
        self._peak = float(np.abs(block).max(initial=0))
        if self._listening and time.monotonic() - self._asked > LEVEL_SECONDS:
            self._listening.stop()
