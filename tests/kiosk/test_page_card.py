"""The card in a real browser: only where the host wants it, only after a yes, and gone with Forget."""

import re
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.kiosk.conftest import Kiosk, OpenKiosk, OpenPage
from tests.kiosk.looking import nothing_left, state
from tests.kiosk.test_page_forgetting import browser_storage, remains
from tests.kiosk.test_page_games import open_game, result
from tests.support.browser import EXAMPLES

COUNT_PRINTS = (
    "window.prints = 0; window.print = () => { window.prints += 1; };"  # a headless browser prints nothing
)


@pytest.fixture(scope="module")
def with_cards(open_kiosk: OpenKiosk) -> Kiosk:
    return open_kiosk("--card-address", "https://cards.example")


def made(page: Page) -> str:
    """Say yes; where the card can be fetched."""
    with page.expect_response(lambda answer: "make_card" in (answer.request.post_data or "")) as told:
        page.click("#card-yes")
    expect(page.locator("#card-picture")).to_be_visible()
    return urlsplit(told.value.json()["address"]).path


def status(kiosk: Kiosk, path: str) -> int:
    return httpx.get(kiosk.address + path, timeout=60).status_code


def test_without_an_address_for_phones_there_are_no_cards(page: Page) -> None:
    result(page)
    expect(page.locator("#open-card, #card")).to_have_count(0)


def test_a_card_is_made_after_a_yes_and_goes_with_forget(with_cards: Kiosk, open_page: OpenPage) -> None:
    page = open_page(with_cards)
    stored = browser_storage(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.post_data or ""))
    result(page)
    open_game(page, "card")
    expect(page.locator("#card-yes")).to_be_visible()
    page.click("#card-no")
    open_game(page, "card")
    assert not [question for question in asked if "make_card" in question], "nothing is made before"
    path = made(page)
    assert re.fullmatch(r"/card/[\w-]{22}", path) and status(with_cards, path) == 200
    picture, code = (page.locator(f"#card-{part}").get_attribute("src") or "" for part in ("picture", "code"))
    assert picture.startswith("data:image/jpeg") and code.startswith("data:image/png")
    page.click("#card .leave")
    page.click("#forget")
    state(page, "attract")
    for _ in range(50):
        if status(with_cards, path) == 404:
            break
        page.wait_for_timeout(100)
    assert status(with_cards, path) == 404
    assert remains(page, {picture, code}) == [] and browser_storage(page) == stored
    assert nothing_left(with_cards)


def test_a_visitor_can_take_the_card_back(with_cards: Kiosk, open_page: OpenPage) -> None:
    page = open_page(with_cards)
    result(page)
    open_game(page, "card")
    path = made(page)
    page.click("#card-drop")
    expect(page.locator("#card")).to_be_hidden()
    assert status(with_cards, path) == 404
    state(page, "result")


def test_the_printer_gets_the_card_alone(with_cards: Kiosk, open_page: OpenPage) -> None:
    page = open_page(with_cards, script=COUNT_PRINTS)
    result(page)
    open_game(page, "card")
    made(page)
    page.click("#card-print")
    assert page.evaluate("prints") == 1
    page.emulate_media(media="print")
    expect(page.locator("#card-picture")).to_be_visible()
    for part in (".top", ".wall", "footer", "#card header", "#card-code", "#card-print"):
        expect(page.locator(part).first).to_be_hidden()
    pages = re.findall(rb"/Type\s*/Page\b", page.pdf(width="100mm", height="150mm"))
    assert len(pages) == 1


class TestBooth:
    """What would read from a booth's disk, or write to it, is not there."""

    @staticmethod
    def drop(page: Page) -> None:
        page.evaluate(
            """async address => {
            const drag = new DataTransfer();
            drag.items.add(new File([await (await fetch(address)).arrayBuffer()], 'voice.flac'));
            document.body.dispatchEvent(new DragEvent('drop', { dataTransfer: drag, bubbles: true, cancelable: true }));
        }""",
            f"examples/{EXAMPLES[0].name}",
        )

    @staticmethod
    def full_screen(page: Page) -> None:
        """A first press brings the full screen, which closes menus."""
        page.click(".brand")
        page.wait_for_function("document.fullscreenElement !== null")

    def test_nothing_is_saved_or_chosen(self, open_kiosk: OpenKiosk, open_page: OpenPage) -> None:
        page = open_page(open_kiosk("--kiosk"))
        self.full_screen(page)
        self.drop(page)
        page.click("#from-file")
        expect(page.locator(".clip").first).to_be_visible()
        expect(page.locator("#drop")).to_be_hidden()
        page.click(".clip >> nth=0")
        state(page, "recording")
        state(page, "result")
        page.click("#more-button")
        expect(page.locator("#others")).to_be_visible()
        expect(page.locator("#save")).to_be_hidden()
        expect(page.locator("#kinds [data-value=own]")).to_be_hidden()

    def test_unless_the_host_wants_it(self, open_kiosk: OpenKiosk, open_page: OpenPage) -> None:
        page = open_page(open_kiosk("--kiosk", "--files"))
        self.full_screen(page)
        self.drop(page)
        state(page, "result")
        page.click("#more-button")
        expect(page.locator("#save")).to_be_visible()
