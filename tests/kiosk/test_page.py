"""The page in a real browser: what a visitor does, sees, and leaves behind (nothing)."""

import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image
from playwright.sync_api import Locator, Page, Request, Response, expect

from tests.kiosk.conftest import Kiosk, OpenKiosk, OpenPage
from tests.sound_card import sound_card
from v2f.bench.browser import EXAMPLES, PATIENCE
from v2f.kiosk.texts import LANGUAGES, TEXTS

RATE = 16_000
DURATIONS = (1, 2, 3, 5, 10)
SPANISH = LANGUAGES.index("es")


def state(page: Page, name: str) -> None:
    expect(page.locator(f".booth[data-state={name}]")).to_be_visible()


def faces(page: Page, strip: str = "voice") -> Locator:
    return page.locator(f"#strip-{strip} canvas")


def problem(page: Page, key: str, column: int = 0) -> None:
    expect(page.locator("#err-title")).to_have_text(TEXTS[f"e_{key}"][column])
    expect(page.locator("#err-text")).to_have_text(TEXTS[f"e_{key}2"][column])


def upload_voice(page: Page) -> None:
    page.set_input_files("#files", EXAMPLES[1])  # the first one's faces are those that greet whoever comes
    state(page, "result")
    expect(faces(page, "noise").last).to_be_visible()


def drawn(picture: Locator) -> str:
    """What a canvas shows, as something to compare."""
    return picture.evaluate("canvas => canvas.toDataURL()")


def becomes(picture: Locator, wanted: Callable[[str], bool]) -> None:
    for _ in range(PATIENCE * 10):
        if wanted(drawn(picture)):
            return
        picture.page.wait_for_timeout(100)
    raise AssertionError("the picture stays as it was")


def becomes_other(picture: Locator, before: str) -> None:
    becomes(picture, lambda now: now != before)


def becomes_same(picture: Locator, other: str) -> None:
    becomes(picture, lambda now: now == other)


def nothing_left(kiosk: Kiosk) -> bool:
    """Whether the kiosk's disk is empty, now or within moments: faces are shown when the file is gone."""
    for _ in range(50):
        if not kiosk.files():
            return True
        time.sleep(0.1)
    return False


class TestRecording:
    @pytest.mark.parametrize("seconds", DURATIONS)
    def test_it_stops_by_itself_at_the_length_chosen(self, page: Page, kiosk: Kiosk, seconds: int) -> None:
        page.click(f"#durations [data-value='{seconds}']")
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
        page.click("#rec")
        expect(page.locator("#strip-voice [data-seconds='2']")).to_have_class(re.compile("seen"))
        state(page, "recording")
        first = drawn(page.locator("#hero canvas"))
        becomes_other(page.locator("#hero canvas"), first)
        expect(page.locator("#dots .on")).to_have_count(0)  # what is final is not known yet
        assert int(page.locator("#meter").get_attribute("aria-valuenow") or 0) > 0
        state(page, "result")
        assert page.locator("#dots .on").count() >= 4
        live = page.evaluate("performance.getEntriesByName('v2f-live').map(mark => mark.startTime)")
        assert len(live) > 20

    def test_the_microphone_is_released_and_unprocessed(self, page: Page) -> None:
        page.evaluate("""() => {
            const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
            navigator.mediaDevices.getUserMedia = async wish => {
              window.wish = wish; window.stream = await ask(wish); return window.stream; };
        }""")
        page.click("#durations [data-value='1']")
        page.click("#rec")
        page.wait_for_function("['result', 'error'].includes(document.querySelector('.booth').dataset.state)")
        assert page.evaluate("window.stream.getTracks().every(track => track.readyState === 'ended')")
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
        page.click(".clip >> nth=1")
        state(page, "recording")
        expect(page.locator("#note")).to_contain_text(TEXTS["ex2"][0])
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
        page.wait_for_timeout(4000)
        page.click("#fallback .stop-button >> visible=true")
        state(page, "result")
        expect(faces(page).nth(1)).to_be_visible()


