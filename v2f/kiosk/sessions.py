"""The recordings of the visitors who are here now: in memory and nowhere else, few, and not for long."""

import secrets
import time
from dataclasses import dataclass, field
from threading import Lock
from typing import Self

import numpy as np

from v2f.audio import Sound
from v2f.audio.microphone import Recording
from v2f.kiosk.problems import Problem
from v2f.pipeline import Face, LiveSession, VoiceToFace, Waveform

MAX_SESSIONS = 64  # of 60 s of audio each at most: 250 MB; beyond that the longest untouched one goes
CARD_SECONDS = 600  # that a card can be fetched for, at most: it goes with its session


@dataclass(frozen=True)
class Card:
    """A picture that a visitor may fetch with a phone.

    Attributes:
        picture: a JPEG file.
        token: cannot be guessed, and is all that leads to it.
        made: when, on the clock of time.monotonic.
    """

    picture: bytes
    token: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    made: float = field(default_factory=time.monotonic)


@dataclass
class Session:
    """One recording of a visitor, in progress or whole; or a clip that a visitor uploaded as noise.

    Attributes:
        live: the audio so far.
        source: what is known of the upload, without its waveform.
        faces: once the recording is whole, the face after each duration and that of all of it.
        durations_sent: while it is in progress, the durations whose face the page has.
        samples_sent: how many samples of this machine's microphone the page has.
        recording: by this machine's microphone, if it is.
        place: among those who speak, while the recording is in progress.
        card: what the visitor asked for to take home.
    """

    live: LiveSession
    source: Sound = field(default_factory=lambda: Sound(np.zeros(0, np.float32)))
    faces: list[Face | None] = field(default_factory=list)
    durations_sent: set[int] = field(default_factory=set)
    samples_sent: int = 0
    recording: Recording | None = None
    place: str = ""
    card: Card | None = None

    @classmethod
    def of_clip(cls, engine: VoiceToFace, waveform: Waveform, seconds: float) -> Self:
        """A session of a clip that is whole, of which so many seconds are used at most."""
        session = cls(LiveSession(engine.strips, seconds))
        session.live.add(waveform)
        return session

    def whole_face(self) -> Face:
        """The face of all of it. Raises Problem: "gone", while it is in progress."""
        if not self.faces or self.faces[-1] is None:
            raise Problem("gone")
        return self.faces[-1]

    def release_microphone(self) -> None:
        """Let go of this machine's microphone, if this session holds it."""
        if self.recording:
            self.recording.stop()


class SessionStore:
    """Sessions by token. A token cannot be guessed, and is all that leads to a session. Safe between threads."""

    def __init__(self, seconds_to_live: float, max_sessions: int = MAX_SESSIONS) -> None:
        """Begin without sessions.

        Args:
            seconds_to_live: since the last touch.
            max_sessions: beyond this the longest untouched one goes.
        """
        self._seconds_to_live = seconds_to_live
        self._max_sessions = max_sessions
        self._sessions: dict[str, tuple[float, Session]] = {}  # in the order of their last touch
        self._lock = Lock()

    def open(self, session: Session) -> str:
        """Keep a session; returns its token."""
        token = secrets.token_urlsafe(16)
        with self._lock:
            self._sessions[token] = (time.monotonic(), session)
            oldest = list(self._sessions)[: -self._max_sessions]
        self.forget(oldest)
        return token

    def touch(self, token: str) -> Session:
        """Start a session's time to live anew.

        Returns:
            The session of the token.

        Raises:
            Problem: "gone", where it is forgotten.
        """
        with self._lock:
            if token not in self._sessions:
                raise Problem("gone")
            _, session = self._sessions.pop(token)
            self._sessions[token] = (time.monotonic(), session)
            return session

    def forget(self, tokens: list[str]) -> list[Session]:
        """Drop sessions and return them; unknown tokens are passed over."""
        with self._lock:
            dropped = [self._sessions.pop(token)[1] for token in tokens if token in self._sessions]
        _release(dropped)
        return dropped

    def tokens(self) -> list[str]:
        """The tokens of all sessions, in the order of their last touch."""
        with self._lock:
            return list(self._sessions)

    def forget_untouched(self) -> None:
        """Drop the sessions that were not touched for their time to live."""
        limit = time.monotonic() - self._seconds_to_live
        with self._lock:
            untouched = [token for token, (touched, _) in self._sessions.items() if touched < limit]
            dropped = [self._sessions.pop(token)[1] for token in untouched]
        _release(dropped)

    def card(self, token: str) -> bytes | None:
        """The picture of the card of this token, while its session is here and for CARD_SECONDS at most."""
        self.forget_old_cards()
        with self._lock:
            cards = [session.card for _, session in self._sessions.values()]
        return next((card.picture for card in cards if card and card.token == token), None)

    def forget_old_cards(self) -> None:
        """Drop the cards that are older than CARD_SECONDS."""
        limit = time.monotonic() - CARD_SECONDS
        with self._lock:
            for _, session in self._sessions.values():
                if session.card and session.card.made < limit:
                    session.card = None

    def __len__(self) -> int:
        with self._lock:
            return len(self._sessions)


def _release(sessions: list[Session]) -> None:
    for session in sessions:  # not under the store's lock: a microphone may take its time
        session.release_microphone()
