"""How numbers are written."""

from dataclasses import replace

import pytest

from v2f.report import wording
from v2f.report.results import Measure, People, Question, Result

ASKED = Question.AGE, Measure.RANK_CORRELATION, People.TEST


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"value": 0.6042, "low": 0.57, "high": 0.6358}, "60.4 % [57.0, 63.6]"),
        ({"value": 1.0, "low": 1.0, "high": 1.0}, "100.0 % [100.0, 100.0]"),
        ({"value": 0.07, "low": -0.03, "high": 0.19, "share": False}, "0.07 [−0.03, 0.19]"),
        ({"value": -0.001, "low": -0.3, "high": 0.3, "share": False}, "0.00 [−0.30, 0.30]"),
        ({"value": 11.82, "low": 10.9, "high": 12.7, "share": False}, "11.8 [10.9, 12.7]"),
        ({"value": 0.0217, "share": False}, "0.022"),
        ({"value": 1234.5, "share": False}, "1,234"),
        ({"value": float("nan")}, ""),
    ],
)
def test_numbers_have_sensible_digits(fields: dict, words: str) -> None:
    result = Result(*ASKED, **fields)
    assert f"{wording.value_of(result)} {wording.interval_of(result)}".strip() == words


@pytest.mark.parametrize(
    ("chance", "words"),
    [(0.5, "50 %"), (1 / 6, "16.7 %"), (1 / 283, "0.4 %"), (1 / 20_000, "0.005 %"), (0.0, "0 %"), (None, "")],
)
def test_chance_is_short(chance: float | None, words: str) -> None:
    assert wording.chance_of(Result(*ASKED, chance=chance)) == words


def test_the_ends_of_an_interval_belong_to_it() -> None:
    at = Result(*ASKED, value=0.55, low=0.5, high=0.6, chance=0.5)
    assert wording.like_chance(at)
    assert not wording.like_chance(replace(at, low=0.501))
    assert not wording.like_chance(replace(at, low=0.3, high=0.4))  # worse than chance is not like it
    assert not wording.like_chance(replace(at, chance=None)) and not wording.like_chance(
        replace(at, low=None)
    )
