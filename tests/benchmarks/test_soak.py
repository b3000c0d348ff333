"""A soak samples what a kiosk takes, tells whether that has grown, and goes on whatever happens in a visit."""

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks import soak as soak_module
from benchmarks.soak import Footprint, Soak, come_and_go, receive
from benchmarks.visits import VisitFailed, Visitor, pick
from tests.support.browser import BenchError


@pytest.fixture
def process() -> Iterator[subprocess.Popen[str]]:
    """One that has started, and does nothing."""
    command = [sys.executable, "-c", "print(flush=True); input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        process.stdout.readline()
        yield process
        process.communicate("\n")


def taken(minutes: float, rss: int = 100, disk_files: int = 0) -> Footprint:
    return Footprint(minutes, rss, rss, files=40, disk_bytes=0, disk_files=disk_files)


def test_samples_are_a_minute_apart_and_the_last_one_is_always_taken() -> None:
    soak = Soak(minutes=120)
    for minutes in (0.1, 0.5, 1.2, 1.9, 2.3, 120.1):
        if soak.due(minutes):
            soak.samples.append(taken(minutes))
    assert [sample.minutes for sample in soak.samples] == [0.1, 1.2, 2.3, 120.1]


def test_a_sample_is_of_the_process_and_its_files(process: subprocess.Popen[str], tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(bytes(1000))
    soak = Soak(minutes=120)
    soak.sample(process, [tmp_path / "kept", tmp_path / "just deleted"], 1)
    (sample,) = soak.samples
    assert sample.rss > 1e6 and sample.files >= 3
    assert (sample.disk_bytes, sample.disk_files) == (1000, 1)


def test_growth_is_from_once_warm_to_the_end() -> None:
    warm = [taken(minute, rss=100 + minute // 30) for minute in range(10, 120)]
    soak = Soak(minutes=120, samples=[taken(0, rss=1), *warm])
    assert soak.growth()["rss"] == (100, 103) and soak.passed()
    soak.samples += [taken(121, disk_files=1)] * 5
    assert not soak.passed(), "files out of nothing"
    _, (_, rows) = soak.tables()
    assert [row["measured"] for row in rows] == list(soak.growth())


def test_a_killed_soak_leaves_its_data(tmp_path: Path, process: subprocess.Popen[str]) -> None:
    soak = Soak(minutes=120, out=tmp_path / "soak.json")
    for minutes in (1, 2):
        soak.sample(process, [], minutes)
        data = json.loads((tmp_path / "soak.json").read_text())
        assert [sample["minutes"] for sample in data["samples"]] == list(range(1, minutes + 1))


def test_a_process_that_stopped_ends_the_soak() -> None:
    with subprocess.Popen([sys.executable, "-c", ""], text=True) as process:
        process.wait()
    with pytest.raises(BenchError, match="stopped after 7 minutes"):
        Soak(minutes=120).sample(process, [], 7)


def test_too_short_a_soak_says_so() -> None:
    with pytest.raises(BenchError, match="too short"):
        Soak(minutes=1).growth()


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soak_module, "STEP_SECONDS", 0)


def test_visits_go_on_in_turns() -> None:
    steps: list[str] = []

    def visit(name: str, count: int) -> Iterator[None]:
        for step in range(count):
            steps.append(f"{name}{step}")
            yield

    receive([visit("a", 3), visit("b", 1)])
    assert steps == ["a0", "b0", "a1", "a2"]


def test_a_failed_visit_is_written_down_and_its_page_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(visitor: Visitor) -> Iterator[None]:
        visitor.did.append("record")
        yield
        raise VisitFailed("attract instead of result\nand a call log")

    closed: list[bool] = []
    context = SimpleNamespace(close=lambda: closed.append(True))
    browser: Any = SimpleNamespace(new_context=lambda viewport: context)
    page: Any = SimpleNamespace(on=lambda *event: None)
    monkeypatch.setattr(soak_module, "open_page", lambda context, address: page)
    monkeypatch.setattr(soak_module, "whole_visit", fails)
    kiosk: Any = SimpleNamespace(address="")
    soak = Soak(minutes=1)
    receive([come_and_go(soak, browser, kiosk, lambda page: Visitor(page, [], [], random.Random()))])
    assert soak.visits == 1 and closed == [True]
    assert [failure[9:] for failure in soak.failures] == ["record: attract instead of result"]


def test_a_soak_with_a_failed_visit_has_not_passed(capsys: pytest.CaptureFixture[str]) -> None:
    flat = [Footprint(minute, 100, 100, files=40, disk_bytes=0, disk_files=0) for minute in range(10, 120)]
    soak = Soak(minutes=120, samples=flat, visits=3)
    assert soak.passed()
    soak.fail("record: problem")
    assert not soak.passed() and "record: problem" in capsys.readouterr().err
    (_, facts), _ = soak.tables()
    assert [fact[""] for fact in facts] == ["3", "1"]


def test_chance_follows_the_weights() -> None:
    def often(visitor: Visitor) -> Iterator[None]:
        yield

    def never(visitor: Visitor) -> Iterator[None]:
        yield

    chance = random.Random(0)
    assert {pick({often: 1, never: 0}, chance) for _ in range(20)} == {often}
