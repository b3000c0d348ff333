"""How fast the kiosk is, measured in a visitor's browser.

The page leaves User Timing marks: `v2f-heard-<d>` when the sound of a duration has arrived from the microphone,
`v2f-shown-<d>` when its face is painted, `v2f-live` at every face while somebody speaks; `-asked` and `-shown` around
uploads and moves of the noise slider, `v2f-noise-strip` when its strip is painted too; `v2f-usable` once its controls
work. Times here are seconds since the page was asked for.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmarks.timing import Row, Table, percentile, shown
from tests.support import clips
from tests.support.browser import PATIENCE, Kiosk, browsing, open_page, serving
from v2f.pipeline import DURATIONS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Mark = tuple[str, float]  # name, seconds

STARTS = 3  # of the whole program
SCREEN = {"width": 1920, "height": 1080}
MARKS = """performance.getEntriesByType('mark').filter(mark => mark.name.startsWith('v2f-'))
    .map(mark => [mark.name, mark.startTime / 1000])"""
SETTLE_MS = 500  # after a picture, for what the page still has to draw
DRAG_STEPS, DRAG_STEP_MS = 40, 40  # a hand that takes a second and a half from clean to buried


@dataclass(frozen=True)
class Latency:
    """One latency, each time it was measured, in seconds; `limit` is what the 95th percentile may be at most."""

    name: str
    limit: float
    values: Sequence[float]

    def row(self) -> Row:
        high = percentile(self.values, 95)
        return {
            "measured": self.name,
            "times": str(len(self.values)),
            "median": shown(percentile(self.values, 50)),
            "95th percentile": shown(high),
            "limit": shown(self.limit),
            "met": "yes" if high <= self.limit else "**no**",
        }


def measure(visitors: int, repeats: int, weights: str | None = None) -> Iterator[Table]:
    """Start the kiosk, use it alone and then with `visitors` at once, `repeats` times each.

    Raises BenchError where that cannot be done.
    """
    arguments = ["--weights", weights] if weights else []
    starts = []
    with browsing() as launch, TemporaryDirectory() as folder:
        browser, voice = launch(clips.microphone(Path(folder))), clips.good(Path(folder))["wav"]
        for _ in range(STARTS - 1):
            with serving(*arguments) as kiosk:
                starts.append(kiosk.start_seconds)
        with serving(*arguments) as kiosk:
            starts.append(kiosk.start_seconds)
            used = use(kiosk, browser, voice, visitors, repeats)
    used.append(Latency("app.py, from its start to its first answer", 10, starts))
    yield "The kiosk in a browser", [latency.row() for latency in used]


def use(kiosk: Kiosk, browser: "Browser", voice: Path, visitors: int, repeats: int) -> list[Latency]:
    """Do at a running kiosk what visitors do; `voice` is a recording of ten seconds."""
    alone = new_pages(browser, kiosk.address, 1)
    upload(alone[0], voice)  # from here on the model, Gradio and the browser are warm
    record(alone)
    loads = [load(browser, kiosk.address) for _ in range(repeats)]
    one = [record(alone)[0] for _ in range(repeats)]
    uploads = [upload(alone[0], voice) for _ in range(repeats)]
    drags, strips = zip(*(drag(alone[0]) for _ in range(repeats)), strict=True)
    crowd = alone + new_pages(browser, kiosk.address, visitors - 1)
    record(crowd)
    many = [marks for _ in range(repeats) for marks in record(crowd)]
    return [
        *recorded(one, "one visitor", 0.2),
        *recorded(many, f"{visitors} visitors at once", 0.4),
        Latency("upload of 10 s, until both strips are painted", 0.6, uploads),
        Latency("noise slider, from a move to its large face", 0.2, sum(drags, [])),
        Latency("noise slider, from its last move until its strip is painted", 0.6, strips),
        Latency("page, from the request until it is usable", 2, loads),
    ]


def new_pages(browser: "Browser", address: str, count: int) -> list["Page"]:
    """So many visitors, each with a browser profile of their own."""
    return [open_page(browser.new_context(viewport=SCREEN), address) for _ in range(count)]  # type: ignore[arg-type]


def load(browser: "Browser", address: str) -> float:
    """Seconds from the request until the page is usable, for a browser that has never seen it."""
    (page,) = new_pages(browser, address, 1)
    (usable,) = times(marks_of(page), "v2f-usable")
    page.context.close()
    return usable


def record(pages: Sequence["Page"]) -> list[list[Mark]]:
    """Let all visitors speak for ten seconds at the same time -> the marks of each."""
    for page in pages:
        page.select_option("#durations", "10")
    for page in pages:
        page.click("#rec")
    for page in pages:
        page.locator(".booth[data-state=recording]").wait_for(timeout=PATIENCE * 1000)
    for page in pages:
        page.locator(".booth[data-state=result]").wait_for(timeout=PATIENCE * 1000)
        page.wait_for_timeout(SETTLE_MS)
    return [marks_of(page) for page in pages]


def upload(page: "Page", clip: Path) -> float:
    """Seconds from choosing a file until its strips are painted."""
    began = page.evaluate("performance.now()") / 1000
    page.set_input_files("#files", clip)
    page.wait_for_function(seen_after("v2f-upload-shown"), arg=began, timeout=PATIENCE * 1000)
    page.wait_for_timeout(SETTLE_MS)
    marks = [(name, at) for name, at in marks_of(page) if at >= began]
    return times(marks, "v2f-upload-shown")[0] - times(marks, "v2f-upload-asked")[0]


def drag(page: "Page") -> tuple[list[float], float]:
    """Drag the noise slider from clean to buried.

    Returns:
        Seconds from each move until its large face is painted; and from the last one until the strip is.
    """
    box = page.locator("#snr").bounding_box()
    assert box, "the slider is on the page"
    began = page.evaluate("performance.now()") / 1000
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 1, y)
    page.mouse.down()
    for step in range(1, DRAG_STEPS + 1):
        page.mouse.move(box["x"] + (box["width"] - 1) * step / DRAG_STEPS, y)
        page.wait_for_timeout(DRAG_STEP_MS)
    page.mouse.up()
    asked = times(marks_of(page), "v2f-noise-asked")
    page.wait_for_function(seen_after("v2f-noise-strip"), arg=asked[-1], timeout=PATIENCE * 1000)
    marks = [(name, at) for name, at in marks_of(page) if at >= began]
    strips = [at for at in times(marks, "v2f-noise-strip") if at >= asked[-1]]
    return redraws(times(marks, "v2f-noise-asked"), times(marks, "v2f-noise-shown")), strips[0] - asked[-1]


def marks_of(page: "Page") -> list[Mark]:
    return [(name, seconds) for name, seconds in page.evaluate(MARKS)]


def seen_after(name: str) -> str:
    return f"began => performance.getEntriesByName('{name}').some(mark => mark.startTime / 1000 >= began)"


def times(marks: Sequence[Mark], name: str) -> list[float]:
    return sorted(at for other, at in marks if other == name)


def recorded(recordings: Sequence[Sequence[Mark]], who: str, limit: float) -> list[Latency]:
    """The figures of some recordings: each duration's face, all of them, and the faces between."""
    by_duration = [[delay(marks, d) for marks in recordings] for d in DURATIONS]
    return [
        *(
            Latency(f"face of {d} s, {who}", limit, delays)
            for d, delays in zip(DURATIONS, by_duration, strict=True)
        ),
        Latency(f"face of any duration, {who}", limit, sum(by_duration, [])),
        Latency(
            f"time between live faces, {who}", 0.25, [gap for marks in recordings for gap in gaps(marks)]
        ),
    ]


