"""The page on every screen, by keyboard, in every language, and for all eyes and ears."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.kiosk.conftest import OpenKiosk, OpenPage
from tests.kiosk.looking import (
    state,
    upload_voice,
)
from tests.support.browser import EXAMPLES
from v2f.kiosk.texts import LANGUAGES, TEXTS

SPANISH = LANGUAGES.index("es")


def fits(page: Page) -> bool:
    """Whether nothing has to be scrolled to."""
    return page.evaluate("""() => document.documentElement.scrollHeight <= innerHeight &&
        document.documentElement.scrollWidth <= innerWidth""")


class TestManners:
    def test_everything_by_keyboard(self, page: Page) -> None:
        page.keyboard.press("Space")
        state(page, "recording")
        page.keyboard.press("Space")
        page.wait_for_function("['result', 'error'].includes(document.querySelector('.booth').dataset.state)")
        page.keyboard.press("Escape")
        state(page, "attract")
        reached = []
        for _ in range(40):
            page.keyboard.press("Tab")
            reached.append(
                page.evaluate(
                    "(({ id, dataset }) => id || dataset.value || dataset.example)(document.activeElement)"
                )
            )
        wanted = {"theme", "rec", "micsel", "drop", "study", "only", "snr", "en", "10", "pink", "0"}
        assert wanted <= set(reached)
        page.focus("#durations [data-value='10']")
        page.keyboard.press("ArrowLeft")
        expect(page.locator("#durations [data-value='5']")).to_be_focused()
        expect(page.locator("#durations [data-value='5']")).to_have_attribute("aria-checked", "true")

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_every_word_follows_the_language(self, page: Page, language: str) -> None:
        upload_voice(page)
        page.click(f"#languages [data-value={language}]")
        column = LANGUAGES.index(language)
        for place, key in (("#forget", "forget"), ("#rec-label", "again"), ("footer", "privacy")):
            expect(page.locator(place)).to_have_text(TEXTS[key][column])
        expect(page.locator("html")).to_have_attribute("lang", "zh-Hans" if language == "zh" else language)
        if language == "es":
            expect(page.locator("#strip-voice .num").last).to_have_text(re.compile(r"^[01],\d{2,4}$"))

    def test_it_opens_in_the_language_asked_for(self, open_kiosk: OpenKiosk, open_page: OpenPage) -> None:
        page = open_page(open_kiosk("--language", "es", "--kiosk"))
        expect(page.locator("h1")).to_have_text(TEXTS["headline"][SPANISH])
        page.click("#languages [data-value=en]")
        page.keyboard.press("Escape")
        expect(page.locator("h1")).to_have_text(TEXTS["headline"][SPANISH])  # a booth returns to its own
        assert page.locator("a:visible").count() == 0

    @pytest.mark.parametrize("size", [(1920, 1080), (1080, 1920)], ids=["landscape", "portrait"])
    @pytest.mark.parametrize("language", LANGUAGES)
    def test_nothing_scrolls_on_a_booths_screen(
        self, page: Page, size: tuple[int, int], language: str
    ) -> None:
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.click(f"#languages [data-value={language}]")
        assert fits(page)
        upload_voice(page)
        assert fits(page)
        for button in ("#kinds [data-value=hum]", ".switch", "#others", "#between"):
            page.click(button)
            page.wait_for_timeout(300)
            assert fits(page), button
        page.set_input_files("#files", EXAMPLES)
        expect(page.locator("#rows .row canvas").last).to_be_visible()
        assert fits(page)
        page.keyboard.press("Escape")
        page.set_input_files("#files", {"name": "x.wav", "mimeType": "audio/wav", "buffer": b"no sound"})
        state(page, "error")
        assert fits(page)

    def test_a_phone_never_scrolls_sideways_and_has_record_on_its_first_screen(self, page: Page) -> None:
        page.set_viewport_size({"width": 390, "height": 844})
        record = page.locator("#rec").bounding_box()
        assert record and record["y"] + record["height"] <= 844
        upload_voice(page)
        page.click("#kinds [data-value=hum]")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    @pytest.mark.parametrize("width", [1920, 390])
    def test_touch_targets_are_large_enough(self, page: Page, width: int) -> None:
        page.set_viewport_size({"width": width, "height": 1080})
        upload_voice(page)
        page.click("#others")
        small = page.evaluate("""() => [...document.querySelectorAll('.booth :is(button, select, input, .switch)')]
            .filter(element => element.checkVisibility() && !element.closest('.switch input, dialog'))
            .map(element => [element.id || element.className || element.dataset.value, touchHeight(element)])
            .filter(([, height]) => height < 44);
            function touchHeight(element) {
              const after = getComputedStyle(element, '::after'), own = element.getBoundingClientRect().height;
              const beyond = parseFloat(after.top) + parseFloat(after.bottom);
              return after.content === 'none' ? own : own - beyond; }""")
        assert [entry for entry in small if "only" not in entry] == []

    @pytest.mark.parametrize("light", [False, True], ids=["dark", "light"])
    def test_text_stands_out_from_its_ground(self, page: Page, light: bool) -> None:
        if light:
            page.click("#theme")
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
