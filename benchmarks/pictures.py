"""The page's states as pictures, for the README and for whoever judges the look: real faces, real recordings."""

import tempfile
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.browser import EXAMPLES, PATIENCE, browsing, open_page, serving
from tests.support.clips import bad, microphone
from v2f.kiosk.texts import LANGUAGES

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SIZES = {"landscape": (1920, 1080), "portrait": (1080, 1920), "phone": (390, 844)}
MOMENT = 900  # ms; until what moves has come to rest


def attract(page: "Page") -> None:
    page.wait_for_timeout(MOMENT)


def recording(seconds: int) -> Callable[["Page"], None]:
    def show(page: "Page") -> None:
        page.click("#rec")
        page.wait_for_selector(f"#strip-voice [data-seconds='{seconds}'].seen, .booth[data-state=result]")
        page.wait_for_timeout(150)

    return show


def result(page: "Page") -> None:
    page.set_input_files("#files", EXAMPLES[2])
    page.wait_for_selector(".booth[data-state=result]")
    page.wait_for_timeout(MOMENT)


def after_result(*presses: str) -> Callable[["Page"], None]:
    def show(page: "Page") -> None:
        result(page)
        for press in presses:
            page.click(press)
            page.wait_for_timeout(MOMENT)

    return show


def between(page: "Page") -> None:
    page.set_input_files("#files", EXAMPLES[0])
    page.wait_for_selector(".booth[data-state=result]")
    page.wait_for_timeout(MOMENT)
    after_result("#between")(page)
    page.fill("#walk", "10")
    page.wait_for_timeout(MOMENT)


def in_noise(page: "Page") -> None:
    result(page)
    page.fill("#snr", "4")
    page.wait_for_timeout(MOMENT)


def rows(page: "Page") -> None:
    page.set_input_files("#files", EXAMPLES)
    page.wait_for_selector("#rows .row")
    page.wait_for_timeout(MOMENT)


def unreadable(page: "Page") -> None:
    with tempfile.TemporaryDirectory() as folder:
        page.set_input_files("#files", bad(Path(folder))["photograph"])
        page.wait_for_selector(".booth[data-state=error]")
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
    "log-mel": after_result("#logmel"),
    "noise": in_noise,
    "noise-only": after_result(".switch"),
    "noise-study": after_result("#study"),
    "others": after_result("#others"),
    "between": between,
    "rows": rows,
    "error": unreadable,
}


def take(out: Path, weights: str | None = None, everything: bool = False) -> None:
    """Write out/<size>-<state>-<language>-<light>.jpg, and one picture of a refused microphone.

    `everything` draws all sizes, languages and lights; else each state once, in English, dark, landscape.
    """
    ways = product(SIZES, LANGUAGES, ("dark", "light")) if everything else [("landscape", "en", "dark")]
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
    light: str,
) -> None:
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height}, has_touch=size == "phone")
    context.set_default_timeout(PATIENCE * 1000)
    try:
        page = open_page(context, address)
        page.click(f"#languages [data-value={language}]")
        if light == "light":
            page.click("#theme")
        page.mouse.move(0, 0)
        show(page)
        page.screenshot(path=path, full_page=size == "phone", type="jpeg", quality=88)
    finally:
        context.close()
