"""The page on every screen, by keyboard, in every language, and for all eyes and ears."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.kiosk.conftest import OpenKiosk, OpenPage
from tests.kiosk.looking import (
    choose_language,
    look_inside,
    state,
    upload_voice,
)
from tests.support.browser import EXAMPLES
from v2f.kiosk.texts import LANGUAGES, TEXTS

SPANISH = LANGUAGES.index("es")


def reached(page: Page) -> set[str]:
    """What Tab comes to."""
    names = set()
    for _ in range(24):
        page.keyboard.press("Tab")
        names.add(page.evaluate("(({ id, dataset }) => id || dataset.value)(document.activeElement)"))
    return names


def controls(page: Page) -> list[str]:
    """All that can be pressed or set, each radio button by itself."""
    return page.evaluate("""() => [...document.querySelectorAll('.booth :is(button, select, input, a)')]
        .filter(element => element.checkVisibility()).map(element => element.id || element.dataset.value)""")


def fits(page: Page) -> bool:
    """Whether nothing has to be scrolled to."""
    return page.evaluate("""() => document.documentElement.scrollHeight <= innerHeight &&
        document.documentElement.scrollWidth <= innerWidth""")


SMALL_TARGETS = """() => [...document.querySelectorAll('.booth :is(button, select, input)')]
    .filter(element => element.checkVisibility() && !element.closest('dialog'))
    .map(element => [element.id || element.className || element.dataset.value, touchHeight(element)])
    .filter(([, height]) => height < 44);
    function touchHeight(element) {
      const after = getComputedStyle(element, '::after'), own = element.getBoundingClientRect().height;
      const beyond = parseFloat(after.top) + parseFloat(after.bottom);
      return after.content === 'none' ? own : own - beyond; }"""


def scrolling(page: Page) -> list[str]:
    """The languages in which the page, as it is, does not fit its window."""
    found = []
    for language in (*reversed(LANGUAGES), LANGUAGES[0]):
        choose_language(page, language)
        if not fits(page):
            found.append(language)
    return found


class TestManners:
    def test_everything_by_keyboard(self, page: Page) -> None:
        page.keyboard.press("Space")
        state(page, "recording")
        page.keyboard.press("Space")
        page.wait_for_function("['result', 'error'].includes(document.querySelector('.booth').dataset.state)")
        page.keyboard.press("Escape")
        state(page, "attract")
        assert {"theme", "rec", "micsel", "durations", "languages", "from-file"} <= reached(page)
        upload_voice(page)
        wanted = {"rec", "snr", "pink", "play", "look-inside", "more-button", "forget"}
        assert wanted <= reached(page)
        page.focus("#kinds [data-value=pink]")
        page.keyboard.press("ArrowRight")
        expect(page.locator("#kinds [data-value=brown]")).to_be_focused()
        expect(page.locator("#kinds [data-value=brown]")).to_have_attribute("aria-checked", "true")

    def test_escape_in_a_menu_of_one_choice_forgets_nothing(self, page: Page) -> None:
        page.click("#rec")
        state(page, "recording")
        for place in ("#micsel", "#durations", "#languages"):
            page.locator(place).evaluate("""menu => menu.dispatchEvent(
                new KeyboardEvent('keydown', { key: 'Escape', code: 'Escape', bubbles: true }))""")
            state(page, "recording")

    def test_little_is_to_be_chosen_before_a_recording_and_not_much_after(self, page: Page) -> None:
        assert len(controls(page)) <= 8
        upload_voice(page)
        assert len(controls(page)) <= 16
        assert {"snr", "play"} <= set(controls(page))

    def test_a_wrong_file_leaves_the_face_that_waits_and_there_is_nothing_to_forget(self, page: Page) -> None:
        page.set_input_files("#files", {"name": "x.wav", "mimeType": "audio/wav", "buffer": b"no sound"})
        state(page, "error")
        expect(page.locator(".demo .on canvas")).to_be_visible()
        page.wait_for_timeout(600)  # the countdown is looked at four times a second
        expect(page.locator("#idle")).to_be_hidden()

    def test_every_word_follows_the_language(self, page: Page) -> None:
        upload_voice(page)
        for column, language in enumerate(LANGUAGES):
            choose_language(page, language)
            for place, key in (("#forget", "forget"), ("#rec-label", "again"), ("footer", "privacy")):
                expect(page.locator(place)).to_have_text(TEXTS[key][column])
            code = "zh-Hans" if language == "zh" else language
            expect(page.locator("html")).to_have_attribute("lang", code)
        choose_language(page, "es")
        look_inside(page, "critic")
        expect(page.locator("#critic-scale .own .num").last).to_have_text(re.compile(r"^[01],\d{2,4}$"))

    def test_it_opens_in_the_language_asked_for(self, open_kiosk: OpenKiosk, open_page: OpenPage) -> None:
        page = open_page(open_kiosk("--language", "es", "--kiosk"))
        expect(page.locator(".headline")).to_have_text(TEXTS["headline"][SPANISH])
        choose_language(page, "en")
        page.keyboard.press("Escape")
        expect(page.locator(".headline")).to_have_text(
            TEXTS["headline"][SPANISH]
        )  # a booth returns to its own
        assert page.locator("a:visible").count() == 0

    @pytest.mark.parametrize(
        "size", [(1920, 1080), (1080, 1920), (1366, 768)], ids=["landscape", "portrait", "laptop"]
    )
    def test_nothing_scrolls_on_a_booths_screen(self, page: Page, size: tuple[int, int]) -> None:
        page.set_viewport_size({"width": size[0], "height": size[1]})
        assert scrolling(page) == []
        upload_voice(page)
        assert scrolling(page) == []
        for kind in ("hum", "babble"):
            page.click(f"#kinds [data-value={kind}]")
            page.wait_for_timeout(300)
            assert scrolling(page) == [], kind
        page.set_input_files("#files", EXAMPLES)
        expect(page.locator("#rows .row canvas").last).to_be_visible()
        assert scrolling(page) == []
        page.keyboard.press("Escape")
        page.set_input_files("#files", {"name": "x.wav", "mimeType": "audio/wav", "buffer": b"no sound"})
        state(page, "error")
        assert scrolling(page) == []

    def test_a_phone_never_scrolls_sideways_and_has_record_on_its_first_screen(self, page: Page) -> None:
        page.set_viewport_size({"width": 390, "height": 844})
        record = page.locator("#rec").bounding_box()
        assert record and record["y"] + record["height"] <= 844
        upload_voice(page)
        page.click("#kinds [data-value=hum]")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    def test_touch_targets_are_large_enough(self, page: Page) -> None:
        upload_voice(page)
        for width in (1920, 390):
            page.set_viewport_size({"width": width, "height": 1080})
            assert page.evaluate(SMALL_TARGETS) == [], width

    def test_the_noise_slider_is_long_enough_to_be_set(self, page: Page) -> None:
        choose_language(page, "es")
        upload_voice(page)
        for width, height in ((820, 1180), (768, 1024), (390, 844)):
            page.set_viewport_size({"width": width, "height": height})
            slider = page.locator("#snr").bounding_box()
            assert slider and slider["width"] >= 160, width

    def test_type_and_face_grow_with_the_screen(self, page: Page) -> None:
        before = [page.locator(place).bounding_box() for place in (".mat", "#rec")]
        page.set_viewport_size({"width": 3840, "height": 2160})
        for old, new in zip(
            before, [page.locator(place).bounding_box() for place in (".mat", "#rec")], strict=True
        ):
            assert old and new and new["width"] == pytest.approx(2 * old["width"], rel=0.02)

    @pytest.mark.parametrize("light", [False, True], ids=["dark", "light"])
    def test_text_stands_out_from_its_ground(self, page: Page, light: bool) -> None:
        page.emulate_media(color_scheme="light" if light else "dark")
        ratios = page.evaluate("""() => {
            const style = getComputedStyle(document.querySelector('.booth'));
            const luminance = name => { const n = parseInt(style.getPropertyValue(name).trim().slice(1), 16);
              const [r, g, b] = [n >> 16, n >> 8 & 255, n & 255].map(v =>
                (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
              return .2126 * r + .7152 * g + .0722 * b; };
            const contrast = (a, b) => {
              const [dark, light] = [luminance(a), luminance(b)].sort((p, q) => p - q);
              return (light + .05) / (dark + .05); };
            const grounds = ['--wall', '--wall-lit', '--panel', '--panel-2'];
            return Object.fromEntries([...['--ink', '--ink-2', '--voice', '--noise', '--danger'].flatMap(ink =>
              grounds.map(ground => [ink + ' on ' + ground, contrast(ink, ground)])),
              ...['voice', 'noise'].map(name => [`on ${name}`, contrast(`--on-${name}`, `--${name}`)])]); }""")
        assert {pair: ratio for pair, ratio in ratios.items() if ratio < 4.5} == {}

    def test_a_page_that_shows_nothing_new_draws_no_frames(self, open_page: OpenPage) -> None:
        count = """() => {
            const frame = window.requestAnimationFrame.bind(window);
            window.framesAsked = 0;
            window.requestAnimationFrame = draw => { window.framesAsked += 1; return frame(draw); };
        }"""
        page = open_page(script=f"({count})()")
        page.wait_for_timeout(2000)
        before = page.evaluate("framesAsked")
        page.wait_for_timeout(4000)
        assert page.evaluate("framesAsked") - before <= 60  # sixty a second were 240

    def test_reduced_motion_stands_still(self, page: Page) -> None:
        page.emulate_media(reduced_motion="reduce")
        assert page.evaluate("document.getAnimations().length") == 0
        upload_voice(page)
        assert page.evaluate("document.getAnimations().length") == 0

    def test_every_control_has_a_name_and_the_result_is_announced(self, page: Page) -> None:
        upload_voice(page)
        expect(page.locator("#say")).to_contain_text("The face is ready")
        nameless = page.evaluate("""() => [...document.querySelectorAll('.booth :is(button, select, input)')]
            .filter(element => element.checkVisibility() && !(element.textContent.trim() || element.ariaLabel ||
              element.labels?.[0]?.textContent.trim() || element.querySelector('canvas')?.ariaLabel))
            .map(element => element.outerHTML.slice(0, 80))""")
        assert nameless == []
