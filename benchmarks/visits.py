"""What visitors do at the kiosk, one after the other or two at a time: for soaks and for pictures of the page.

A visit is a generator over a page: it does something and yields, so that another visitor can go on meanwhile. It
raises VisitFailed, or Playwright's own error, where the page does not do what it should.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from tests.support.browser import PATIENCE, visit

if TYPE_CHECKING:
    from playwright.sync_api import Page

IDLE_SECONDS = 15  # of the kiosk that is visited
KINDS = ("white", "pink", "brown", "hum", "babble")


class VisitFailed(Exception):
    """The page did not come to what a visitor expects."""


@dataclass(frozen=True)
class Visitor:
    """Somebody in front of a page, with files to bring along and a mind of their own."""

    page: "Page"
    good: list[Path] = field(default_factory=list)
    bad: list[Path] = field(default_factory=list)
    random: Random = field(default_factory=Random)
    did: list[str] = field(default_factory=list)  # so far

    def press(self, selector: str) -> None:
        self.page.click(selector)

    def speak(self, seconds: int) -> Iterator[None]:
        """Press Record for so many seconds, until the recording runs."""
        self.page.select_option("#durations", str(seconds))
        yield from self.start("#rec")

    def start(self, button: str) -> Iterator[None]:
        """Press what starts a recording, until it runs or, if it is short, has run."""
        self.press(button)
        self.page.locator(".booth:not([data-state=attract])").wait_for()  # before the other visitor's turn
        yield from self.until("recording", "result")

    def until(self, *states: str) -> Iterator[None]:
        """Wait for one of these states of the page."""
        deadline = time.monotonic() + PATIENCE
        while (state := self.page.get_attribute(".booth", "data-state")) not in states:
            problem = self.page.get_attribute(".booth", "data-problem")
            if problem or time.monotonic() > deadline:
                raise VisitFailed(f"{state} instead of {' or '.join(states)}; problem: {problem}")
            yield

    def pause(self, seconds: float) -> Iterator[None]:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            yield


def record(visitor: Visitor) -> Iterator[None]:
    yield from visitor.speak(visitor.random.choice((1, 2, 3, 5, 10)))
    yield from visitor.until("result")


def stop_early(visitor: Visitor) -> Iterator[None]:
    yield from visitor.speak(10)
    yield from visitor.pause(visitor.random.uniform(2, 5))
    visitor.press("#rec")
    yield from visitor.until("result")


def abort(visitor: Visitor) -> Iterator[None]:
    yield from visitor.speak(10)
    yield from visitor.pause(visitor.random.uniform(0, 5))
    visitor.page.keyboard.press("Escape")
    yield from visitor.until("attract")


def reload(visitor: Visitor) -> Iterator[None]:
    yield from visitor.speak(10)
    yield from visitor.pause(visitor.random.uniform(0, 5))
    visit(visitor.page, visitor.page.url)


def example(visitor: Visitor) -> Iterator[None]:
    if not visitor.page.is_visible("#from-file"):  # it lies behind More once there is a result
        visitor.press("#more-button")
    visitor.press("[popovertarget=recordings]:visible")
    yield from visitor.start(f".clip[data-example='{visitor.random.randrange(3)}']")
    yield from visitor.until("result")


def upload(visitor: Visitor) -> Iterator[None]:
    yield from present(visitor, visitor.random.sample(visitor.good, visitor.random.choice((1, 1, 1, 3))))


def present(visitor: Visitor, files: Sequence[Path]) -> Iterator[None]:
    """Give these recordings to the page, until their faces are there."""
    visitor.page.set_input_files("#files", files)
    yield from visitor.until("result")


def upload_bad(visitor: Visitor) -> Iterator[None]:
    visitor.page.set_input_files("#files", visitor.random.choice(visitor.bad))
    visitor.page.locator(".booth[data-problem]").wait_for()
    yield


def noise(visitor: Visitor) -> Iterator[None]:
    visitor.press(f"#kinds [data-value='{visitor.random.choice(KINDS)}']")
    for _ in range(10):
        visitor.page.fill("#snr", str(visitor.random.randint(-30, 10)))
        yield
    visitor.page.fill("#snr", "14")  # noise alone
    yield from visitor.pause(0.5)
    visitor.page.fill("#snr", "0")


def own_noise(visitor: Visitor) -> Iterator[None]:
    visitor.page.set_input_files("#own-file", visitor.random.choice(visitor.good))
    yield from visitor.pause(1)


def listen(visitor: Visitor) -> Iterator[None]:
    visitor.press("#play")
    yield from visitor.pause(2)


def look_inside(visitor: Visitor, section: str) -> None:
    visitor.press("#look-inside")
    visitor.press(f"#tab-{section}")


def others(visitor: Visitor) -> Iterator[None]:
    look_inside(visitor, "others")
    visitor.page.locator("#others-row .other").last.click()
    yield from visitor.pause(0.5)
    visitor.press("#inside-close")


def between(visitor: Visitor) -> Iterator[None]:
    look_inside(visitor, "between")
    visitor.page.locator("#walk-faces canvas").last.wait_for()
    for place in range(0, 21, 4):
        visitor.page.fill("#walk", str(place))
        yield
    visitor.press("#inside-close")


def study(visitor: Visitor) -> Iterator[None]:
    look_inside(visitor, "study")
    visitor.page.locator("#study-grid canvas").last.wait_for()
    yield from visitor.pause(0.5)
    visitor.press("#inside-close")


def log_mel(visitor: Visitor) -> Iterator[None]:
    look_inside(visitor, "hears")
    visitor.page.locator("#logmel-axis:not(:empty)").wait_for()
    yield
    visitor.press("#inside-close")


def forget(visitor: Visitor) -> Iterator[None]:
    visitor.press("#forget")
    yield from visitor.until("attract")


def walk_away(visitor: Visitor) -> Iterator[None]:
    """Leave the page to the idle countdown."""
    yield from visitor.until("attract")


def close(visitor: Visitor) -> Iterator[None]:
    """Close the tab without a word."""
    yield


Deed = Callable[[Visitor], Iterator[None]]
BEGINNINGS: dict[Deed, int] = {  # how often, out of twenty
    **{record: 6, stop_early: 2, upload: 4, example: 1},
    **{abort: 2, reload: 2, upload_bad: 3},
}
GAMES: tuple[Deed, ...] = (noise, own_noise, listen, others, between, study, log_mel)
ENDS: dict[Deed, int] = {forget: 6, close: 3, walk_away: 1}  # out of ten
MOST_GAMES = 3


def whole_visit(visitor: Visitor) -> Iterator[None]:
    """A beginning; games, if it gave a face; an end. Its deeds are written into `visitor.did`."""
    yield from do(pick(BEGINNINGS, visitor.random), visitor)
    if visitor.page.get_attribute(".booth", "data-state") == "result":
        for game in visitor.random.sample(GAMES, visitor.random.randint(0, MOST_GAMES)):
            yield from do(game, visitor)
            if problem := visitor.page.get_attribute(".booth", "data-problem"):
                raise VisitFailed(f"problem: {problem}")
        yield from do(pick(ENDS, visitor.random), visitor)


def at_once(deed: Iterator[None]) -> None:
    """Do something to its end, with nobody else there."""
    for _ in deed:
        time.sleep(0.05)


def do(deed: Deed, visitor: Visitor) -> Iterator[None]:
    visitor.did.append(deed.__name__)
    return deed(visitor)


def pick(deeds: dict[Deed, int], chance: Random) -> Deed:
    return chance.choices(list(deeds), list(deeds.values()))[0]
