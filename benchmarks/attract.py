"""What a booth costs while nobody is there: processor time of its server and its browser, over some minutes.

The page waits for a visitor, full screen, and may use the microphone unasked, as a booth's may.
"""

import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from benchmarks.kiosk import SCREEN
from benchmarks.timing import Row, Table
from tests.support import clips
from tests.support.browser import browsing, open_page, serving

LIMIT = 0.05  # of a core, for all together
WARM_SECONDS = 80  # until page and server have settled, and the page has closed the microphone
PARTS = {"renderer": "the page", "gpu-process": "drawing", "server": "the server"}
OTHER = "the rest of the browser"  # its own process, sound, network


def measure(minutes: float, weights: str | None = None) -> Iterator[Table]:
    """Open the page, touch it once, and leave it alone. Raises BenchError where that cannot be done."""
    arguments = ["--kiosk", *(["--weights", weights] if weights else [])]
    with TemporaryDirectory() as folder, serving(*arguments) as kiosk, browsing() as launch:
        browser = launch(clips.microphone(Path(folder)))
        context = browser.new_context(viewport=SCREEN, permissions=["microphone"])  # type: ignore[arg-type]
        page = open_page(context, kiosk.address)
        page.mouse.click(1, 1)  # so that the browser lets it hear
        page.wait_for_timeout(1000 * WARM_SECONDS)
        before, began = processor_seconds(kiosk.process.pid), time.monotonic()
        page.wait_for_timeout(60_000 * minutes)
        after, took = processor_seconds(kiosk.process.pid), time.monotonic() - began
        page.wait_for_selector(".booth[data-state=attract]")
    yield "A booth that nobody uses", rows(shares(before, after, took), took)


def processor_seconds(server: int) -> dict[tuple[int, str], float]:
    """Seconds of a core that each process of the server and of the browser has had, by its number and part."""
    here = psutil.Process()
    of_server = {server, *(child.pid for child in psutil.Process(server).children(recursive=True))}
    taken = {}
    for process in here.children(recursive=True):
        part = "server" if process.pid in of_server else part_of_browser(process.cmdline())
        if part:
            times = process.cpu_times()
            taken[process.pid, part] = times.user + times.system
    return taken


def part_of_browser(command: list[str]) -> str:
    """Which of Chromium's processes a command line starts; "" for no process of Chromium."""
    if not command or "chrom" not in Path(command[0].split()[0]).name:
        return ""
    kinds = [word.removeprefix("--type=") for word in " ".join(command).split() if word.startswith("--type=")]
    return kinds[0] if kinds else "browser"


def shares(
    before: dict[tuple[int, str], float], after: dict[tuple[int, str], float], seconds: float
) -> dict[str, float]:
    """The share of a core that each part took in so many seconds; a process that ended meanwhile counts for nothing."""
    taken: dict[str, float] = defaultdict(float)
    for (number, part), now in after.items():
        taken[PARTS.get(part, OTHER)] += (now - before.get((number, part), 0)) / seconds
    return taken


def rows(taken: dict[str, float], seconds: float) -> list[Row]:
    total = sum(taken.values())
    named = [(name, taken.get(name, 0.0), "", "") for name in (*PARTS.values(), OTHER)]
    named.append(("together", total, f"{LIMIT:.0%}", "yes" if total <= LIMIT else "**no**"))
    return [
        {f"over {seconds:.0f} s": name, "share of a core": f"{share:.1%}", "limit": limit, "met": met}
        for name, share, limit, met in named
    ]
