"""The page's states as pictures, for the README and for whoever judges the look: real faces, real recordings."""

import tempfile
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from benchmarks.visits import Visitor, at_once, look_inside, present, upload_bad
from tests.support.browser import EXAMPLES, PATIENCE, browsing, open_page, serving
from tests.support.clips import bad, microphone
from v2f.kiosk.texts import LANGUAGES

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SIZES = {"landscape": (1920, 1080), "portrait": (1080, 1920), "phone": (390, 844)}
LIGHTS: tuple[Literal["light", "dark"], ...] = ("dark", "light")
MOMENT = 2500  # ms; until what moves has come to rest


def attract(page: "Page") -> None:
    page.wait_for_timeout(MOMENT)


def recording(seconds: int) -> Callable[["Page"], None]:
    def show(page: "Page") -> None:
        page.click("#rec")
        seen = f"#strip-voice [data-seconds='{seconds}'].seen"  # kept for the result
        page.wait_for_selector(f"{seen}, .booth[data-state=result]", state="attached")
        page.wait_for_timeout(150)

    return show


def faces_of(*files: Path) -> Callable[["Page"], None]:
    def show(page: "Page") -> None:
        at_once(present(Visitor(page), files))
        page.wait_for_timeout(MOMENT)

    return show


result = faces_of(EXAMPLES[2])


def then(
    *steps: Callable[[Visitor], object], of: Callable[["Page"], None] = result
) -> Callable[["Page"], None]:
    """A result, and what a visitor does there, each step until the page has come to rest."""

    def show(page: "Page") -> None:
        of(page)
        for step in steps:
            step(Visitor(page))
            page.wait_for_timeout(MOMENT)

    return show


def inside(section: str) -> Callable[[Visitor], None]:
    return lambda visitor: look_inside(visitor, section)


def slide(slider: str, place: int) -> Callable[[Visitor], None]:
    return lambda visitor: visitor.page.fill(slider, str(place))


def another(visitor: Visitor) -> None:
    at_once(present(visitor, [EXAMPLES[2]]))


def unreadable(page: "Page") -> None:
    with tempfile.TemporaryDirectory() as folder:
        at_once(upload_bad(Visitor(page, bad=[bad(Path(folder))["photograph"]])))
        page.wait_for_timeout(MOMENT)


def refused(page: "Page") -> None:
    page.click("#rec")
    page.wait_for_selector(".booth[data-state=error]")


STATES = {
    "attract": attract,
    "recording-1": recording(1),
    "recording-3": recording(3),
    "recording-10": recording(10),
    "result": result,
    "log-mel": then(inside("hears")),
    "critic": then(inside("critic")),
    "more": then(lambda visitor: visitor.press("#more-button")),
    "noise": then(slide("#snr", 4)),
    "noise-only": then(slide("#snr", 14)),
    "noise-study": then(inside("study")),
    "others": then(inside("others")),
    "between": then(another, inside("between"), slide("#walk", 10), of=faces_of(EXAMPLES[0])),
    "why": then(lambda visitor: visitor.press("#look-inside")),
    "rows": faces_of(*EXAMPLES),
    "error": unreadable,
}


def take(out: Path, weights: str | None = None, everything: bool = False) -> None:
    """Write out/<size>-<state>-<language>-<light>.jpg, and one picture of a refused microphone.

    `everything` draws all sizes, languages and lights; else each state once, in English, dark, landscape.
    """
    everyone = product(SIZES, LANGUAGES, LIGHTS)
    ways = list(everyone) if everything else [("landscape", "en", LIGHTS[0])]
    out.mkdir(parents=True, exist_ok=True)
    arguments = ["--weights", weights] if weights else []
    with tempfile.TemporaryDirectory() as folder, serving(*arguments) as kiosk, browsing() as launch:
        voice = microphone(Path(folder))
        browser = launch(voice)
        for size, language, light in ways:
            for state, show in STATES.items():
                path = out / f"{size}-{state}-{language}-{light}.jpg"
                take_one(browser, kiosk.address, path, size, show, language, light)
        path = out / "landscape-refused-en-dark.jpg"
        take_one(launch(voice, refused=True), kiosk.address, path, "landscape", refused, "en", "dark")


def take_one(
    browser: "Browser",
    address: str,
    path: Path,
    size: str,
    show: Callable[["Page"], None],
    language: str,
    light: Literal["light", "dark"],
) -> None:
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height}, has_touch=size == "phone", color_scheme=light
    )
    context.set_default_timeout(PATIENCE * 1000)
    try:
        page = open_page(context, address)
        page.select_option("#languages", language)
        page.mouse.move(0, 0)
        show(page)
        page.screenshot(path=path, full_page=size == "phone", type="jpeg", quality=88)
    finally:
        context.close()
