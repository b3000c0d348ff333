"""The number of visitors that a machine holds is found between two crowds, by the kiosk as it is."""

import math
from pathlib import Path

import pytest

from benchmarks.crowd import CROWDS, Latencies, crowd_speaks, limits
from tests.support.browser import EXAMPLES, serving
from v2f.audio import read_audio


@pytest.mark.parametrize("most", [1, 5, 8, 11, 16, 17, 99])
def test_the_number_held_is_found_between_two_crowds(most: int) -> None:
    tried: list[int] = []

    def holds(visitors: int) -> bool:
        tried.append(visitors)
        return visitors <= most

    held, behind = limits(holds, CROWDS)
    assert held == min(most, 32) and behind == (None if most >= 32 else most + 1)
    assert len(tried) == len(set(tried)) <= 10


def test_faces_that_never_came_are_not_in_time() -> None:
    assert Latencies([0.16] * 50, [0.1] * 10).in_time
    assert not Latencies([0.16] * 50, [0.1] * 8 + [math.inf] * 2).in_time
    assert not Latencies([0.3] * 50, [0.1] * 10).in_time
    assert not Latencies().in_time


@pytest.mark.browser
def test_visitors_are_answered_by_the_kiosk_as_it_is(random_weights: Path) -> None:
    with serving("--weights", str(random_weights)) as kiosk:
        latencies = crowd_speaks(kiosk, read_audio(EXAMPLES[0], 2), visitors=2)
    assert len(latencies.delays) == 4  # of one and of two seconds, for both
    assert all(delay > 0 for delay in latencies.delays) and len(latencies.gaps) >= 2
