"""Hours of visitors at one kiosk, and what its process takes from the machine meanwhile.

One or two visitors at a time, chosen by chance; once a minute, when they have gone and before the next ones come,
memory, open files, threads and temporary files of the process are sampled. A visit that fails is counted and written
down, and the next one begins.
"""

import random
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmarks.soak import Soak
from benchmarks.timing import Table, fact
from benchmarks.visits import IDLE_SECONDS, VisitFailed, Visitor, whole_visit
from tests.support import clips
from tests.support.browser import Kiosk, browsing, open_page, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROUNDS_PER_BROWSER = 25  # then a new one, so that its own growth plays no part
GRACE_SECONDS = 2  # for the server to notice that pages have gone
STEP_SECONDS = 0.1  # between two looks at a page
SCREEN = {"width": 1280, "height": 720}


@dataclass
class KioskSoak(Soak):
    """Also counts the visits and those that failed."""

    visits: int = 0
    failures: list[str] = field(default_factory=list)

    def fail(self, reason: str) -> None:
        self.failures.append(f"{time.strftime('%H:%M:%S')} {reason}")
        print(f"v2f: a visit failed: {reason}", file=sys.stderr)

    def passed(self) -> bool:
        return super().passed() and not self.failures


def tables(soak: KioskSoak) -> Iterator[Table]:
    yield "Visits", [fact("visits", f"{soak.visits}"), fact("failed", f"{len(soak.failures)}")]
    yield "What the process takes", soak.rows()


def run(minutes: float, out: Path | None = None) -> KioskSoak:
    """Start a kiosk and keep it visited for so long. Raises BenchError when it stops serving."""
    soak, chance = KioskSoak(minutes, out), random.Random(0)
    with browsing() as launch, TemporaryDirectory() as folder:
        microphone = clips.microphone(Path(folder))
        good, bad = clips.good(Path(folder)), clips.bad(Path(folder))

        def visitor(page: "Page") -> Visitor:
            return Visitor(page, list(good.values()), list(bad.values()), chance)

        with serving("--kiosk", "--idle-seconds", str(IDLE_SECONDS)) as kiosk:
            start, passed = time.monotonic(), 0.0
            while passed < minutes:
                browser = launch(microphone)
                for _ in range(ROUNDS_PER_BROWSER):
                    together = range(chance.choice((1, 2)))
                    receive([come_and_go(soak, browser, kiosk, visitor) for _ in together])
                    passed = (time.monotonic() - start) / 60
                    if soak.due(passed):
                        time.sleep(GRACE_SECONDS)
                        soak.sample(kiosk.process, kiosk.files(), passed)
                    if passed >= minutes or not browser.is_connected():
                        break
                browser.close()
    return soak


def receive(visits: list[Iterator[None]]) -> None:
    """Let visits go on in turns until all are over."""
    while visits:
        visits = [visit for visit in visits if next(visit, "over") != "over"]
        time.sleep(STEP_SECONDS)


def come_and_go(
    soak: KioskSoak, browser: "Browser", kiosk: Kiosk, visitor: Callable[["Page"], Visitor]
) -> Iterator[None]:
    """A visit from opening the page to closing it; what fails in it is written down."""
    from playwright.sync_api import Error

    soak.visits += 1
    did: list[str] = []
    try:
        context = browser.new_context(viewport=SCREEN)  # type: ignore[arg-type]
        try:
            page = open_page(context, kiosk.address)
            errors: list[str] = []
            page.on("pageerror", lambda error: errors.append(str(error)))
            somebody = visitor(page)
            did = somebody.did
            yield from whole_visit(somebody)
            if errors:
                raise VisitFailed(f"error in the page: {errors[0]}")
        finally:
            context.close()
    except (VisitFailed, Error) as error:
        soak.fail(f"{', '.join(did)}: {str(error).splitlines()[0]}")
