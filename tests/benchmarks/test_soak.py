"""A soak goes on whatever visitors do, and writes down what it sees."""

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks import soak as soaking
from benchmarks.__main__ import main
from benchmarks.footprint import Footprint
from benchmarks.soak import Soak, come_and_go, receive
from benchmarks.visits import VisitFailed, Visitor, pick
from tests.support.browser import BenchError, Kiosk

pytestmark = pytest.mark.slow


def kiosk(process: Any = None, disk: Path = Path()) -> Kiosk:
    return Kiosk(process or SimpleNamespace(poll=lambda: None, pid=1), 0, disk, 0.0)


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """No waiting, and no real process to look at."""
    monkeypatch.setattr("benchmarks.figures.busy_cores", lambda: 0.0)
    monkeypatch.setattr(soaking, "GRACE_SECONDS", 0)
    monkeypatch.setattr(soaking, "STEP_SECONDS", 0)
    monkeypatch.setattr(
        soaking, "footprint", lambda kiosk, minutes: Footprint(minutes, 100, 100, 100, 40, 10, 0, 0)
    )


def test_visits_go_on_in_turns() -> None:
    said: list[str] = []

    def visit(name: str, steps: int) -> Iterator[None]:
        for step in range(steps):
            said.append(f"{name}{step}")
            yield

    receive([visit("a", 3), visit("b", 1)])
    assert said == ["a0", "b0", "a1", "a2"]


def test_a_failed_visit_is_written_down_and_its_page_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(visitor: Visitor) -> Iterator[None]:
        visitor.did.append("record")
        yield
        raise VisitFailed("attract instead of result\nand a call log")

    closed: list[bool] = []
    context = SimpleNamespace(close=lambda: closed.append(True))
    browser: Any = SimpleNamespace(new_context=lambda viewport: context)
    page: Any = SimpleNamespace(on=lambda *event: None)
    monkeypatch.setattr(soaking, "open_page", lambda context, address: page)
    monkeypatch.setattr(soaking, "whole_visit", fails)
    soak = Soak(minutes=1)
    receive([come_and_go(soak, browser, kiosk(), lambda page: Visitor(page, [], [], random.Random()))])
    assert soak.visits == 1 and closed == [True]
    assert [failure[9:] for failure in soak.failures] == ["record: attract instead of result"]


def test_an_error_in_the_page_is_a_failed_visit(monkeypatch: pytest.MonkeyPatch) -> None:
    def goes_well(visitor: Visitor) -> Iterator[None]:
        yield
        handlers["pageerror"](TypeError("x is not a function"))

    handlers: dict[str, Any] = {}
    page: Any = SimpleNamespace(on=handlers.__setitem__)
    browser: Any = SimpleNamespace(new_context=lambda viewport: SimpleNamespace(close=lambda: None))
    monkeypatch.setattr(soaking, "open_page", lambda context, address: page)
    monkeypatch.setattr(soaking, "whole_visit", goes_well)
    soak = Soak(minutes=1)
    receive([come_and_go(soak, browser, kiosk(), lambda page: Visitor(page, [], [], random.Random()))])
    assert "x is not a function" in soak.failures[0]


def test_samples_are_a_minute_apart_and_the_last_one_is_always_taken() -> None:
    soak = Soak(minutes=120)
    for minutes in (0.1, 0.5, 1.2, 1.9, 2.3, 120.1):
        soak.look(kiosk(), minutes)
    assert [sample.minutes for sample in soak.samples] == [0.1, 1.2, 2.3, 120.1]


def test_a_short_soak_samples_and_settles_sooner() -> None:
    soak = Soak(minutes=1)
    for minutes in (0.0, 0.05, 0.1, 0.2):
        soak.look(kiosk(), minutes)
    assert [sample.minutes for sample in soak.samples] == [0.0, 0.1, 0.2]
    assert soak.settled == 0.25 and Soak(minutes=120).settled == 10


def test_a_killed_soak_leaves_its_data(tmp_path: Path) -> None:
    soak = Soak(minutes=120, out=tmp_path / "soak.json")
    soak.visits = 3
    soak.fail("record: problem")
    for minutes in (1, 2):
        soak.look(kiosk(), minutes)
        told = json.loads((tmp_path / "soak.json").read_text())
        assert [sample["minutes"] for sample in told["samples"]] == list(range(1, minutes + 1))
    assert told["visits"] == 3 and len(told["failures"]) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["soak.json"]


def test_a_kiosk_that_stopped_ends_the_soak() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    with pytest.raises(BenchError, match="stopped after 7 minutes"):
        Soak(minutes=120).look(kiosk(process), 7)


def test_too_short_a_soak_says_so() -> None:
    with pytest.raises(BenchError, match="too short"):
        Soak(minutes=1).changes()


def test_chance_follows_the_weights() -> None:
    def often(visitor: Visitor) -> Iterator[None]:
        yield

    def never(visitor: Visitor) -> Iterator[None]:
        yield

    chance = random.Random(0)
    assert {pick({often: 1, never: 0}, chance) for _ in range(20)} == {often}


@pytest.mark.parametrize("kind", ["kiosk", "soak"])
def test_without_playwright_the_command_says_what_to_install(
    kind: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "playwright.sync_api", None)
    assert main([kind]) == 1
    assert capsys.readouterr().err == "v2f: Playwright is missing: pip install -r requirements-dev.txt.\n"


@pytest.mark.parametrize("kind", ["kiosk", "soak"])
def test_without_chromium_the_command_says_what_to_install(
    kind: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("playwright")
    monkeypatch.setenv("PATH", "")
    assert main([kind]) == 1
    assert capsys.readouterr().err == "v2f: Chromium is missing: install it with apt-get install chromium.\n"
