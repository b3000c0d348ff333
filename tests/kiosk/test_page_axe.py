"""No state of the page shuts people out who cannot see, hear or point well: axe-core finds nothing serious."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.kiosk.looking import faces, look_inside, play_example, speak_for, state, upload_voice
from tests.support.browser import EXAMPLES

GRAVE = {"serious", "critical"}
NO_SOUND = {"name": "x.wav", "mimeType": "audio/wav", "buffer": b"no sound"}


def record(page: Page) -> None:
    speak_for(page, 10)
    page.click("#rec")
    state(page, "recording")
    expect(page.locator("#hero canvas")).to_be_visible()


def in_noise(page: Page) -> None:
    page.click("#kinds [data-value=babble]")
    expect(page.locator("#hero .mix canvas")).to_be_visible()


def several(page: Page) -> None:
    page.set_input_files("#files", EXAMPLES)
    expect(page.locator("#rows .row canvas").last).to_be_visible()


def inside(section: str, shown: str) -> Callable[[Page], None]:
    def show(page: Page) -> None:
        look_inside(page, section)
        expect(page.locator(shown).last).to_be_visible()

    return show


Show = Callable[[Page], object]

STATES: dict[str, list[Show]] = {  # each list in one visit
    "attract": [
        lambda page: state(page, "attract"),
        lambda page: page.emulate_media(color_scheme="light"),
        lambda page: page.click("#from-file"),
    ],
    "recording": [record],
    "example": [lambda page: play_example(page, 0)],
    "error": [lambda page: page.set_input_files("#files", NO_SOUND)],
    "several": [several],
    "result": [
        upload_voice,
        in_noise,
        inside("others", ".other canvas"),
        inside("between", "#walk-faces canvas"),
        inside("critic", "#critic-scale .own .num"),
        inside("study", "#study-grid canvas"),
    ],
}


@pytest.mark.parametrize("name", STATES)
def test_nothing_grave_stands_in_anyones_way(page: Page, name: str) -> None:
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")  # what fades in would count as faint
    for place, show in enumerate(STATES[name]):
        show(page)
        found = Axe().run(page).response["violations"]
        grave = {(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in GRAVE}
        assert grave == set(), place


def test_there_is_one_heading_of_the_page_and_one_main_part(page: Page) -> None:
    for show in (lambda page: None, upload_voice):
        show(page)
        expect(page.locator("h1:visible")).to_have_count(1)
        expect(page.locator("main, [role=main]")).to_have_count(1)
    expect(faces(page).first).to_be_visible()
