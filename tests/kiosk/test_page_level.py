"""The level of the microphone before anybody records: it moves, and nothing that it hears leaves the page."""

import time

from playwright.sync_api import Page, Request, expect

from tests.kiosk.conftest import Kiosk, OpenPage
from tests.kiosk.looking import nothing_left, speak_for, state
from tests.support.sound_card import SoundCard
from v2f.kiosk.texts import TEXTS

MOVES = "document.querySelector('#meter').ariaValueNow > 20"
ASKS_FIRST = """
    navigator.permissions.query = async () => Object.assign(new EventTarget(), { state: 'prompt' });
    const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    window.opened = 0;
    navigator.mediaDevices.getUserMedia = wish => { window.opened++; return open(wish); };"""

SOON_NOBODY_IS_THERE = """const later = setTimeout;
    window.setTimeout = (run, ms, ...rest) => later(run, ms === 60000 ? 4000 : ms, ...rest);"""


def sent_to_the_server(page: Page) -> list[Request]:
    """All that the page sends from now on, but for its asking whether the server is there."""
    sent: list[Request] = []

    def note(request: Request) -> None:
        if request.method != "GET" and (request.post_data_json or {}).get("fn_name") != "alive":
            sent.append(request)

    page.on("request", note)
    return sent


def test_where_the_browser_allows_it_the_level_moves_and_nothing_is_sent(page: Page) -> None:
    sent = sent_to_the_server(page)
    page.wait_for_function(MOVES)
    page.wait_for_timeout(3000)
    page.wait_for_function(MOVES)
    state(page, "attract")
    assert sent == []
    expect(page.locator("#check")).to_be_hidden()
    speak_for(page, 2)
    page.click("#rec")
    state(page, "recording")
    page.wait_for_function(MOVES)
    assert [request.post_data_json["fn_name"] for request in sent[:2]] == ["count_visit", "start_recording"]
    state(page, "result")
    expect(page.locator("#meter")).to_be_hidden()
    page.click("#forget")
    page.wait_for_function(MOVES)


def test_else_the_microphone_stays_closed_until_the_visitor_checks_it(open_page: OpenPage) -> None:
    page = open_page(script=ASKS_FIRST)
    sent = sent_to_the_server(page)
    check = page.locator("#check")
    expect(check).to_have_text(TEXTS["check"][0])
    page.wait_for_timeout(1000)
    assert (
        page.evaluate("window.opened") == 0 and page.locator("#meter").get_attribute("aria-valuenow") == "0"
    )
    check.click()
    expect(page.locator("#level-note")).to_have_text(TEXTS["hearsyou"][0])
    page.wait_for_function(MOVES)
    expect(check).to_be_hidden()
    assert page.evaluate("window.opened") == 1 and sent == []


def test_a_check_that_the_visitor_refuses_says_so(open_page: OpenPage) -> None:
    page = open_page(microphone="refused", script=ASKS_FIRST)
    page.click("#check")
    expect(page.locator("#err-title")).to_have_text(TEXTS["e_permission"][0])


def test_a_microphone_that_is_switched_off_is_noticed_before_anybody_speaks(open_page: OpenPage) -> None:
    page = open_page(microphone="silence")
    expect(page.locator("#level-note")).to_have_text(TEXTS["hearsnothing"][0])
    page.select_option("#languages", "es")
    expect(page.locator("#level-note")).to_have_text(TEXTS["hearsnothing"][1])


def test_the_sound_it_looked_at_is_not_left_in_memory(page: Page) -> None:
    page.evaluate("""() => {
        const look = AnalyserNode.prototype.getFloatTimeDomainData;
        window.blocks = new Set();
        AnalyserNode.prototype.getFloatTimeDomainData = function (block) {
          look.call(this, block);
          window.heard ||= block.some(sample => sample);
          window.blocks.add(block); }; }""")
    page.wait_for_function("window.heard")
    page.wait_for_timeout(500)
    assert not page.evaluate("[...window.blocks].some(block => block.some(sample => sample))")


def is_heard(card: SoundCard, wanted: bool) -> bool:
    """Whether the card's microphone is open, or not, within seconds."""
    for _ in range(200):
        if card.heard() == wanted:
            return True
        time.sleep(0.1)
    return False


def test_of_the_machines_own_microphone_the_level_alone_is_told_and_it_is_closed_while_nobody_is_there(
    listening: tuple[Kiosk, SoundCard], open_page: OpenPage
) -> None:
    kiosk, card = listening
    assert is_heard(card, False)
    page = open_page(kiosk, microphone="none", script=SOON_NOBODY_IS_THERE)
    expect(page.locator("#check")).to_be_hidden()
    assert is_heard(card, True) and is_heard(card, False)
    page.mouse.move(9, 9)
    page.wait_for_function(MOVES)
    with page.expect_response(lambda answer: "microphone_level" in (answer.request.post_data or "")) as told:
        page.mouse.move(8, 8)
    assert set(told.value.json()) == {"level"}
    page.click("#rec")
    state(page, "recording")
    page.wait_for_function(MOVES)
    page.keyboard.press("Escape")
    state(page, "attract")
    page.wait_for_function(MOVES)
    assert nothing_left(kiosk)
    page.goto("about:blank")
    assert is_heard(card, False), "a page that has gone does not keep it open"
