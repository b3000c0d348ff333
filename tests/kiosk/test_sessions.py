"""SessionStore are found by their token alone, are few, and are really gone when they are forgotten."""

import gc
import time
from weakref import ref

import numpy as np
import pytest

from v2f.kiosk.problems import Problem
from v2f.kiosk.sessions import Session, SessionStore
from v2f.pipeline import LiveSession


class FakeRecording:
    """As the booth's own microphone gives it."""

    stopped = False

    def stop(self) -> None:
        self.stopped = True


def visit(seconds: float = 1.0) -> Session:
    live = LiveSession(None, 60)  # type: ignore[arg-type] (no face is asked for)
    live.add(np.zeros(round(seconds * 16_000), np.float32))
    return Session(live)


def held(sessions: SessionStore, token: str) -> bool:
    try:
        sessions.touch(token)
    except Problem as problem:
        assert problem.key == "gone"
        return False
    return True


def test_a_token_leads_to_its_own_visit_and_nothing_else_does() -> None:
    sessions, one, other = SessionStore(60), visit(), visit()
    first, second = sessions.open(one), sessions.open(other)
    assert sessions.touch(first) is one and sessions.touch(second) is other
    assert not held(sessions, first[:-1]) and not held(sessions, "")
    assert len(first) >= 22, "128 bits cannot be guessed"


def test_a_forgotten_visits_audio_is_freed() -> None:
    sessions = SessionStore(60)
    one = visit()
    audio, token = ref(one.live.waveform), sessions.open(one)
    del one
    assert audio() is not None
    sessions.forget([token, "never opened"])
    gc.collect()
    assert audio() is None and not held(sessions, token)


def test_a_visit_lives_on_while_it_is_touched_and_no_longer() -> None:
    sessions = SessionStore(0.2)
    touched, left = sessions.open(visit()), sessions.open(visit())
    audio = ref(sessions.touch(left).live.waveform)
    for _ in range(6):
        time.sleep(0.05)
        sessions.touch(touched)
    sessions.forget_untouched()
    gc.collect()
    assert held(sessions, touched) and not held(sessions, left)
    assert audio() is None


def test_of_too_many_the_longest_untouched_goes() -> None:
    sessions = SessionStore(60, max_sessions=3)
    tokens = [sessions.open(visit()) for _ in range(3)]
    sessions.touch(tokens[0])
    tokens.append(sessions.open(visit()))
    assert len(sessions) == 3
    assert [held(sessions, token) for token in tokens] == [True, False, True, True]


@pytest.mark.parametrize("way", ["forget", "sweep", "too many"])
def test_a_visit_that_goes_lets_go_of_the_microphone(way: str) -> None:
    sessions, recording = SessionStore(60 if way != "sweep" else -1, max_sessions=1), FakeRecording()
    one = visit()
    one.recording = recording  # type: ignore[assignment]
    token = sessions.open(one)
    assert not recording.stopped
    if way == "forget":
        sessions.forget([token])
    elif way == "sweep":
        sessions.forget_untouched()
    else:
        sessions.open(visit())
    assert recording.stopped
