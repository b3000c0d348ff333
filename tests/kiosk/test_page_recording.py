"""Speaking to the page in a real browser, and what it says when that cannot be heard."""

import re

import pytest
from playwright.sync_api import Page, expect

from benchmarks.crowd import Connection
from tests.kiosk.conftest import Kiosk, OpenKiosk, OpenPage
from tests.kiosk.looking import (
    DURATIONS,
    becomes_other,
    drawn,
    faces,
    nothing_left,
    play_example,
    problem,
    speak_for,
    state,
)
from tests.support.sound_card import SoundCard
from v2f.kiosk.texts import TEXTS


class TestRecording:
    @pytest.mark.parametrize("seconds", [1, 3])  # the shortest, and one with shorter and longer ones
    def test_it_stops_by_itself_at_the_length_chosen(self, page: Page, kiosk: Kiosk, seconds: int) -> None:
        speak_for(page, seconds)
        page.click("#rec")
        state(page, "recording")
        expect(page.locator("#rec-label")).to_have_text("Stop")
        page.wait_for_function("['result', 'error'].includes(document.querySelector('.booth').dataset.state)")
        if seconds == 1 and page.locator(".booth").get_attribute("data-state") == "error":
            problem(page, "no_speech")  # where the looped recording happened to pause for half of that second
            return
        expect(page.locator("#note")).to_contain_text(f"After {seconds} s")
        last = page.locator(f"#strip-voice [data-seconds='{seconds}']")
        expect(last).to_have_class(re.compile("seen"))
        later = [duration for duration in DURATIONS if duration > seconds]
        for duration in later:
            expect(page.locator(f"#strip-voice [data-seconds='{duration}']")).to_contain_text("not recorded")
        assert nothing_left(kiosk)

    def test_the_face_grows_while_the_visitor_speaks(self, page: Page) -> None:
        speak_for(page, 5)
        page.click("#rec")
        expect(page.locator("#strip-voice [data-seconds='2']")).to_have_class(re.compile("seen"))
        state(page, "recording")
        first = drawn(page.locator("#hero canvas"))
        becomes_other(page.locator("#hero canvas"), first)
        assert int(page.locator("#meter").get_attribute("aria-valuenow") or 0) > 0
        state(page, "result")
        live = page.evaluate("performance.getEntriesByName('v2f-live').map(mark => mark.startTime)")
        assert len(live) > len(DURATIONS)

    def test_the_microphone_is_released_and_unprocessed(self, page: Page) -> None:
        page.evaluate("""() => {
            const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
            window.streams = [];
            navigator.mediaDevices.getUserMedia = async wish => {
              window.wish = wish; window.streams.push(await ask(wish)); return window.streams.at(-1); };
        }""")
        speak_for(page, 1)
        page.click("#rec")
        page.wait_for_function("['result', 'error'].includes(document.querySelector('.booth').dataset.state)")
        recorded, *level = page.evaluate(
            "window.streams.map(stream => stream.getTracks().every(track => track.readyState === 'ended'))"
        )
        assert recorded and len(level) <= 1  # the level's own, which moves before the next recording
        wish = page.evaluate("window.wish.audio")
        for processing in ("echoCancellation", "noiseSuppression", "autoGainControl"):
            assert wish[processing] is False

    def test_stop_ends_it_early_and_escape_drops_it(self, page: Page) -> None:
        page.click("#rec")
        expect(page.locator("#strip-voice [data-seconds='2']")).to_have_class(re.compile("seen"))
        page.click("#rec")
        state(page, "result")
        expect(page.locator("#strip-voice [data-seconds='10']")).to_contain_text("not recorded")
        page.click("#rec")
        state(page, "recording")
        page.keyboard.press("Escape")
        state(page, "attract")
        expect(page.locator("#strip-voice canvas, #strip-noise canvas")).to_have_count(0)

    def test_an_example_is_played_and_heard_as_a_visitor_is(self, page: Page) -> None:
        play_example(page, 1)
        state(page, "recording")
        expect(page.locator("#note")).to_contain_text(TEXTS["ex2"][0])
        expect(page.locator("#prompt")).to_have_text(TEXTS["listen"][0])  # nobody is asked to speak
        state(page, "result")
        expect(faces(page)).to_have_count(5)

    def test_the_menu_of_microphones_remembers_its_choice(self, page: Page, open_page: OpenPage) -> None:
        chosen = page.locator("#micsel option").last.get_attribute("value") or ""
        page.select_option("#micsel", chosen)
        assert page.evaluate("localStorage.getItem('v2f-microphone')") == chosen
        page.reload()
        expect(page.locator("#micsel")).to_have_value(chosen)
        page.evaluate("localStorage.clear()")

    def test_without_audio_worklets_gradios_own_recorder_takes_over(self, open_page: OpenPage) -> None:
        page = open_page(script="delete window.AudioWorkletNode")
        page.click("#rec")
        page.click("#fallback .record-button")
        page.wait_for_timeout(3000)
        page.click("#fallback .stop-button >> visible=true")
        state(page, "result")
        expect(faces(page).nth(1)).to_be_visible()


