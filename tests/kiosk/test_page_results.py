"""What the page shows in a real browser: of uploads, in noise, and what can be played with."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.kiosk.conftest import Kiosk, Watched
from tests.kiosk.looking import (
    becomes_other,
    becomes_same,
    drawn,
    faces,
    look_inside,
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
    sound, rate = soundfile.read(EXAMPLES[0], frames=6 * RATE, always_2d=True)
    if file.suffix == ".m4a":
        return encode(file, sound, rate)
    soundfile.write(file, sound, rate)
    return file


class TestUploads:
    @pytest.mark.parametrize("kind", ["mp3", "ogg", "m4a"])  # other tests upload WAV and FLAC
    def test_every_format_gives_a_strip(self, page: Page, kiosk: Kiosk, tmp_path: Path, kind: str) -> None:
        page.set_input_files("#files", convert(tmp_path / f"voice.{kind}"))
        state(page, "result")
        expect(faces(page).nth(3)).to_be_visible()
        expect(faces(page, "noise").nth(3)).to_be_visible()
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


@pytest.fixture(scope="class")
def heard(context: BrowserContext, kiosk: Kiosk) -> Iterator[Page]:
    """A page with a result, for tests that only look at it or turn its knobs."""
    watched = Watched(context.new_page(), kiosk)
    upload_voice(watched.page)
    yield watched.page
    watched.close()


class TestNoise:
    def test_every_control_redraws_in_place_and_shows_the_comparison(self, heard: Page) -> None:
        voice, noise = drawn(faces(heard).last), drawn(faces(heard, "noise").last)
        for change in (
            lambda: heard.click("#kinds [data-value=hum]"),
            lambda: heard.fill("#snr", "10"),
            lambda: heard.fill("#snr", "14"),
        ):
            change()
            becomes_other(faces(heard, "noise").last, noise)
            noise = drawn(faces(heard, "noise").last)
        becomes_same(faces(heard).last, voice)
        expect(heard.locator("#hero .portrait")).to_have_count(2)
        expect(heard.locator("#hero .mix .cap")).to_contain_text(TEXTS["hum_noise"][0])
        expect(heard.locator("#noise-help")).to_have_text(TEXTS["noisealonehelp"][0])

    def test_a_face_is_revealed_once(self, page: Page) -> None:
        revealing = """() => document.querySelector("#hero").getAnimations({ subtree: true })
            .filter(({ animationName, playState }) => animationName === "reveal" && playState === "running").length"""
        upload_voice(page)
        page.wait_for_function(f"({revealing})() === 0")
        page.fill("#snr", "2")
        expect(page.locator("#hero .portrait")).to_have_count(2)
        assert page.evaluate(revealing) == 0, "not again when noise is put beside it"

    def test_the_large_face_follows_the_slider_at_once_and_the_strip_when_it_rests(self, heard: Page) -> None:
        began = heard.evaluate("performance.now()")
        heard.fill("#snr", "3")
        expect(heard.locator("#strip-noise")).to_have_class(re.compile("stale"))
        marks = """began => performance.getEntriesByType("mark").filter(({ name, startTime }) =>
            name.startsWith("v2f-noise") && startTime > began).map(({ name }) => name)"""
        heard.wait_for_function(f"began => ({marks})(began).includes('v2f-noise-strip')", arg=began)
        assert heard.evaluate(marks, began) == [f"v2f-noise-{what}" for what in ("asked", "shown", "strip")]
        expect(heard.locator("#strip-noise")).not_to_have_class(re.compile("stale"))

    def test_there_is_nothing_between_the_least_ratio_and_noise_alone(self, heard: Page) -> None:
        heard.fill("#snr", "10")
        for key, ratio in (("ArrowRight", ""), ("ArrowLeft", "−10 dB")):
            heard.press("#snr", key)
            expect(heard.locator("#snr-out")).to_have_text(ratio)
        heard.press("#snr", "End")
        expect(heard.locator("#noise-title")).to_have_text(TEXTS["noisealone"][0])

    def test_babble_says_that_it_is_made_of_voices(self, heard: Page) -> None:
        heard.click("#kinds [data-value=babble]")
        expect(heard.locator("#noise-help")).to_have_text(TEXTS["babblehelp"][0])

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
        upload_voice(page)
        page.click("#play")
        expect(page.locator("#play")).to_have_text(TEXTS["stopplay"][0])
        page.click("#play")
        expect(page.locator("#play")).to_have_text(TEXTS["play"][0])


class TestInside:
    """What is for teachers, behind one button."""

    def test_other_faces_of_a_voice(self, heard: Page) -> None:
        own = drawn(heard.locator("#hero canvas"))
        look_inside(heard, "others")
        large = heard.locator("#others-large canvas")
        becomes_same(large, own)
        if heard.locator(".other").count() == 1:  # by weights that do not tell how sure their model is
            expect(heard.locator("#others-help")).to_have_text(TEXTS["othersunknown"][0])
        else:
            expect(heard.locator(".other canvas")).to_have_count(6)
            heard.click(".other >> nth=3")
            becomes_other(large, own)

    def test_how_settled_a_face_is(self, heard: Page) -> None:
        look_inside(heard, "settled")
        told = heard.locator("#dots .on").count()  # by weights that tell how sure their model is
        expect(heard.locator("#settledhelp")).to_have_text(
            TEXTS["settledhelp" if told else "settledunknown"][0]
        )
        assert told == 0 or told >= 4

    def test_why_a_face_is_as_it_is_and_what_it_would_be_at_another_pitch(self, heard: Page) -> None:
        look_inside(heard, "why")
        expect(heard.locator(".why-numbers i")).to_have_count(64)
        expect(heard.locator(".why-steps canvas")).to_have_count(4)
        expect(heard.locator(".why-right")).to_contain_text("of 100")
        heard.click(".why-pitch")
        expect(heard.locator(".why-tries canvas")).to_have_count(3)
        heard.keyboard.press("Escape")
        expect(heard.locator("#inside")).to_be_hidden()
        state(heard, "result")

    def test_between_this_voice_and_the_one_before_which_is_named(self, page: Page) -> None:
        upload_voice(page)
        before = drawn(page.locator("#hero canvas"))
        page.set_input_files("#files", EXAMPLES[2])
        becomes_other(page.locator("#hero canvas"), before)
        own = drawn(page.locator("#hero canvas"))
        section = look_inside(page, "between")
        becomes_same(section.locator("canvas").first, own)
        becomes_same(section.locator("canvas").last, before)
        expect(section).to_contain_text(EXAMPLES[1].name)
        page.fill("#walk", page.locator("#walk").get_attribute("max") or "")
        becomes_same(section.locator("canvas").nth(1), before)

    def test_what_the_network_hears(self, heard: Page) -> None:
        section = look_inside(heard, "hears")
        expect(section.locator("#logmel-axis")).to_have_text("10 s")
        expect(section.get_by_role("img")).to_be_visible()

    def test_the_critics_scores_stand_beside_what_voices_and_noises_get(self, heard: Page) -> None:
        section = look_inside(heard, "critic")
        expect(section.locator(".own .num").last).to_have_text(re.compile(r"^[01]\.\d{2,4}$"))
        expect(section).to_contain_text(TEXTS["criticvoices"][0])
        left, right = (section.locator(f".{kind}").bounding_box() for kind in ("noises", "voices"))
        assert left and right and left["x"] < right["x"], "the critic tells noises from voices"

    def test_the_noise_study_is_figure_2(self, heard: Page) -> None:
        look_inside(heard, "study")
        expect(heard.locator("#study-grid canvas")).to_have_count(5 * 5)
        heard.keyboard.press("Escape")
        expect(heard.locator("#inside")).to_be_hidden()
        state(heard, "result")
