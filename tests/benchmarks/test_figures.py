"""Medians and percentiles are values that were measured, and a line is kept or not."""

import math
import random
import sys
import time

import pytest

from benchmarks.figures import Figure, percentile, rows, told, working_seconds


@pytest.mark.parametrize("count", [1, 2, 19, 20, 21, 100])
@pytest.mark.parametrize("q", [50, 95])
def test_a_percentile_is_the_smallest_measured_value_that_so_many_do_not_exceed(count: int, q: int) -> None:
    values = [random.Random(count).random() for _ in range(count)]
    enough = [value for value in values if sum(other <= value for other in values) * 100 >= q * count]
    assert percentile(values, q) == min(enough)


def test_a_face_that_never_came_counts() -> None:
    values = [0.1] * 9 + [math.inf]
    assert percentile(values, 50) == 0.1
    assert math.isinf(percentile(values, 95))
    assert math.isinf(percentile([], 50))


def test_the_line_is_drawn_at_the_95th_percentile() -> None:
    assert Figure("face", 0.2, [0.1] * 19 + [9.0]).met
    assert not Figure("face", 0.2, [0.1] * 18 + [9.0] * 2).met


def test_the_table_says_what_was_met() -> None:
    face, page, live = rows(
        [Figure("face", 0.2, [0.1, 0.15]), Figure("page", 2, [3.5]), Figure("live", 1, [])]
    )
    assert list(face) == ["measured", "times", "median", "95th percentile", "line", "met"]
    assert list(face.values()) == ["face", "2", "100 ms", "150 ms", "200 ms", "yes"]
    assert list(page.values()) == ["page", "1", "3.50 s", "3.50 s", "2.00 s", "**no**"]
    assert list(live.values())[2:] == ["never", "never", "1.00 s", "**no**"]


def test_times_are_told_as_people_do() -> None:
    assert told(0.0834) == "83 ms"
    assert told(12.345) == "12.35 s" or told(12.345) == "12.34 s"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_work_of_the_cores_is_seen() -> None:
    before = working_seconds()
    began = time.process_time()
    while time.process_time() - began < 0.3:
        pass
    assert working_seconds() - before >= 0.2
