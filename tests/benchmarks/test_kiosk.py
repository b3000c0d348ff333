"""What the page's marks mean, as latencies."""

import math

import pytest

from benchmarks.kiosk import delay, gaps, recorded, redraws
from v2f.pipeline import DURATIONS


def recording(late: float = 0.0, shown_after: float = 0.1) -> list[tuple[str, float]]:
    """Marks of a recording that began at second 3; the page takes the sound of 2 s `late`."""
    marks = []
    for d in DURATIONS:
        marks.append((f"v2f-heard-{d}", 3 + d + (late if d == 2 else 0)))
        marks.append((f"v2f-shown-{d}", 3 + d + shown_after))
    return marks


def test_a_face_is_late_by_what_passes_since_its_last_sound() -> None:
    assert [delay(recording(), d) for d in DURATIONS] == pytest.approx([0.1] * 5)


def test_a_page_that_hears_late_does_not_look_faster() -> None:
    assert delay(recording(late=0.09), 2) == pytest.approx(0.1)


def test_a_face_that_was_never_painted_is_infinitely_late() -> None:
    marks = [mark for mark in recording() if mark[0] != "v2f-shown-5"]
    assert math.isinf(delay(marks, 5))
    assert math.isinf(delay([], 1))


def test_gaps_lie_between_live_faces_whatever_the_order_of_marks() -> None:
    assert gaps([("v2f-live", 2.0), ("v2f-live", 1.0), ("v2f-shown-1", 1.5), ("v2f-live", 4.0)]) == [1.0, 2.0]
    assert gaps([("v2f-live", 2.0)]) == []


def test_every_duration_has_a_latency_and_all_of_them_one() -> None:
    *faces, every, live = recorded([recording(), recording(shown_after=0.3)], "one visitor", 0.2)
    assert [latency.name.split(",")[0] for latency in faces] == [f"face of {d} s" for d in DURATIONS]
    assert all(len(latency.values) == 2 for latency in faces)
    assert len(every.values) == 10 and every.row()["met"] == "**no**"
    assert live.limit == 0.25


@pytest.mark.parametrize(
    ("asked", "shown", "delays"),
    [
        ([1.0], [1.1], [0.1]),
        (
            [1.0, 1.05],
            [1.1, 1.2],
            [0.1, 0.15],
        ),  # the second move waits for the strip after the one being drawn
        ([1.0, 1.02, 1.04], [1.1, 1.2], [0.1, 0.18, 0.16]),  # one strip answers all that waited
        ([1.0, 2.0], [1.1, 2.3], [0.1, 0.3]),
        ([1.0, 1.05], [1.1], [0.1, math.inf]),
        ([2.0], [1.9], [math.inf]),
        ([], [1.0], []),
    ],
)
def test_a_move_is_answered_by_the_first_strip_that_knows_of_it(
    asked: list[float], shown: list[float], delays: list[float]
) -> None:
    assert redraws(asked, shown) == pytest.approx(delays)
