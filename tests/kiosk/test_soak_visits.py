"""What a soak's visitors do works on the real page."""

import random
from pathlib import Path

import pytest
from playwright.sync_api import Page

from benchmarks.visits import (
    GAMES,
    Deed,
    Visitor,
    abort,
    close,
    forget,
    reload,
    stop_early,
    upload,
    upload_bad,
)
from tests.kiosk.conftest import Kiosk
from tests.support import clips


@pytest.fixture
def visitor(page: Page, tmp_path: Path) -> Visitor:
    bad = clips.bad(tmp_path)
    return Visitor(page, list(clips.good(tmp_path).values()), list(bad.values()), random.Random(0))


def go_through(visitor: Visitor, *deeds: Deed) -> None:
    for deed in deeds:
        for _ in deed(visitor):
            visitor.page.wait_for_timeout(50)
        assert deed is upload_bad or visitor.page.get_attribute(".booth", "data-problem") is None, (
            deed.__name__
        )


def test_all_games_of_one_visit(visitor: Visitor) -> None:
    go_through(visitor, upload, *GAMES, forget)


def test_a_recording_that_is_stopped_dropped_or_torn_off(visitor: Visitor, kiosk: Kiosk) -> None:
    go_through(visitor, stop_early, abort, reload, close)
    assert visitor.page.url.startswith(kiosk.address)


@pytest.mark.parametrize("number", range(5))
def test_each_bad_file_is_refused_in_words(visitor: Visitor, number: int) -> None:
    visitor.bad[:] = [visitor.bad[number]]
    go_through(visitor, upload_bad)
