"""A visit as a short moving picture, for the README: a real recording, heard and drawn by a real browser.

A visitor comes, speaks for ten seconds, looks at the faces, and drowns the voice in noise.
"""

import io
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from PIL import Image

from benchmarks.kiosk import drag
from tests.support import clips
from tests.support.browser import PATIENCE, BenchError, browsing, open_page, serving

if TYPE_CHECKING:
    from playwright.sync_api import Page

SCREEN = {"width": 1440, "height": 810}
SIZE = (960, 540)  # pixels of the picture
MOST_BYTES = 3_000_000
PER_SECOND = 8  # pictures
QUALITIES = (85, 75, 65, 55, 45, 35)  # of WebP, of which the best is taken that fits
BEFORE_SECONDS, AFTER_SECONDS, END_SECONDS = 2, 4, 3
JPEG_QUALITY = 90  # of frames on their way from the browser


@dataclass(frozen=True)
class Frame:
    """What the page looked like from `at` on, in seconds; `picture` is a JPEG file."""

    at: float
    picture: bytes


def take(out: Path, weights: str | None = None) -> None:
    """Write the moving picture, a WebP file. Raises BenchError where it cannot be taken or made small enough."""
    arguments = ["--weights", weights] if weights else []
    with TemporaryDirectory() as folder, serving(*arguments) as kiosk, browsing() as launch:
        browser = launch(clips.microphone(Path(folder)))
        page = open_page(browser.new_context(viewport=SCREEN), kiosk.address)  # type: ignore[arg-type]
        frames = filmed(page)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(encoded(thinned(frames)))


def filmed(page: "Page") -> list[Frame]:
    """The page during a visit: a frame whenever something on it has changed, and one at the end."""
    frames: list[Frame] = []
    devtools = page.context.new_cdp_session(page)

    def keep(event: dict[str, Any]) -> None:
        frames.append(Frame(event["metadata"]["timestamp"], b64decode(event["data"])))
        devtools.send("Page.screencastFrameAck", {"sessionId": event["sessionId"]})

    devtools.on("Page.screencastFrame", keep)
    devtools.send("Page.startScreencast", {"format": "jpeg", "quality": JPEG_QUALITY})
    visit(page)
    devtools.send("Page.stopScreencast")
    if not frames:
        raise BenchError("The browser gave no pictures of the page.")
    return [*frames, Frame(frames[-1].at + 1 / PER_SECOND, frames[-1].picture)]


def visit(page: "Page") -> None:
    page.wait_for_timeout(1000 * BEFORE_SECONDS)
    page.click("#rec")
    page.wait_for_selector(".booth[data-state=result]", timeout=1000 * PATIENCE)
    page.wait_for_timeout(1000 * AFTER_SECONDS)
    drag(page)
    page.wait_for_timeout(1000 * END_SECONDS)


def thinned(frames: Sequence[Frame]) -> list[Frame]:
    """At most PER_SECOND of the frames in each second, the first and the last among them."""
    kept = [frames[0]]
    for frame in frames[1:-1]:
        if frame.at - kept[-1].at >= 1 / PER_SECOND:
            kept.append(frame)
    return [*kept, frames[-1]]


def encoded(frames: Sequence[Frame]) -> bytes:
    """A WebP file of SIZE that plays the frames over and over, in the best quality that MOST_BYTES allow."""
    pictures = [
        Image.open(io.BytesIO(frame.picture)).convert("RGB").resize(SIZE, Image.Resampling.LANCZOS)
        for frame in frames
    ]
    times = [round(1000 * frame.at) for frame in frames]
    durations = [later - earlier for earlier, later in zip(times, times[1:], strict=False)]
    for quality in QUALITIES:
        file = io.BytesIO()
        pictures[0].save(
            file,
            "WEBP",
            save_all=True,
            append_images=pictures[1:-1],
            duration=durations,
            loop=0,
            quality=quality,
        )
        if file.tell() <= MOST_BYTES:
            return file.getvalue()
    raise BenchError(f"The moving picture has more than {MOST_BYTES / 1e6:.0f} MB even in poor quality.")
