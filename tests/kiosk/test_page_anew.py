"""Every visitor begins anew, and every page learns when the server has gone or its host has reset it."""

import re

from playwright.sync_api import Page, expect

from tests.kiosk.conftest import Kiosk, OpenKiosk, OpenPage
from tests.kiosk.looking import problem, speak_for, state, upload_voice
from tests.support.browser import REPOSITORY, free_port
from v2f.kiosk.texts import TEXTS

CONNECTION = (REPOSITORY / "v2f" / "kiosk" / "static" / "connection.js").read_text()
CHOSEN = """() => [document.querySelector('#durations').value,
    document.documentElement.dataset.theme, document.documentElement.lang,
    document.querySelector('#kinds [aria-checked=true]').dataset.value, document.querySelector('#snr').value]"""


def choose(page: Page) -> None:
    """Whatever a visitor may change, before a recording."""
    page.select_option("#durations", "3")
    page.click("#theme")
    page.select_option("#languages", "zh")


def test_forget_leaves_the_next_visitor_no_choice_of_the_last(page: Page) -> None:
    first = page.evaluate(CHOSEN)
    choose(page)
    upload_voice(page)
    page.click("#kinds [data-value=hum]")
    page.fill("#snr", "4")
    assert not set(first) & set(page.evaluate(CHOSEN))
    page.click("#forget")
    state(page, "attract")
    assert page.evaluate(CHOSEN) == first


def test_somebody_who_only_changed_the_page_and_left_leaves_it_as_it_was(
    impatient: Kiosk, open_page: OpenPage
) -> None:
    page = open_page(impatient)
    first = page.evaluate(CHOSEN)
    choose(page)
    expect(page.locator("#idle")).to_be_hidden()  # there is nothing to forget
    expect(page.locator("html")).to_have_attribute("lang", "en")
    assert page.evaluate(CHOSEN) == first


def test_a_dead_server_shows_and_a_new_one_is_found_which_knows_no_recordings(
    open_kiosk: OpenKiosk, open_page: OpenPage
) -> None:
    kiosk = open_kiosk()
    page, while_recording, after_recording = (open_page(kiosk) for _ in range(3))
    upload_voice(after_recording)
    sign = page.locator("#offline")
    expect(sign).to_be_hidden()
    while_recording.click("#rec")
    state(while_recording, "recording")
    kiosk.process.kill()
    problem(while_recording, "offline")
    expect(sign).to_contain_text(TEXTS["e_offline"][0])
    state(page, "attract")
    page.click("#rec")
    problem(page, "offline")
    open_kiosk(port=kiosk.port)
    expect(sign).to_be_hidden()
    state(after_recording, "attract")
    state(while_recording, "attract")
    speak_for(while_recording, 2)
    while_recording.click("#rec")
    state(while_recording, "result")


def test_it_shows_within_five_seconds_also_where_the_server_only_hangs() -> None:
    pause, patience = (
        int(re.findall(rf"const {name} = (\d+);", CONNECTION)[0]) for name in ("PAUSE_MS", "PATIENCE_MS")
    )
    assert pause + patience < 5000


def test_the_hosts_button_brings_every_page_back_to_its_beginning(
    open_kiosk: OpenKiosk, open_page: OpenPage
) -> None:
    hosts_port = free_port()
    kiosk = open_kiosk("--status-port", str(hosts_port))
    page, speaking = open_page(kiosk), open_page(kiosk)
    host = page.context.new_page()
    upload_voice(page)
    host.goto(f"http://127.0.0.1:{hosts_port}/")
    expect(host.locator("dd").first).to_have_text("1")  # of visits
    speaking.click("#rec")
    state(speaking, "recording")
    host.click("button")
    state(speaking, "attract")
    expect(speaking.locator("#count")).to_have_text(re.compile(r"^([3-9]|10)$"))  # of ten seconds were left
    expect(host).to_have_url(f"http://127.0.0.1:{hosts_port}/")
    page.bring_to_front()  # it asks while somebody may look at it
    state(page, "attract")
