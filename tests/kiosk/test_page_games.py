"""The games in a real browser: people against the model, other voices of one's own, and two visitors."""

import re
from typing import Any

from playwright.sync_api import Page, Response, expect

from tests.kiosk.conftest import Kiosk, OpenKiosk, OpenPage
from tests.kiosk.looking import becomes_same, drawn, faces, nothing_left, state
from tests.kiosk.test_page_forgetting import Overheard, browser_storage, remains
from v2f.assets import READERS
from v2f.kiosk.find_my_voice import VISITOR
from v2f.kiosk.texts import LANGUAGES, TEXTS

VOICE = min(
    READERS.glob("*-face.opus")
)  # six seconds; the examples' faces are those that greet whoever comes
ROUNDS = 5
COUNT_SOUNDS = """window.sounds = 0;
    const play = HTMLMediaElement.prototype.play;
    HTMLMediaElement.prototype.play = function () { window.sounds += 1; return play.call(this); };"""


def result(page: Page) -> None:
    page.set_input_files("#files", VOICE)
    state(page, "result")
    expect(faces(page, "noise").nth(3)).to_be_visible()


def open_game(page: Page, name: str) -> None:
    page.click("#more-button")
    page.click(f"#open-{name}")
    expect(page.locator(f"#{name}-title")).to_be_visible()


def text(key: str, column: int = 0, **places: object) -> str:
    return TEXTS[key][column].format(**places)


class Dealt(list[dict[str, Any]]):
    """What the server answers to each question for a round, and `asked`, what was asked."""

    def __init__(self, page: Page) -> None:
        self.asked: list[dict[str, Any]] = []
        page.on("response", self._hear)

    def _hear(self, response: Response) -> None:
        if "find_voice" in (response.request.post_data or ""):
            self.asked.append(response.request.post_data_json["data"])
            self.append(response.json())


def answer(page: Page, dealt: Dealt, number: int, right: bool) -> dict[str, Any]:
    """Press the right face of round `number`, from 1, or another."""
    expect(page.locator("#find[data-shown=question] .round-number")).to_have_text(
        text("round", n=number, m=ROUNDS)
    )
    while len(dealt) < number:  # the page may have read the server's answer before we have
        page.wait_for_timeout(20)
    round_ = dealt[number - 1]
    page.click(f".pick >> nth={round_['answer'] if right else (round_['answer'] + 1) % 4}")
    return round_


class TestFindMyVoice:
    def test_people_and_the_model_are_counted(self, open_page: OpenPage) -> None:
        page = open_page(script=COUNT_SOUNDS)
        result(page)
        dealt, right = Dealt(page), [True, False, True, False, False]
        open_game(page, "find")
        page.click("#find-start")
        for number, is_right in enumerate(right, 1):
            round_ = answer(page, dealt, number, is_right)
            model = round_["model"] == round_["answer"]
            verdict = {(True, True): "both", (True, False): "people", (False, True): "model"}
            expect(page.locator(".question")).to_have_text(
                text(verdict.get((is_right, model), "none") + "right")
            )
            tags = page.locator(f".pick >> nth={round_['answer']}").locator(".tags")
            expect(tags).to_contain_text(text("isvoice"))
            expect(page.locator(f".pick >> nth={round_['model']}").locator(".tags")).to_contain_text(
                text("themodel")
            )
            expect(page.locator(".round-number")).to_have_text(text("round", n=number, m=ROUNDS))
            expect(page.locator(".drawn canvas")).to_be_visible()
            page.click("#find-next")
        expect(page.locator("#find-people")).to_have_text("2")
        found = sum(round_["model"] == round_["answer"] for round_ in dealt)
        expect(page.locator("#find-model")).to_have_text(str(found))
        assert len({round_["person"] for round_ in dealt}) == ROUNDS, "nobody plays twice"
        assert VISITOR not in {round_["person"] for round_ in dealt}
        assert page.evaluate("sounds") == ROUNDS, "each voice played by itself"

    def test_a_visitor_who_wants_is_among_the_faces_and_plays_once(self, page: Page) -> None:
        result(page)
        dealt = Dealt(page)
        open_game(page, "find")
        page.check("#find-mine", force=True)
        page.click("#find-start")
        for number in range(1, ROUNDS + 1):
            answer(page, dealt, number, True)
            page.click("#find-next")
        expect(page.locator("#find-people")).to_have_text(str(ROUNDS))
        assert [round_["person"] for round_ in dealt].count(VISITOR) == 1
        assert all(asked["session"] for asked in dealt.asked)

    def test_a_recording_that_is_too_short_for_it_is_told_so(self, page: Page) -> None:
        page.select_option("#durations", "1")
        page.click("#rec")
        state(page, "result")
        open_game(page, "find")
        page.check("#find-mine", force=True)
        page.click("#find-start")
        expect(page.locator("#find .trouble")).to_contain_text(text("e_short"))
        expect(page.locator("#find-start")).to_be_visible()