def delay(marks: Sequence[Mark], duration: int) -> float:
    """From the moment at which so much had been said until its face is painted; infinite if it never was.

    The moment is the microphone's, whose clock runs from the promptest of the recording's `heard` marks: a page
    too busy to take its sound does not look faster for it.
    """
    began = min((heard - d for d in DURATIONS for heard in times(marks, f"v2f-heard-{d}")), default=math.inf)
    shown = times(marks, f"v2f-shown-{duration}")
    return shown[0] - (began + duration) if shown else math.inf


def gaps(marks: Sequence[Mark]) -> list[float]:
    """Between one live face and the next while somebody speaks."""
    return [later - earlier for earlier, later in pairwise(times(marks, "v2f-live"))]


def redraws(asked: Sequence[float], shown: Sequence[float]) -> list[float]:
    """From each move of the slider to the first face that knows of it; infinite for a move that none did.

    The page asks for one at a time: a move made meanwhile waits for the one after that, together with all later ones.
    """
    delays: list[float] = []
    drawing: list[float] = []
    waiting: list[float] = []
    for at, is_shown in sorted([*((at, False) for at in asked), *((at, True) for at in shown)]):
        if is_shown:
            delays += [at - move for move in drawing]
            drawing, waiting = waiting, []
        elif drawing:
            waiting.append(at)
        else:
            drawing.append(at)
    return delays + [math.inf] * len(drawing + waiting)
