"""Hours of visitors at one kiosk, and what its process takes from the machine meanwhile.

One or two visitors at a time, chosen by chance; once a minute, when they have gone and before the next ones come,
memory, open files, threads and temporary files of the process are sampled. A visit that fails is counted and written
down, and the next one begins.
"""

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import psutil

from benchmarks.timing import Row, Table, fact
from benchmarks.visits import IDLE_SECONDS, VisitFailed, Visitor, whole_visit
from tests.support import clips
from tests.support.browser import BenchError, Kiosk, browsing, open_page, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROUNDS_PER_BROWSER = 25  # then a new one, so that its own growth plays no part
GRACE_SECONDS = 2  # for the server to notice that pages have gone
STEP_SECONDS = 0.1  # between two looks at a page
SCREEN = {"width": 1280, "height": 720}
WARM_MINUTES = 10  # after which the process has taken what it needs
SAMPLE_MINUTES = 1
WINDOW = 5  # samples whose median is compared
TOLERANCE = 0.05


@dataclass(frozen=True)
class Footprint:
    """What a process takes."""

    minutes: float  # since the soak began
    rss: int  # bytes resident, those shared with other processes too
    uss: int  # bytes that are this process' alone
    files: int  # open file descriptors
    disk_bytes: int  # in the files that it keeps
    disk_files: int

    @classmethod
    def of(cls, process: int, kept: Iterable[Path], minutes: float) -> "Footprint":
        """`kept`: the files whose number and size must not grow. Raises psutil.NoSuchProcess when it is gone."""
        running = psutil.Process(process)
        memory, sizes = running.memory_full_info(), [path.stat().st_size for path in kept if path.exists()]
        return cls(minutes, memory.rss, memory.uss, running.num_fds(), sum(sizes), len(sizes))


@dataclass
class Soak:
    """What has happened so far; `out`, if any, always holds all of it."""

    minutes: float
    out: Path | None = None
    samples: list[Footprint] = field(default_factory=list)
    visits: int = 0
    failures: list[str] = field(default_factory=list)

    def fail(self, reason: str) -> None:
        self.failures.append(f"{time.strftime('%H:%M:%S')} {reason}")
        print(f"v2f: a visit failed: {reason}", file=sys.stderr)

    def due(self, minutes: float) -> bool:
        """Whether it is time for a sample: a minute after the one before, and at the end."""
        pace = min(SAMPLE_MINUTES, self.minutes / 12)
        return minutes >= self.minutes or not self.samples or minutes >= self.samples[-1].minutes + pace

    def sample(self, process: subprocess.Popen[str], kept: Iterable[Path], minutes: float) -> None:
        """Raises BenchError when the process has stopped."""
        if process.poll() is not None:
            raise BenchError(f"The process has stopped after {minutes:.0f} minutes.")
        self.samples.append(Footprint.of(process.pid, kept, minutes))
        if self.out:
            draft = self.out.with_name(self.out.name + ".part")
            draft.write_text(json.dumps(asdict(self) | {"out": None}, indent=1) + "\n")
            draft.replace(self.out)

    def growth(self) -> dict[str, tuple[float, float]]:
        """Each measure once the process was warm and at the end. Raises BenchError for fewer than two samples."""
        warm = [s for s in self.samples if s.minutes >= min(WARM_MINUTES, self.minutes / 4)]
        window = min(WINDOW, len(warm) // 2)
        if not window:
            raise BenchError("The soak was too short for a comparison.")
        return {
            name: (median_of(warm[:window], name), median_of(warm[-window:], name))
            for name in ("rss", "uss", "files", "disk_bytes", "disk_files")
        }

    def passed(self) -> bool:
        steady = all(after <= (1 + TOLERANCE) * before for before, after in self.growth().values())
        return steady and not self.failures

    def tables(self) -> Iterator[Table]:
        yield "Visits", [fact("visits", f"{self.visits}"), fact("failed", f"{len(self.failures)}")]
        yield "What the process takes", [row(name, *values) for name, values in self.growth().items()]


def run(minutes: float, out: Path | None = None) -> Soak:
    """Start a kiosk and keep it visited for so long. Raises BenchError when it stops serving."""
    soak, chance = Soak(minutes, out), random.Random(0)
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


def median_of(samples: Sequence[Footprint], name: str) -> float:
    return median(getattr(sample, name) for sample in samples)


def row(name: str, before: float, after: float) -> Row:
    change = f"{after / before - 1:+.1%}" if before else ""
    return {"measured": name, "once warm": f"{before:,.0f}", "at the end": f"{after:,.0f}", "change": change}
