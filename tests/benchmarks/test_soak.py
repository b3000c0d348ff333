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
from benchmarks.soak import Footprint, Soak, come_and_go, receive, tables
from benchmarks.visits import VisitFailed, Visitor, pick
from tests.support.browser import BenchError, Kiosk


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Kiosk]:
    """A process that does nothing, in place of a kiosk."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, text=True) as process:
        yield Kiosk(process, 0, tmp_path, 0.0)
        process.communicate("\n")


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soaking, "GRACE_SECONDS", 0)
    monkeypatch.setattr(soaking, "STEP_SECONDS", 0)


def taken(minutes: float, rss: int = 100, disk_files: int = 0) -> Footprint:
    return Footprint(minutes, rss, rss, files=40, disk_bytes=0, disk_files=disk_files)


def test_visits_go_on_in_turns() -> None:
    steps: list[str] = []

    def visit(name: str, count: int) -> Iterator[None]:
        for step in range(count):
            steps.append(f"{name}{step}")
            yield

    receive([visit("a", 3), visit("b", 1)])
    assert steps == ["a0", "b0", "a1", "a2"]


def test_a_failed_visit_is_written_down_and_its_page_is_closed(
    monkeypatch: pytest.MonkeyPatch, program: Kiosk
) -> None:
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
    receive([come_and_go(soak, browser, program, lambda page: Visitor(page, [], [], random.Random()))])
    assert soak.visits == 1 and closed == [True]
    assert [failure[9:] for failure in soak.failures] == ["record: attract instead of result"]


def test_samples_are_a_minute_apart_and_the_last_one_is_always_taken(program: Kiosk) -> None:
    soak = Soak(minutes=120)
    for minutes in (0.1, 0.5, 1.2, 1.9, 2.3, 120.1):
        soak.sample(program, minutes)
    assert [sample.minutes for sample in soak.samples] == [0.1, 1.2, 2.3, 120.1]
    assert soak.samples[0].rss > 1e6 and soak.samples[0].files >= 3


def test_growth_is_from_once_warm_to_the_end() -> None:
    warm = [taken(minute, rss=100 + minute // 30) for minute in range(10, 120)]
    soak = Soak(minutes=120, samples=[taken(0, rss=1), *warm])
    assert soak.growth()["rss"] == (100, 103) and soak.passed()
    soak.samples += [taken(121, disk_files=1)] * 5
    assert not soak.passed(), "files out of nothing"
    (_, facts), (_, rows) = tables(soak)
    assert facts[0][""] == "0" and [row["measured"] for row in rows] == list(soak.growth())


def test_a_killed_soak_leaves_its_data(tmp_path: Path, program: Kiosk) -> None:
    soak = Soak(minutes=120, out=tmp_path / "soak.json")
    soak.visits = 3
    soak.fail("record: problem")
    for minutes in (1, 2):
        soak.sample(program, minutes)
        data = json.loads((tmp_path / "soak.json").read_text())
        assert [sample["minutes"] for sample in data["samples"]] == list(range(1, minutes + 1))
    assert data["visits"] == 3 and len(data["failures"]) == 1


def test_a_kiosk_that_stopped_ends_the_soak(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""], text=True) as process:
        process.wait()
    with pytest.raises(BenchError, match="stopped after 7 minutes"):
        Soak(minutes=120).sample(Kiosk(process, 0, tmp_path, 0.0), 7)


def test_too_short_a_soak_says_so() -> None:
    with pytest.raises(BenchError, match="too short"):
        Soak(minutes=1).growth()


def test_chance_follows_the_weights() -> None:
    def often(visitor: Visitor) -> Iterator[None]:
        yield

    def never(visitor: Visitor) -> Iterator[None]:
        yield

    chance = random.Random(0)
    assert {pick({often: 1, never: 0}, chance) for _ in range(20)} == {often}
