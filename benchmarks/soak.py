"""Hours of visitors at one kiosk, and what its process takes from the machine meanwhile.

One or two visitors at a time, chosen by chance; once a minute, when they have gone and before the next ones come,
the process is looked at. A visit that fails is counted and written down, and the next one begins.
"""

import json
import random
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmarks.figures import machine
from benchmarks.footprint import Change, Footprint, compare, footprint
from benchmarks.visits import IDLE_SECONDS, VisitFailed, Visitor, whole_visit
from tests.support import clips
from tests.support.browser import BenchError, Kiosk, browsing, open_page, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SETTLED_MINUTES = 10  # after which the kiosk has taken what it needs
SAMPLE_MINUTES = 1
ROUNDS_PER_BROWSER = 25  # then a new one, so that its own growth plays no part
GRACE_SECONDS = 2  # for the server to notice that pages have gone
STEP_SECONDS = 0.1  # between two looks at a page
SCREEN = {"width": 1280, "height": 720}


@dataclass
class Soak:
    """What has happened so far; `out`, if any, always holds all of it."""

    minutes: float
    out: Path | None = None
    where: str = field(default_factory=machine)
    visits: int = 0
    failures: list[str] = field(default_factory=list)
    samples: list[Footprint] = field(default_factory=list)

    @property
    def settled(self) -> float:
        """Minutes after which the comparison begins; a short soak settles for less."""
        return min(SETTLED_MINUTES, self.minutes / 4)

    def changes(self) -> list[Change]:
        """Raises BenchError where there is too little to compare."""
        try:
            return compare(self.samples, self.settled)
        except ValueError as error:
            raise BenchError("The soak was too short for a comparison.") from error

    def fail(self, reason: str) -> None:
        self.failures.append(f"{time.strftime('%H:%M:%S')} {reason}")
        print(f"v2f: a visit failed: {reason}", file=sys.stderr)

    def look(self, kiosk: Kiosk, minutes: float) -> None:
        """Take a sample, if it is time for one. Raises BenchError when there is no process to look at."""
        if kiosk.process.poll() is not None:
            raise BenchError(f"The kiosk has stopped after {minutes:.0f} minutes of visitors.")
        pace = min(SAMPLE_MINUTES, self.minutes / 12)
        if minutes < self.minutes and self.samples and minutes < self.samples[-1].minutes + pace:
            return
        time.sleep(GRACE_SECONDS)
        self.samples.append(footprint(kiosk, minutes))
        self.save()

    def save(self) -> None:
        """Write everything to `out`, which is whole at every moment."""
        if self.out is None:
            return
        told = {
            "machine": self.where,
            "minutes": self.minutes,
            "settled": self.settled,
            "visits": self.visits,
            "failures": self.failures,
            "samples": [asdict(sample) for sample in self.samples],
        }
        draft = self.out.with_name(self.out.name + ".part")
        draft.write_text(json.dumps(told, indent=1) + "\n")
        draft.replace(self.out)


def run(minutes: float, seed: int = 0, weights: str | None = None, out: Path | None = None) -> Soak:
    """Start a kiosk and keep it visited for so long. Raises BenchError when it stops serving."""
    soak, chance = Soak(minutes, out), random.Random(seed)
    arguments = ["--kiosk", "--idle-seconds", str(IDLE_SECONDS), *(["--weights", weights] if weights else [])]
    with browsing() as launch, TemporaryDirectory() as folder:
        microphone = clips.microphone(Path(folder))
        good, bad = clips.good(Path(folder)), clips.bad(Path(folder))

        def visitor(page: "Page") -> Visitor:
            return Visitor(page, list(good.values()), list(bad.values()), chance)

        with serving(*arguments) as kiosk:
            began = time.monotonic()
            passed = 0.0
            while passed < minutes:
                browser = launch(microphone)
                for _ in range(ROUNDS_PER_BROWSER):
                    together = range(chance.choice((1, 2)))
                    receive([come_and_go(soak, browser, kiosk, visitor) for _ in together])
                    passed = (time.monotonic() - began) / 60
                    soak.look(kiosk, passed)
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
    soak: Soak, browser: "Browser", kiosk: Kiosk, visitor: Callable[["Page"], Visitor]
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
