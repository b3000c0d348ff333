"""Visits are found by their token alone, are few, and are really gone when they are forgotten."""

import gc
import time
from weakref import ref

import numpy as np
import pytest

from v2f.kiosk.problems import Problem
from v2f.kiosk.sessions import Visit, Visits
from v2f.pipeline import LiveSession


class FakeRecording:
    """As the booth's own microphone gives it."""

    stopped = False

    def stop(self) -> None:
        self.stopped = True


def visit(seconds: float = 1.0) -> Visit:
    live = LiveSession(None, 60)  # type: ignore[arg-type] (no face is asked for)
    live.add(np.zeros(round(seconds * 16_000), np.float32))
    return Visit(live)


def held(visits: Visits, token: str) -> bool:
    try:
        visits.touch(token)
    except Problem as problem:
        assert problem.key == "gone"
        return False
    return True


def test_a_token_leads_to_its_own_visit_and_nothing_else_does() -> None:
    visits, one, other = Visits(60), visit(), visit()
    first, second = visits.open(one), visits.open(other)
    assert visits.touch(first) is one and visits.touch(second) is other
    assert not held(visits, first[:-1]) and not held(visits, "")
    assert len(first) >= 22, "128 bits cannot be guessed"


def test_a_forgotten_visits_audio_is_freed() -> None:
    visits = Visits(60)
    one = visit()
    audio, token = ref(one.live.waveform), visits.open(one)
    del one
    assert audio() is not None
    visits.forget([token, "never opened"])
    gc.collect()
    assert audio() is None and not held(visits, token)


def test_a_visit_lives_on_while_it_is_touched_and_no_longer() -> None:
    visits = Visits(0.2)
    touched, left = visits.open(visit()), visits.open(visit())
    audio = ref(visits.touch(left).live.waveform)
    for _ in range(6):
        time.sleep(0.05)
        visits.touch(touched)
    visits.sweep()
    gc.collect()
    assert held(visits, touched) and not held(visits, left)
    assert audio() is None


def test_of_too_many_the_longest_untouched_goes() -> None:
    visits = Visits(60, most=3)
    tokens = [visits.open(visit()) for _ in range(3)]
    visits.touch(tokens[0])
    tokens.append(visits.open(visit()))
    assert len(visits) == 3
    assert [held(visits, token) for token in tokens] == [True, False, True, True]


@pytest.mark.parametrize("way", ["forget", "sweep", "too many"])
def test_a_visit_that_goes_lets_go_of_the_microphone(way: str) -> None:
    visits, recording = Visits(60 if way != "sweep" else -1, most=1), FakeRecording()
    one = visit()
    one.recording = recording  # type: ignore[assignment]
    token = visits.open(one)
    assert not recording.stopped
    if way == "forget":
        visits.forget([token])
    elif way == "sweep":
        visits.sweep()
    else:
        visits.open(visit())
    assert recording.stopped
