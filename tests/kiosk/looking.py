"""How tests look at the page: its states, its faces, its words, and what it has left on the disk."""

import time
from base64 import b64decode
from collections.abc import Callable
from io import BytesIO

import numpy as np
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.kiosk.conftest import Kiosk
from tests.support.browser import EXAMPLES, PATIENCE
from v2f.kiosk.texts import TEXTS

DURATIONS = (1, 2, 3, 5, 10)  # seconds
ROUNDING = 2  # grey levels, by which a face of a batch and the same by itself may differ here and there


def state(page: Page, name: str) -> None:
    expect(page.locator(f".booth[data-state={name}]")).to_be_visible()


def faces(page: Page, strip: str = "voice") -> Locator:
    return page.locator(f"#strip-{strip} canvas")


def problem(page: Page, key: str, column: int = 0) -> None:
    expect(page.locator("#err-title")).to_have_text(TEXTS[f"e_{key}"][column])
    expect(page.locator("#err-text")).to_have_text(TEXTS[f"e_{key}2"][column])


def speak_for(page: Page, seconds: int) -> None:
    page.select_option("#durations", str(seconds))


def choose_language(page: Page, language: str) -> None:
    page.select_option("#languages", language)


def play_example(page: Page, number: int) -> None:
    page.click("#from-file")
    page.click(f".clip >> nth={number}")


def look_inside(page: Page, section: str) -> Locator:
    """Open the dialog, if it is not yet, at one of its sections."""
    if not page.locator("#inside").is_visible():
        page.click("#look-inside")
    page.click(f"#tab-{section}")
    return page.locator(f"#inside-{section}")


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
    """But for rounding."""
    becomes(picture, lambda now: np.abs(pixels(now) - pixels(other)).max() <= ROUNDING)


def pixels(drawing: str) -> np.ndarray:
    """What was drawn, int16 [height, width, 4]."""
    return np.asarray(Image.open(BytesIO(b64decode(drawing.partition(",")[2]))), np.int16)


def nothing_left(kiosk: Kiosk) -> bool:
    """Whether the kiosk's disk is empty, now or within moments: faces are shown when the file is gone."""
    for _ in range(50):
        if not kiosk.files():
            return True
        time.sleep(0.1)
    return False
