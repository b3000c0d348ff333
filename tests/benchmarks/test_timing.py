"""Ways take turns, the first round is not counted, ratios are taken round by round."""

import math
from pathlib import Path

import pytest

from benchmarks.timing import (
    Roofline,
    Table,
    Work,
    compare,
    fact,
    in_turns,
    markdown,
    percentile,
    shown,
    speed_up,
    write,
)


def test_ways_take_turns_and_the_first_round_is_not_counted() -> None:
    called: list[str] = []
    took = in_turns({"a": lambda: called.append("a"), "b": lambda: called.append("b")}, rounds=2, repeats=2)
    assert called == ["a", "a", "b", "b"] * 3
    assert {name: len(times) for name, times in took.items()} == {"a": 2, "b": 2}


def test_a_ratio_is_taken_round_by_round() -> None:
    assert speed_up([2, 8, 6], [1, 2, 1]) == "4.00 (2.00 to 6.00)"


def test_the_roofline_is_whichever_takes_longer() -> None:
    roofline = Roofline(flops=1e9, bytes=1e6)
    assert roofline.seconds(Work(2e9, 1e6)) == 2 and roofline.seconds(Work(2e9, 3e6)) == 3


def test_a_row_shows_both_ways_their_ratio_and_the_roofline() -> None:
    took = {"ours": [0.1, 0.1, 0.2], "baseline": [0.4, 0.5, 0.6]}
    assert compare("face", took, Work(1e9, 1e6), Roofline(2e10, 1e9)) == {
        "measured": "face",
        "ours": "100 ms (100 ms to 200 ms)",
        "baseline": "500 ms (400 ms to 600 ms)",
        "speed-up": "4.00 (3.00 to 5.00)",
        "roofline": "50 ms: 1 Gflop, 1 MB",
        "roofline / ours": "50%",
    }


def test_times_are_shown_in_the_unit_that_suits_them() -> None:
    assert [shown(seconds) for seconds in (0.00123, 0.25, 12, math.inf)] == [
        "1.23 ms",
        "250 ms",
        "12.00 s",
        "never",
    ]


def test_a_percentile_is_a_measured_value_and_infinite_without_any() -> None:
    assert percentile([3, 1, 2], 50) == 2 and percentile(range(1, 101), 95) == 95
    assert math.isinf(percentile([], 50))


def test_tables_are_printed_and_written_as_they_come(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.md"

    def tables():
        yield "First", [fact("a", "1")]
        assert "## First" in out.read_text(), "what has been measured stays, whatever happens next"
        table: Table = ("Second", [fact("b", "2")])
        yield table

    assert write(tables(), out) == 0
    assert markdown([fact("b", "2")]) == "| measured |  |\n| --- | --- |\n| b | 2 |"
    assert out.read_text().endswith("## Second\n\n| measured |  |\n| --- | --- |\n| b | 2 |\n")
    assert "## Second" in capsys.readouterr().out
