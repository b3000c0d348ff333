"""Visits to a kiosk go on whatever happens in one of them."""

import random
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks import soak_kiosk
from benchmarks.soak import Footprint
from benchmarks.soak_kiosk import KioskSoak, come_and_go, receive, tables
from benchmarks.visits import VisitFailed, Visitor, pick


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soak_kiosk, "STEP_SECONDS", 0)


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
    monkeypatch.setattr(soak_kiosk, "open_page", lambda context, address: page)
    monkeypatch.setattr(soak_kiosk, "whole_visit", fails)
    kiosk: Any = SimpleNamespace(address="")
    soak = KioskSoak(minutes=1)
    receive([come_and_go(soak, browser, kiosk, lambda page: Visitor(page, [], [], random.Random()))])
    assert soak.visits == 1 and closed == [True]
    assert [failure[9:] for failure in soak.failures] == ["record: attract instead of result"]


def test_a_soak_with_a_failed_visit_has_not_passed(capsys: pytest.CaptureFixture[str]) -> None:
    flat = [Footprint(minute, 100, 100, files=40, disk_bytes=0, disk_files=0) for minute in range(10, 120)]
    soak = KioskSoak(minutes=120, samples=flat, visits=3)
    assert soak.passed()
    soak.fail("record: problem")
    assert not soak.passed() and "record: problem" in capsys.readouterr().err
    (_, facts), _ = tables(soak)
    assert [fact[""] for fact in facts] == ["3", "1"]


def test_chance_follows_the_weights() -> None:
    def often(visitor: Visitor) -> Iterator[None]:
        yield

    def never(visitor: Visitor) -> Iterator[None]:
        yield

    chance = random.Random(0)
    assert {pick({often: 1, never: 0}, chance) for _ in range(20)} == {often}
