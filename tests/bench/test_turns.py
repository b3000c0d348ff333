"""Ways in turns: each as often as the others, the first round not counted, ratios taken round by round."""

from v2f.bench.turns import Line, in_turns, ratio, table


def test_ways_take_turns_and_the_first_round_does_not_count() -> None:
    called: list[str] = []
    took = in_turns({"a": lambda: called.append("a"), "b": lambda: called.append("b")}, rounds=2)
    assert called == ["a", "b"] * 3
    assert {name: len(times) for name, times in took.items()} == {"a": 2, "b": 2}


def test_a_ratio_is_taken_round_by_round() -> None:
    assert ratio([2, 8, 6], [1, 2, 1]) == "4.00 times as fast (2.00 to 6.00)"


def test_lines_are_a_markdown_table() -> None:
    assert table([Line("a", "1 s"), Line("long", "2 s")]).splitlines()[-2:] == [
        "| a    | 1 s |",
        "| long | 2 s |",
    ]