class TestBoothMicrophone:
    """Recording by the machine that serves the page; the browser has no microphone of its own."""

    def test_it_is_heard_as_a_browsers_is_by_one_visitor_at_a_time(
        self, listening: tuple[Kiosk, SoundCard], open_page: OpenPage
    ) -> None:
        kiosk, _ = listening
        page, other = open_page(kiosk, microphone="none"), open_page(kiosk, microphone="none")
        speak_for(page, 5)
        page.click("#rec")
        state(page, "recording")
        other.click("#rec")
        problem(other, "mic_busy")
        expect(page.locator("#strip-voice [data-seconds='3']")).to_have_class(re.compile("seen"))
        assert int(page.locator("#meter").get_attribute("aria-valuenow") or 0) > 0
        state(page, "result")
        expect(page.locator("#note")).to_contain_text("After 5 s")
        expect(page.locator("#strip-voice [data-seconds='5']")).to_have_class(re.compile("seen"))
        other.click("#retry")  # it is free again, also for a visitor who gives up
        state(other, "recording")
        with other.expect_response(lambda answer: "forget" in (answer.request.post_data or "")):
            other.keyboard.press("Escape")

    def test_a_machine_without_one_says_so(self, open_kiosk: OpenKiosk, open_page: OpenPage) -> None:
        kiosk = open_kiosk("--microphone", "local", environment={"PULSE_SERVER": "none"})
        page = open_page(kiosk, microphone="none")
        page.click("#rec")
        problem(page, "mic_lost")


class TestProblems:
    def test_no_microphone(self, open_page: OpenPage) -> None:
        page = open_page(microphone="none")
        page.click("#rec")
        problem(page, "nomic")
        expect(page.locator("#rec")).to_be_disabled()
        page.click("#useexample")
        state(page, "recording")

    def test_permission_refused(self, open_page: OpenPage) -> None:
        page = open_page(microphone="refused")
        page.click("#rec")
        problem(page, "permission")
        page.click("#retry")
        problem(page, "permission")

    def test_silence_is_too_quiet_and_is_said_while_it_is_recorded(self, open_page: OpenPage) -> None:
        page = open_page(microphone="silence")
        speak_for(page, 2)
        page.click("#rec")
        expect(page.locator("#prompt")).to_have_text(TEXTS["h_quiet"][0])
        problem(page, "quiet")

    def test_knocking_is_no_voice(self, open_page: OpenPage) -> None:
        page = open_page(microphone="knocks")
        speak_for(page, 5)
        page.click("#rec")
        expect(page.locator("#prompt")).to_have_text(TEXTS["h_no_speech"][0])
        problem(page, "no_speech")

    def test_a_clipped_voice_is_told_to_step_back(self, open_page: OpenPage) -> None:
        page = open_page(microphone="loud")
        speak_for(page, 10)
        page.click("#rec")
        expect(page.locator("#prompt")).to_have_text(TEXTS["h_loud"][0])
        expect(page.locator("#meter")).to_have_class(re.compile("clipping"))


@pytest.fixture(scope="module")
def full(open_kiosk: OpenKiosk) -> Kiosk:
    """A kiosk at which one may speak."""
    return open_kiosk("--speakers", "1")


class TestWaiting:
    def test_who_comes_while_others_speak_waits_and_gets_in_by_itself(
        self, full: Kiosk, open_page: OpenPage
    ) -> None:
        other = Connection(full)
        token = other.start(seconds=10)
        page = open_page(full)
        speak_for(page, 1)
        page.click("#rec")
        words = TEXTS["next"][0].replace("{s}", r"\d+")
        expect(page.locator("#hint")).to_have_text(re.compile(words))
        expect(page.locator("#rec")).to_be_disabled()
        state(page, "attract")
        other.call("forget", sessions=[token])
        state(page, "result")
        expect(page.locator("#rec")).to_be_enabled()

    def test_escape_gives_the_place_up(self, full: Kiosk, open_page: OpenPage) -> None:
        other = Connection(full)
        token = other.start(seconds=10)
        page = open_page(full)
        page.click("#rec")
        expect(page.locator("#rec")).to_be_disabled()
        page.keyboard.press("Escape")
        expect(page.locator("#rec")).to_be_enabled()
        other.call("forget", sessions=[token])
        assert other.start(seconds=1), "nobody stands in the way"
        state(page, "attract")
