"""The page in a real browser: what a visitor does, sees, and leaves behind (nothing)."""

import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.kiosk.conftest import EXAMPLES, PATIENCE, REPOSITORY, Kiosk
from v2f.kiosk import texts

RATE = 16_000


def voice_faces(page: Page) -> Locator:
    return page.locator("#voice-strip img")


def noise_faces(page: Page) -> Locator:
    return page.locator("#noise-strip img")


def upload(page: Page, file: Path) -> None:
    page.set_input_files("#drop input[type=file]", file)


def nothing_left(kiosk: Kiosk) -> bool:
    """Whether the kiosk's disk is empty, now or within moments: faces are shown when the file is gone."""
    for _ in range(50):
        if not kiosk.files():
            return True
        time.sleep(0.1)
    return False


def test_a_recording_gives_a_strip(page: Page, kiosk: Kiosk) -> None:
    page.click("#recorder .record-button")
    expect(page.locator("#recorder time")).to_have_text(re.compile("0:0[4-9]|0:[1-9]"))
    page.click("#recorder .stop-button >> visible=true")
    expect(voice_faces(page).nth(1)).to_be_visible()
    expect(page.locator("#large .voice figcaption")).to_contain_text("Your voice")
    expect(page.locator("#recorder .record-button")).to_be_visible()  # ready for the next
    assert nothing_left(kiosk)


def test_an_uploaded_clip_gives_a_strip_with_its_noise_row(page: Page, kiosk: Kiosk) -> None:
    upload(page, EXAMPLES[0])
    expect(voice_faces(page)).to_have_count(5)
    expect(noise_faces(page)).to_have_count(5)
    expect(page.locator("#large img")).to_have_count(2)
    expect(page.locator("#voice-strip .score").first).to_have_text(re.compile(r"^[01]\.\d\d$"))
    heights = [box["height"] for box in map(Locator.bounding_box, voice_faces(page).all()) if box]
    assert heights == sorted(heights) and heights[-1] > 2 * heights[0]
    assert nothing_left(kiosk)


def test_every_control_redraws_what_it_governs(page: Page) -> None:
    page.click(".example >> nth=0")
    expect(noise_faces(page)).to_have_count(5)
    voice = voice_faces(page).last.get_attribute("src") or ""
    noise = noise_faces(page).last.get_attribute("src") or ""

    page.click("#noise-kind >> text=Hum")
    expect(noise_faces(page).last).not_to_have_attribute("src", noise)
    noise = noise_faces(page).last.get_attribute("src") or ""
    page.fill("#snr input[type=number]", "-10")
    page.press("#snr input[type=number]", "Enter")
    expect(page.locator("#large .noise figcaption")).to_contain_text("-10 dB")
    expect(noise_faces(page).last).not_to_have_attribute("src", noise)
    expect(voice_faces(page).last).to_have_attribute("src", voice)

    page.click("#durations >> text='2 s'")
    expect(voice_faces(page)).to_have_count(4)
    expect(noise_faces(page)).to_have_count(4)


def test_noise_alone_needs_no_voice_and_says_how_it_is_heard(page: Page) -> None:
    page.click("#noise-only label")
    expect(noise_faces(page)).to_have_count(5)
    expect(voice_faces(page)).to_have_count(0)
    expect(page.locator("#noise-title")).to_contain_text(texts.NOISE_ALONE_HELP)


def test_one_visitor_does_not_see_another(page: Page, kiosk: Kiosk) -> None:
    page.click(".example >> nth=0")
    expect(voice_faces(page)).to_have_count(5)
    other = page.context.new_page()
    other.goto(kiosk.address)
    other.click("#noise-only label")
    expect(noise_faces(other)).to_have_count(5)
    expect(voice_faces(other)).to_have_count(0)
    other.close()


def test_forget_returns_to_the_beginning(page: Page) -> None:
    page.click(".example >> nth=0")
    expect(voice_faces(page)).to_have_count(5)
    page.click("#forget")
    expect(page.locator("#headline h1")).to_have_text(texts.HEADLINE)
    expect(page.locator("#main img")).to_have_count(0)


def test_the_page_says_what_the_face_is_and_that_nothing_is_kept(page: Page) -> None:
    expect(page.locator("#privacy")).to_have_text(texts.PRIVACY)


def photograph(file: Path) -> None:
    Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save(file, "JPEG")


def nothing(file: Path) -> None:
    file.write_bytes(b"")


def silence(file: Path) -> None:
    soundfile.write(file, np.zeros(3 * RATE), RATE)


def a_syllable(file: Path) -> None:
    soundfile.write(file, soundfile.read(EXAMPLES[0], frames=RATE // 5, start=RATE)[0], RATE)


@pytest.mark.parametrize("make", [photograph, nothing, silence, a_syllable])
def test_a_bad_file_gives_one_sentence(
    page: Page, kiosk: Kiosk, tmp_path: Path, make: Callable[[Path], None]
) -> None:
    file = tmp_path / "voice.wav"
    make(file)
    upload(page, file)
    alert = page.locator("#headline .alert p")
    expect(alert).to_have_text(re.compile(r"^[^\n]+\.$"))
    assert ". " not in alert.inner_text(), "more than one sentence"
    assert "Traceback" not in page.content()
    expect(voice_faces(page)).to_have_count(0)
    assert nothing_left(kiosk)


def test_three_hours_are_cut_and_the_page_says_where(page: Page, kiosk: Kiosk, tmp_path: Path) -> None:
    voice, rate = soundfile.read(EXAMPLES[0], dtype="int16")
    long = np.resize(voice[::2] // 256, 3 * 3600 * rate // 2).astype(np.int8)
    soundfile.write(tmp_path / "long.wav", long.astype(np.int16) * 256, rate // 2, subtype="PCM_U8")
    upload(page, tmp_path / "long.wav")
    expect(page.locator("#headline .note")).to_have_text(texts.SHORTENED.format(seconds=60))
    expect(page.locator("#large .voice figcaption")).to_contain_text("60.0 s")
    assert nothing_left(kiosk)


def test_a_kiosk_that_stops_takes_its_folder_along(open_kiosk: Callable[[], Kiosk]) -> None:
    kiosk = open_kiosk()
    assert len(list(kiosk.disk.glob("v2f-uploads-*"))) == 1
    kiosk.process.terminate()
    assert kiosk.process.wait(PATIENCE) == 0
    assert not list(kiosk.disk.glob("v2f-uploads-*"))


def failing_start(*arguments: str) -> str:
    """What app.py says on stderr when it cannot start."""
    run = subprocess.run(
        [sys.executable, "app.py", *arguments],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert run.returncode == 1
    return run.stderr


def test_a_taken_port_gives_one_sentence(kiosk: Kiosk, weights: Path) -> None:
    said = failing_start("--port", str(kiosk.port), "--weights", str(weights))
    assert said == texts.PORT_TAKEN.format(host="127.0.0.1", port=kiosk.port) + "\n"


def test_missing_weights_give_one_sentence(tmp_path: Path) -> None:
    said = failing_start("--weights", str(tmp_path / "missing.safetensors"))
    assert said.count("\n") == 1 and "missing.safetensors" in said
