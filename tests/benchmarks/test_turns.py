"""Ways in turns: each as often as the others, the first round not counted, ratios taken round by round."""

from benchmarks.rates import Rates, Work
from benchmarks.tables import fact, table
from benchmarks.turns import beside, in_turns, milliseconds, ratio


def test_ways_take_turns_and_the_first_round_does_not_count() -> None:
    called: list[str] = []
    took = in_turns({"a": lambda: called.append("a"), "b": lambda: called.append("b")}, rounds=2)
    assert called == ["a", "b"] * 3
    assert {name: len(times) for name, times in took.items()} == {"a": 2, "b": 2}


def test_a_round_waits_once_for_all_its_repeats() -> None:
    called: list[str] = []
    in_turns({"a": lambda: called.append("a")}, 1, repeats=3, wait=lambda: called.append("wait"))
    assert called == ["a", "a", "a", "wait"] * 2


def test_a_ratio_is_taken_round_by_round() -> None:
    assert ratio([2, 8, 6], [1, 2, 1]) == "4.00 (2.00 to 6.00)"


def test_the_floor_is_whichever_takes_longer() -> None:
    rates = Rates(operations=1e9, bytes=1e6)
    assert rates.floor(Work(2e9, 1e6)) == 2 and rates.floor(Work(2e9, 3e6)) == 3


def test_a_row_tells_both_ways_their_ratio_the_floor_and_its_share() -> None:
    took = {"ours": [0.1, 0.1, 0.2], "plain": [0.4, 0.5, 0.6]}
    assert beside("face", took, Work(1e9, 1e6), Rates(2e10, 1e9)) == {
        "measured": "face",
        "ours": "100.0 ms (100.0 to 200.0)",
        "the plain way": "500.0 ms (400.0 to 600.0)",
        "times as fast": "4.00 (3.00 to 5.00)",
        "floor": "50 ms: 1 Gflop, 1 MB",
        "its share of ours": "50.0%",
    }
    assert milliseconds([0.0015]) == "1.5 ms (1.5 to 1.5)"


def test_rows_are_a_markdown_table() -> None:
    assert table([fact("a", "1 s"), fact("long name", "2 s")]).splitlines() == [
        "| measured  |     |",
        "| --------- | --- |",
        "| a         | 1 s |",
        "| long name | 2 s |",
    ]
