"""Who may speak now: as many visitors at once as faces keep up with; the others wait their turn, in order.

A page that waits asks again every second with its ticket. One that stops asking, as it was closed, loses its place.
"""

import secrets
import time
from dataclasses import dataclass
from heapq import heapify, heapreplace
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
        self._queue: dict[
            str, tuple[float, float]
        ] = {}  # by ticket, in order: last asked for, and its length
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
            self._queue = {t: (at, s) for t, (at, s) in self._queue.items() if at > now - ASKING_SECONDS}
            if ticket is None or ticket not in self._queue:
                ticket = secrets.token_urlsafe(16)
            self._queue[ticket] = (now, seconds)  # a known one keeps its place in the order
            ahead, free = list(self._queue).index(ticket), self._places - len(self._speaking)
            if ahead < free:
                del self._queue[ticket]
                self._speaking[ticket] = now + seconds + GRACE_SECONDS
                return ticket
            return Waiting(ticket, ahead, max(1, round(self._turn(ahead) - now)))

    def _turn(self, ahead: int) -> float:
        """When a place will be free for the one who has so many before them, if each speaks to the end."""
        now = time.monotonic()
        free = [now] * (self._places - len(self._speaking))
        free += [max(now, end - GRACE_SECONDS) for end in self._speaking.values()]
        heapify(free)
        for _, seconds in list(self._queue.values())[:ahead]:
            heapreplace(free, free[0] + seconds)
        return free[0]

    def leave(self, place: str) -> None:
        """Free a place; an unknown one is passed over."""
        with self._lock:
            self._speaking.pop(place, None)
