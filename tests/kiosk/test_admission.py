"""As many speak at once as there are places; the others come in order, and nobody who left is waited for."""

import time

import pytest

from v2f.kiosk import admission
from v2f.kiosk.admission import Admission, Waiting


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which the test moves on."""
    at = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: at[0])
    return at


def waiting(turn: str | Waiting) -> Waiting:
    assert isinstance(turn, Waiting)
    return turn


def test_places_are_taken_and_freed(now: list[float]) -> None:
    doors = Admission(2)
    first, second = doors.enter(10), doors.enter(5)
    third = waiting(doors.enter(10))
    assert (third.ahead, third.seconds) == (0, 5), "the shorter of the two ends first"
    assert isinstance(first, str) and isinstance(second, str)
    doors.leave(first)
    assert doors.enter(10, third.ticket) == third.ticket
    doors.leave("unknown")


def test_those_who_wait_come_in_order_and_newcomers_behind_them(now: list[float]) -> None:
    doors = Admission(1)
    speaking = doors.enter(10)
    queue = [waiting(doors.enter(seconds)) for seconds in (10, 5, 3)]
    assert [(turn.ahead, turn.seconds) for turn in queue] == [(0, 10), (1, 20), (2, 25)]
    assert isinstance(speaking, str)
    doors.leave(speaking)
    assert waiting(doors.enter(10)).ahead == 3, "a newcomer does not overtake"
    assert waiting(doors.enter(10, queue[1].ticket)).ahead == 1, "nor does the second"
    assert doors.enter(10, queue[0].ticket) == queue[0].ticket


def test_who_stops_asking_loses_the_place(now: list[float]) -> None:
    doors = Admission(1)
    doors.enter(60)
    gone, stays = waiting(doors.enter(10)), waiting(doors.enter(10))
    now[0] += admission.ASKING_SECONDS - 1
    assert waiting(doors.enter(10, stays.ticket)).ahead == 1
    now[0] += 2
    assert waiting(doors.enter(10, stays.ticket)).ahead == 0
    assert waiting(doors.enter(10, gone.ticket)).ahead == 1, "behind those who stayed"


def test_a_place_is_free_again_when_its_recording_should_have_ended(now: list[float]) -> None:
    doors = Admission(1)
    doors.enter(10)
    now[0] += 10 + admission.GRACE_SECONDS - 1
    assert isinstance(doors.enter(10), Waiting)
    now[0] += 2
    assert isinstance(doors.enter(10), Waiting), "the one before it asked first"
    now[0] += admission.ASKING_SECONDS
    assert isinstance(doors.enter(10), str)
