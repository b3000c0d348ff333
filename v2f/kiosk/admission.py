"""Who may speak now: as many visitors at once as faces keep up with; the others wait their turn, in order.

A page that waits asks again every second with its ticket. One that stops asking, as it was closed, loses its place.
"""

import secrets
import time
from dataclasses import dataclass
from threading import Lock

ASKING_SECONDS = 5  # without being asked for, after which a ticket is void
GRACE_SECONDS = 5  # after a recording should have ended, until its place is free without a word


@dataclass(frozen=True)
class Waiting:
    """A place in the queue: how many come before, and in how many seconds it may be this one's turn."""

    ticket: str
    ahead: int
    seconds: int


class Admission:
    """The places of those who speak, and the queue before them. Safe between threads."""

    def __init__(self, places: int) -> None:
        """`places`: how many may speak at once."""
        self._places = places
        self._speaking: dict[str, float] = {}  # by place, when its recording ends at the latest
        self._queue: dict[str, float] = {}  # by ticket, in order, when it was last asked for
        self._lock = Lock()

    def enter(self, seconds: float, ticket: str | None = None) -> str | Waiting:
        """Take a place for a recording.

        Args:
            seconds: its length.
            ticket: what an earlier call gave, if any.

        Returns:
            The place, to be given to `leave`; or where to wait.
        """
        with self._lock:
            now = time.monotonic()
            self._speaking = {place: end for place, end in self._speaking.items() if end > now}
            self._queue = {t: asked for t, asked in self._queue.items() if asked > now - ASKING_SECONDS}
            if ticket is None or ticket not in self._queue:
                ticket = secrets.token_urlsafe(16)
            self._queue[ticket] = now  # a known one keeps its place in the order
            ahead, free = list(self._queue).index(ticket), self._places - len(self._speaking)
            if ahead < free:
                del self._queue[ticket]
                self._speaking[ticket] = now + seconds + GRACE_SECONDS
                return ticket
            ends = sorted(self._speaking.values()) or [now]  # now: who comes before has not asked again yet
            until = ends[min(ahead - free, len(ends) - 1)] - GRACE_SECONDS - now
            return Waiting(ticket, ahead, max(1, round(until)))

    def leave(self, place: str) -> None:
        """Free a place; an unknown one is passed over."""
        with self._lock:
            self._speaking.pop(place, None)