class TestBoothMicrophone:
    """Recording by the machine that serves the page; the browser has no microphone of its own."""

    def test_it_is_heard_as_a_browsers_is_by_one_visitor_at_a_time(
        self, open_kiosk: OpenKiosk, open_page: OpenPage
    ) -> None:
        if not shutil.which("pulseaudio"):
            pytest.skip("no pulseaudio is installed")
        with sound_card() as card, card.playing(EXAMPLES[1]):
            kiosk = open_kiosk("--microphone", "local", environment=card.environment)
            page, other = open_page(kiosk, microphone="none"), open_page(kiosk, microphone="none")
            page.click("#durations [data-value='5']")
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
            other.keyboard.press("Escape")
            page.click("#rec")
            state(page, "recording")
            page.click("#rec")
            card.unplug()

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
        state(page, "result")

    def test_permission_refused(self, open_page: OpenPage) -> None:
        page = open_page(microphone="refused")
        page.click("#rec")
        problem(page, "permission")
        page.click("#retry")
        problem(page, "permission")

    def test_silence_is_too_quiet_and_is_said_while_it_is_recorded(self, open_page: OpenPage) -> None:
        page = open_page(microphone="silence")
        page.click("#durations [data-value='10']")
        page.click("#rec")
        expect(page.locator("#prompt")).to_have_text(TEXTS["h_quiet"][0])
        problem(page, "quiet")

    def test_noise_is_no_voice(self, open_page: OpenPage) -> None:
        page = open_page(microphone="hum")
        page.click("#durations [data-value='10']")
        page.click("#rec")
        expect(page.locator("#prompt")).to_have_text(TEXTS["h_no_speech"][0])
        problem(page, "no_speech")

    def test_a_clipped_voice_is_told_to_step_back(self, open_page: OpenPage) -> None:
        page = open_page(microphone="loud")
        page.click("#durations [data-value='10']")
        page.click("#rec")
        expect(page.locator("#prompt")).to_have_text(TEXTS["h_loud"][0])
        expect(page.locator("#meter")).to_have_class(re.compile("clipping"))

    def test_a_server_that_is_gone(self, open_kiosk: OpenKiosk, open_page: OpenPage) -> None:
        kiosk = open_kiosk()
        page = open_page(kiosk)
        kiosk.process.kill()
        kiosk.process.wait()
        page.click("#rec")
        problem(page, "offline")


def convert(file: Path) -> Path:
    """Another format of the example, made by ffmpeg."""
    subprocess.run(["ffmpeg", "-loglevel", "error", "-i", str(EXAMPLES[0]), str(file)], check=True)
    return file


class TestUploads:
    @pytest.mark.parametrize("kind", ["wav", "mp3", "ogg", "m4a", "flac"])
    def test_every_format_gives_a_strip(self, page: Page, kiosk: Kiosk, tmp_path: Path, kind: str) -> None:
        if not shutil.which("ffmpeg"):
            pytest.skip("no ffmpeg is installed")
        page.set_input_files("#files", convert(tmp_path / f"voice.{kind}"))
        state(page, "result")
        expect(faces(page).nth(3)).to_be_visible()
        expect(faces(page, "noise").nth(3)).to_be_visible()
        expect(page.locator("#strip-voice .num").last).to_have_text(re.compile(r"^[01]\.\d\d$"))
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