class TestVoices:
    def test_faces_of_other_voices_stand_beside_ones_own(self, page: Page) -> None:
        result(page)
        overheard = Overheard(page)
        open_game(page, "puton")
        own = page.locator("#puton .take >> nth=0").locator("canvas")
        expect(own).to_be_visible()
        page.click("[data-take=whisper]")
        expect(page.locator("[data-take=giant]")).to_be_disabled()
        expect(page.locator("[data-take=whisper]")).to_have_text(text("speakagain"))
        expect(page.locator("#puton canvas")).to_have_count(2)
        assert drawn(page.locator("#puton canvas").last) != drawn(own)
        page.click("#puton .leave")
        expect(page.locator("#puton canvas")).to_have_count(0)
        page.click("#forget")
        state(page, "attract")
        assert overheard.sessions_on_the_server() == []

    def test_the_walk_leads_from_one_visitor_to_the_other(self, page: Page) -> None:
        result(page)
        open_game(page, "two")
        slider = page.locator("#two input")
        expect(slider).to_be_disabled()
        page.click("[data-take=secondvoice]")
        expect(slider).to_be_enabled()
        first, middle, second = (
            page.locator(f"#two .take >> nth={place}").locator("canvas") for place in range(3)
        )
        slider.fill("0")
        becomes_same(middle, drawn(first))
        slider.fill(slider.get_attribute("max") or "")
        becomes_same(middle, drawn(second))

    def test_a_game_that_is_left_while_somebody_speaks_forgets_what_they_said(
        self, page: Page, kiosk: Kiosk
    ) -> None:
        result(page)
        open_game(page, "puton")
        overheard = Overheard(page)
        page.click("[data-take=child]")
        expect(page.locator("#puton canvas")).to_have_count(2)
        page.keyboard.press("Escape")
        expect(page.locator("#puton")).to_be_hidden()
        state(page, "result")
        page.wait_for_timeout(500)
        assert overheard.sessions_on_the_server() == []
        assert nothing_left(kiosk)

    def test_without_a_microphone_it_says_so(self, open_page: OpenPage) -> None:
        page = open_page(microphone="none")
        result(page)
        open_game(page, "two")
        page.click("[data-take=secondvoice]")
        expect(page.locator("#two .trouble")).to_contain_text(text("e_nomic"))
        expect(page.locator("[data-take=secondvoice]")).to_be_enabled()


class TestLeaving:
    def test_forgetting_closes_a_game_and_leaves_nothing_of_it(
        self, open_kiosk: OpenKiosk, open_page: OpenPage
    ) -> None:
        kiosk = open_kiosk("--idle-seconds", "8")
        page = open_page(kiosk)
        stored, overheard = browser_storage(page), Overheard(page)
        result(page)
        open_game(page, "find")
        page.check("#find-mine", force=True)
        page.click("#find-start")
        expect(page.locator("#find[data-shown=question]")).to_be_visible()
        expect(page.locator("#find #idle b")).to_have_text(re.compile(r"0:0\d"))
        state(page, "attract")
        expect(page.locator("#find")).to_be_hidden()
        expect(page.locator("#find canvas")).to_have_count(0)
        assert remains(page, overheard.faces) == []
        assert browser_storage(page) == stored
        assert overheard.sessions_on_the_server() == []
        assert nothing_left(kiosk)

    def test_games_speak_the_language_that_was_chosen(self, page: Page) -> None:
        result(page)
        for column, language in enumerate(LANGUAGES):
            page.select_option("#languages", language)
            for name in ("find", "puton", "two"):
                open_game(page, name)
                expect(page.locator(f"#{name}-title")).to_have_text(text(name, column))
                page.keyboard.press("Escape")
        state(page, "result")
