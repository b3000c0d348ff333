"""The recordings of the visitors who are here now: in memory and nowhere else, few, and not for long."""

import secrets
import time
from dataclasses import dataclass, field
from threading import Lock

from v2f.audio.microphone import Recording
from v2f.kiosk.problems import Problem
from v2f.pipeline import Face, LiveSession

MOST = 64  # visits at once, 60 s of audio each at most: 250 MB; beyond that the longest untouched one goes


@dataclass
class Visit:
    """One recording, in progress or whole; or a clip that a visitor brought to use as noise."""

    live: LiveSession
    shortened: bool = False  # the recording went on for longer than was read of it
    faces: list[Face | None] = field(default_factory=list)  # once whole: after each duration, then of all
    told: set[int] = field(default_factory=set)  # durations in progress whose face the page has been given
    sent: int = 0  # samples of the booth's own microphone that the page has been given
    recording: Recording | None = None  # by the booth's own microphone

    def end(self) -> None:
        """Let go of the microphone, if this visit holds it."""
        if self.recording:
            self.recording.stop()


class Visits:
    """Visits by token. A token cannot be guessed, and is all that leads to a visit. Safe between threads."""

    def __init__(self, seconds_to_live: float, most: int = MOST) -> None:
        self._seconds_to_live = seconds_to_live  # since the last touch
        self._most = most
        self._visits: dict[str, tuple[float, Visit]] = {}  # in the order of their last touch
        self._lock = Lock()

    def open(self, visit: Visit) -> str:
        """Keep a visit; returns its token. The longest untouched one goes where there are too many."""
        token = secrets.token_urlsafe(16)
        with self._lock:
            self._visits[token] = (time.monotonic(), visit)
            oldest = list(self._visits)[: -self._most]
        self.forget(oldest)
        return token

    def touch(self, token: str) -> Visit:
        """The visit of a token, whose time to live starts anew. Raises Problem when it is forgotten."""
        with self._lock:
            if token not in self._visits:
                raise Problem("gone")
            _, visit = self._visits.pop(token)
            self._visits[token] = (time.monotonic(), visit)
            return visit

    def forget(self, tokens: list[str]) -> None:
        """Drop visits; tokens that lead nowhere are passed over."""
        with self._lock:
            gone = [self._visits.pop(token)[1] for token in tokens if token in self._visits]
        for visit in gone:  # not under the lock: a microphone may take its time
            visit.end()

    def sweep(self) -> None:
        """Drop the visits that nobody has touched for their time to live."""
        limit = time.monotonic() - self._seconds_to_live
        with self._lock:
            stale = [token for token, (touched, _) in self._visits.items() if touched < limit]
            gone = [self._visits.pop(token)[1] for token in stale]
        for visit in gone:
            visit.end()

    def __len__(self) -> int:
        with self._lock:
            return len(self._visits)
