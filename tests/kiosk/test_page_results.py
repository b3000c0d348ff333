"""What the page shows in a real browser: of uploads, in noise, and what can be played with."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.kiosk.conftest import Kiosk
from tests.kiosk.looking import (
    becomes_other,
    becomes_same,
    drawn,
    faces,
    nothing_left,
    problem,
    state,
    upload_voice,
)
from tests.support.browser import EXAMPLES
from tests.support.encode import encode
from tests.support.voices import voice
from v2f.kiosk.texts import TEXTS

RATE = 16_000


def convert(file: Path) -> Path:
    """The example in another format."""
    sound, rate = soundfile.read(EXAMPLES[0], always_2d=True)
    if file.suffix == ".m4a":
        return encode(file, sound, rate)
    soundfile.write(file, sound, rate)
    return file


def score_of(caption: Locator) -> float:
    return float(caption.locator(".num").inner_text())


def bar_of(caption: Locator) -> float:
    """How much of its bar a score fills, 0 to 1."""
    return float(caption.locator("i").evaluate("bar => bar.style.getPropertyValue('--v')"))


class TestUploads:
    @pytest.mark.parametrize("kind", ["wav", "mp3", "ogg", "m4a", "flac"])
    def test_every_format_gives_a_strip(self, page: Page, kiosk: Kiosk, tmp_path: Path, kind: str) -> None:
        page.set_input_files("#files", convert(tmp_path / f"voice.{kind}"))
        state(page, "result")
        expect(faces(page).nth(3)).to_be_visible()
        expect(faces(page, "noise").nth(3)).to_be_visible()
        expect(page.locator("#strip-voice .num").last).to_have_text(re.compile(r"^[01]\.\d{2,4}$"))
        heights = [box["height"] for box in map(Locator.bounding_box, faces(page).all()) if box]
        assert heights == sorted(heights) and heights[-1] > 1.5 * heights[0]
        assert nothing_left(kiosk)

    def test_several_files_stand_side_by_side(self, page: Page) -> None:
        page.set_input_files("#files", EXAMPLES)
        expect(page.locator("#rows .row")).to_have_count(3)
        before = drawn(page.locator("#hero canvas"))
        page.click("#rows .row >> nth=2")
        becomes_other(page.locator("#hero canvas"), before)
        expect(page.locator("#rows .row >> nth=2")).to_have_attribute("aria-checked", "true")

    def test_a_file_can_be_dropped_anywhere(self, page: Page) -> None:
        page.evaluate(
            """async address => {
            const sound = await (await fetch(address)).arrayBuffer();
            const drag = new DataTransfer();
            drag.items.add(new File([sound], 'voice.flac', { type: 'audio/flac' }));
            document.body.dispatchEvent(new DragEvent('drop', { dataTransfer: drag, bubbles: true, cancelable: true }));
        }""",
            f"examples/{EXAMPLES[0].name}",
        )
        state(page, "result")
        expect(page.locator("#note")).to_contain_text("voice.flac")

    def test_three_hours_are_cut_and_the_page_says_where(
        self, page: Page, kiosk: Kiosk, tmp_path: Path
    ) -> None:
        voice, rate = soundfile.read(EXAMPLES[0], dtype="int16")
        long = np.resize(voice[::2] // 256, 3 * 3600 * rate // 2).astype(np.int8)
        soundfile.write(tmp_path / "long.wav", long.astype(np.int16) * 256, rate // 2, subtype="PCM_U8")
        page.set_input_files("#files", tmp_path / "long.wav")
        state(page, "result")
        expect(page.locator("#note")).to_contain_text(TEXTS["shortened"][0].format(n=60))
        assert nothing_left(kiosk)

    def test_of_several_files_each_that_fails_is_named(
        self, page: Page, kiosk: Kiosk, tmp_path: Path
    ) -> None:
        for make in ("photograph", "silence"):
            BAD[make](tmp_path / f"{make}.wav")
        files = [tmp_path / "photograph.wav", EXAMPLES[1], tmp_path / "silence.wav"]
        page.set_input_files("#files", files)
        state(page, "result")
        expect(page.locator("#err-title")).to_have_text(TEXTS["e_several"][0].format(n=2))
        expect(page.locator("#err-text")).to_have_text(
            f"photograph.wav: {TEXTS['e_unreadable'][0]} · silence.wav: {TEXTS['e_no_speech'][0]}"
        )
        expect(page.locator("#note")).to_contain_text(EXAMPLES[1].name)
        assert nothing_left(kiosk)

    def test_more_files_than_are_read_at_once_are_named(self, page: Page, tmp_path: Path) -> None:
        for i in range(8):
            BAD["silence"](tmp_path / f"{i}.wav")
        page.set_input_files("#files", [tmp_path / f"{i}.wav" for i in range(8)])
        expect(page.locator("#err-title")).to_have_text(TEXTS["e_several"][0].format(n=8))
        expect(page.locator("#err-text")).to_contain_text(f"7.wav: {TEXTS['e_many'][0]}")

    def test_of_two_people_in_a_channel_each_the_page_asks_which(
        self, page: Page, kiosk: Kiosk, tmp_path: Path
    ) -> None:
        soundfile.write(tmp_path / "both.wav", np.stack([voice(0), voice(1)], axis=1), RATE)
        page.set_input_files("#files", tmp_path / "both.wav")
        state(page, "result")
        rows = page.locator(".rows .row")
        expect(rows).to_have_count(2)
        expect(rows.first).to_contain_text(f"both.wav · {TEXTS['speaker'][0].format(n=1)}")
        expect(page.locator("#note")).to_contain_text(TEXTS["speakers"][0])
        rows.last.click()
        expect(page.locator("#note")).to_contain_text(TEXTS["speaker"][0].format(n=2))
        assert nothing_left(kiosk)

    def test_speech_behind_a_minute_of_silence_is_found_and_the_page_says_where(
        self, page: Page, tmp_path: Path
    ) -> None:
        soundfile.write(tmp_path / "late.wav", np.concatenate([np.zeros(70 * RATE), voice(0)]), RATE)
        page.set_input_files("#files", tmp_path / "late.wav")
        state(page, "result")
        expect(page.locator("#note")).to_contain_text(TEXTS["later"][0].format(n=4, s=70))

    @pytest.mark.parametrize("make", ["photograph", "nothing", "silence", "syllable", "torn"])
    def test_a_bad_file_gives_one_sentence(self, page: Page, kiosk: Kiosk, tmp_path: Path, make: str) -> None:
        file = tmp_path / "voice.wav"
        BAD[make](file)
        page.set_input_files("#files", file)
        problem(page, "no_speech" if make in ("silence", "syllable") else "unreadable")
        assert "Traceback" not in page.content()
        expect(faces(page)).to_have_count(0)
        assert nothing_left(kiosk)

    def test_a_bad_file_leaves_the_result_before_it_on_the_page(self, page: Page, tmp_path: Path) -> None:
        upload_voice(page)
        BAD["photograph"](tmp_path / "voice.wav")
        page.set_input_files("#files", tmp_path / "voice.wav")
        problem(page, "unreadable")
        state(page, "result")
        expect(faces(page).last).to_be_visible()


def torn(file: Path) -> None:
    file.write_bytes(EXAMPLES[0].read_bytes()[:30])


BAD: dict[str, Callable[[Path], None]] = {
    "photograph": lambda file: Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save(file, "JPEG"),
    "nothing": lambda file: file.write_bytes(b"") and None,
    "silence": lambda file: soundfile.write(file, np.zeros(3 * RATE), RATE),
    "syllable": lambda file: soundfile.write(
        file, soundfile.read(EXAMPLES[0], frames=RATE // 5, start=RATE)[0], RATE
    ),
    "torn": torn,
}


class TestNoise:
    def test_every_control_redraws_in_place_and_shows_the_comparison(self, page: Page) -> None:
        upload_voice(page)
        voice, noise = drawn(faces(page).last), drawn(faces(page, "noise").last)
        for change in (
            lambda: page.click("#kinds [data-value=hum]"),
            lambda: page.fill("#snr", "10"),
            lambda: page.click(".switch"),
        ):
            change()
            becomes_other(faces(page, "noise").last, noise)
            noise = drawn(faces(page, "noise").last)
        becomes_same(faces(page).last, voice)
        expect(page.locator("#hero .portrait")).to_have_count(2)
        expect(page.locator("#hero .mix .cap")).to_contain_text(TEXTS["hum_noise"][0])
        expect(page.locator("#noise-help")).to_have_text(TEXTS["noisealonehelp"][0])
        expect(page.locator("#snr")).to_be_disabled()

    def test_the_critic_tells_the_voice_from_the_noise_that_buries_it(self, page: Page) -> None:
        upload_voice(page)
        noise = drawn(faces(page, "noise").last)
        page.click(".switch")
        becomes_other(faces(page, "noise").last, noise)
        scores, bars = (
            [read(page.locator(f"#strip-{kind} .score").last) for kind in ("voice", "noise")]
            for read in (score_of, bar_of)
        )
        assert scores[0] > scores[1]
        assert bars[0] > bars[1] + 0.1

    def test_noise_alone_needs_no_voice(self, page: Page) -> None:
        page.click(".switch")
        expect(faces(page, "noise")).to_have_count(5)
        expect(faces(page)).to_have_count(0)
        expect(page.locator("#hero .mix canvas")).to_be_visible()
        expect(page.locator("#idle")).to_be_visible()

    def test_a_clip_of_ones_own_can_be_the_noise(self, page: Page, kiosk: Kiosk) -> None:
        upload_voice(page)
        noise = drawn(faces(page, "noise").last)
        with page.expect_file_chooser() as chooser:
            page.click("#kinds [data-value=own]")
        chooser.value.set_files(EXAMPLES[2])
        expect(page.locator("#hero .mix .cap")).to_contain_text(TEXTS["own_noise"][0])
        becomes_other(faces(page, "noise").last, noise)
        assert nothing_left(kiosk)

    def test_the_mix_can_be_played_and_stopped(self, page: Page) -> None:
        expect(page.locator("#play")).to_be_disabled()
        upload_voice(page)
        page.click("#play")
        expect(page.locator("#play")).to_have_text(TEXTS["stopplay"][0])
        page.click("#play")
        expect(page.locator("#play")).to_have_text(TEXTS["play"][0])

    def test_the_noise_study_is_figure_2(self, page: Page) -> None:
        page.click("#study")
        expect(page.locator("#study-grid canvas")).to_have_count(4 * 5)
        page.click("#study-close")
        expect(page.locator("#study-page")).to_be_hidden()
        upload_voice(page)
        page.click("#study")
        expect(page.locator("#study-grid tr.voice canvas").last).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator("#study-page")).to_be_hidden()
        state(page, "result")


class TestPlay:
    def test_other_faces_of_a_voice(self, page: Page) -> None:
        upload_voice(page)
        own = drawn(page.locator("#hero canvas"))
        page.click("#others")
        expect(page.locator(".other canvas")).to_have_count(6)
        assert drawn(page.locator(".other canvas").first) == own
        page.click(".other >> nth=3")
        becomes_other(page.locator("#hero canvas"), own)
        page.click("#others")
        becomes_same(page.locator("#hero canvas"), own)

    def test_between_this_voice_and_the_one_before(self, page: Page) -> None:
        upload_voice(page)
        before = drawn(page.locator("#hero canvas"))
        page.set_input_files("#files", EXAMPLES[2])
        becomes_other(page.locator("#hero canvas"), before)
        own = drawn(page.locator("#hero canvas"))
        page.click("#between")
        becomes_same(page.locator("#hero .portrait:last-child canvas"), before)
        becomes_same(page.locator("#hero .portrait:first-child canvas"), own)
        page.fill("#walk", page.locator("#walk").get_attribute("max") or "")
        becomes_same(page.locator("#hero .portrait:first-child canvas"), before)

    def test_the_log_mel_on_request(self, page: Page) -> None:
        upload_voice(page)
        page.click("#logmel")
        expect(page.locator("#logmel-picture")).to_be_visible()
        page.click("#logmel")
        expect(page.locator("#logmel-picture")).to_be_hidden()
