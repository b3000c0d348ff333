"""Starts stand beside importing everything."""

import pytest

from benchmarks import startup


def test_a_program_stands_beside_the_same_with_all_imports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(startup, "STARTS", 1)
    row = startup.started("nothing", ["-c", ""], ["-c", "import json"], ["-c", ""])
    assert row["measured"] == "nothing" and row["speed-up"].endswith(")")


def test_a_program_that_fails_ends_the_benchmark() -> None:
    with pytest.raises(startup.BenchError, match="fails"):
        startup.run(["-c", "import no_such_package"])


@pytest.mark.slow
def test_all_packages_that_are_imported_at_the_top_exist() -> None:
    startup.run(["-c", startup.EAGER])