class TestForgetting:
    def test_save_gives_a_picture_and_keeps_nothing(self, page: Page, kiosk: Kiosk, tmp_path: Path) -> None:
        upload_voice(page)
        with page.expect_download() as download:
            page.click("#save")
        download.value.save_as(tmp_path / "sheet.png")
        assert re.fullmatch(r"v2f-\d{4}-\d\d-\d\d\.png", download.value.suggested_filename)
        sheet = np.asarray(Image.open(tmp_path / "sheet.png").convert("RGB"))
        assert sheet.shape[1] == 1600 and len(np.unique(sheet.reshape(-1, 3), axis=0)) > 1000
        assert nothing_left(kiosk)

    def test_forget_leaves_no_audio_and_no_face_anywhere(self, page: Page, kiosk: Kiosk) -> None:
        stored, overheard = browser_storage(page), Overheard(page)
        page.click("#durations [data-value='2']")
        page.click("#rec")
        state(page, "result")
        upload_voice(page)
        page.click("#others")
        expect(page.locator(".other canvas")).to_have_count(6)
        page.click("#logmel")
        expect(page.locator("#logmel-picture")).to_be_visible()
        assert len(overheard.faces) > 10 and remains(page, overheard.faces)
        page.click("#forget")
        state(page, "attract")
        expect(page.locator("#strip-voice canvas, #strip-noise canvas, .other canvas")).to_have_count(0)
        assert remains(page, overheard.faces) == []
        assert browser_storage(page) == stored
        assert overheard.visits_on_the_server() == []
        assert nothing_left(kiosk)

    def test_the_idle_reset_does_the_same_by_itself(self, open_kiosk: OpenKiosk, open_page: OpenPage) -> None:
        kiosk = open_kiosk("--idle-seconds", "4")
        page = open_page(kiosk)
        expect(page.locator("#idle")).to_be_hidden()
        overheard = Overheard(page)
        upload_voice(page)
        expect(page.locator("#idle b")).to_have_text(re.compile("0:0[1-4]"))
        state(page, "attract")
        expect(page.locator("#strip-voice canvas, #strip-noise canvas")).to_have_count(0)
        assert remains(page, overheard.faces) == []
        assert overheard.visits_on_the_server() == []
        assert nothing_left(kiosk)

    def test_a_touch_starts_the_countdown_anew(self, open_kiosk: OpenKiosk, open_page: OpenPage) -> None:
        page = open_page(open_kiosk("--idle-seconds", "4"))
        upload_voice(page)
        for _ in range(6):
            page.wait_for_timeout(1000)
            page.keyboard.press("Shift")
        state(page, "result")

    def test_two_visitors_never_see_each_others_face(self, page: Page, open_page: OpenPage) -> None:
        other = open_page()
        mine, others = Overheard(page), Overheard(other)
        page.click("#rec")
        other.click(".clip >> nth=1")
        for visitor in (page, other):
            state(visitor, "result")
            expect(faces(visitor, "noise").nth(3)).to_be_visible()
        assert len(mine.faces) > 10 and len(others.faces) > 10
        assert not mine.faces & others.faces


def browser_storage(page: Page) -> str:
    return page.evaluate("""async () => JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie,
        (await indexedDB.databases()).map(base => base.name), await caches.keys()])""")


def remains(page: Page, seen: set[str]) -> list[str]:
    """What the page's memory still holds of the pictures `seen`, and of any sound, once garbage is collected."""
    devtools = page.context.new_cdp_session(page)
    snapshot: list[str] = []
    devtools.on("HeapProfiler.addHeapSnapshotChunk", lambda event: snapshot.append(event["chunk"]))
    devtools.send("HeapProfiler.collectGarbage")
    devtools.send("HeapProfiler.takeHeapSnapshot", {"reportProgress": False})
    strings = "".join(snapshot)
    left = [f"picture {picture[300:320]}" for picture in seen if picture[300:380] in strings]
    for kind, holds in (
        ("Float32Array", "array => array.some(sample => sample)"),
        (
            "OffscreenCanvas",
            """canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
            .data.some((value, i) => value && i % 4 !== 3)""",
        ),
    ):
        found = devtools.send("Runtime.evaluate", {"expression": f"{kind}.prototype"})["result"]["objectId"]
        alive = devtools.send("Runtime.queryObjects", {"prototypeObjectId": found})["objects"]["objectId"]
        asked = {
            "objectId": alive,
            "functionDeclaration": f"function() {{ return this.filter({holds}).length; }}",
            "returnByValue": True,
        }
        count = devtools.send("Runtime.callFunctionOn", asked)["result"]["value"]
        left += [f"{count} {kind} with something in it"] if count else []
    devtools.detach()
    return left


class Overheard:
    """What a page and the server say to each other: the tokens of visits, and the faces."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._asked: list[Request] = []
        self.faces: set[str] = set()
        page.on("response", self._hear)

    def _hear(self, response: Response) -> None:
        if "/component_server" in response.url:
            self._asked.append(response.request)
            self.faces |= set(re.findall(r"data:image/png;base64,[^\"]+", response.text()))

    def visits_on_the_server(self) -> list[str]:
        """Ask for every token again, as the page did."""
        said = [request.post_data_json for request in self._asked]
        tokens = {ask["data"].get("visit") for ask in said} - {None}
        found = []
        for token in tokens:
            ask = {**said[0], "fn_name": "finish", "data": {"visit": token}}
            answer = self._page.request.post(self._asked[0].url, data=ask).json()
            if answer != {"problem": "gone"}:
                found.append(token)
        assert tokens
        return found


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
            expect(page.locator("#strip-voice .num").last).to_have_text(re.compile(r"^[01],\d\d$"))

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
