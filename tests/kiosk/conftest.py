"""The page as a visitor meets it: app.py in a process of its own, and a Chromium with a voice for a microphone."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.support.browser import (
    EXAMPLES,
    PATIENCE,
    REPOSITORY,
    Kiosk,
    NoBrowserError,
    browsing,
    serving,
    visit,
)
from tests.support.sound_card import SoundCard, sound_card
from v2f.audio import SAMPLE_RATE

expect.set_options(timeout=PATIENCE * 1000)

OpenKiosk = Callable[..., Kiosk]  # (*arguments of app.py, environment=None, port=None)
OpenBrowser = Callable[[str], Browser]  # (microphone)
OpenPage = Callable[..., Page]  # (kiosk=the shared one, microphone="voice", script=None)


@pytest.fixture(scope="session")
def weights(random_weights: Path) -> Path:
    """The bundled model once there is one."""
    bundled = REPOSITORY / "assets" / "v2f-demo.safetensors"
    return bundled if bundled.exists() else random_weights


@pytest.fixture(scope="session")
def open_kiosk(weights: Path) -> Iterator[OpenKiosk]:
    """Starts a kiosk of one's own on a free port; all are stopped at the end."""
    with ExitStack() as started:

        def start(
            *arguments: str, environment: dict[str, str] | None = None, port: int | None = None
        ) -> Kiosk:
            command = ("--weights", str(weights), *arguments)
            return started.enter_context(serving(*command, environment=environment, port=port))

        yield start


@pytest.fixture(scope="session")
def kiosk(open_kiosk: OpenKiosk) -> Kiosk:
    """The kiosk that most tests share."""
    return open_kiosk()


@pytest.fixture(scope="session")
def impatient(open_kiosk: OpenKiosk) -> Kiosk:
    """A kiosk whose visitors are forgotten after four seconds."""
    return open_kiosk("--idle-seconds", "4")


@pytest.fixture(scope="session")
def listening(open_kiosk: OpenKiosk) -> Iterator[tuple[Kiosk, SoundCard]]:
    """A kiosk that records at this machine, where somebody speaks without an end, and the card that it hears."""
    with sound_card() as card, card.playing(EXAMPLES[1]):
        yield open_kiosk("--microphone", "local", environment=card.environment), card


def sound(name: str) -> np.ndarray:
    """What a microphone hears over and over, float64 at 16 kHz; a loud voice is one too near to it.

    Knocks stay what they are when a busy machine drops pieces of the sound; gaps in a hum would be clicks, and voice.
    """
    voice, rate = soundfile.read(EXAMPLES[0])
    knock = 0.05 * np.sin(2 * np.pi * 1000 * np.arange(rate // 300) / rate)
    knocks = np.zeros_like(voice)
    for start in range(0, voice.size - 3 * rate, 4 * rate):
        knocks[start : start + knock.size] = knock
    return {
        "voice": voice,
        "silence": np.zeros_like(voice),
        "knocks": knocks,
        "loud": np.clip(voice * 2 / np.abs(voice).max(), -1, 1),
    }[name]


@pytest.fixture(scope="session")
def open_browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBrowser]:
    """Debian's Chromium: one that hears a `sound`, has no microphone ("none") or may not use it ("refused")."""
    folder = tmp_path_factory.mktemp("microphones")
    try:
        with browsing() as launch:

            @cache
            def start(microphone: str) -> Browser:
                if microphone == "none":
                    return launch(None, environment={"PULSE_SERVER": "none"})
                path = folder / f"{microphone}.wav"
                heard = sound("voice" if microphone == "refused" else microphone)
                soundfile.write(path, heard, SAMPLE_RATE, "PCM_16")
                return launch(path, refused=microphone == "refused")

            yield start
    except NoBrowserError as error:
        pytest.skip(str(error))


def visitor(browser: Browser) -> BrowserContext:
    """A browser profile of one's own, on a screen like the booth's."""
    context = browser.new_context(viewport={"width": 1920, "height": 1080})
    context.set_default_timeout(PATIENCE * 1000)
    return context


@pytest.fixture(scope="session")
def context(open_browser: OpenBrowser) -> BrowserContext:
    """One cache for the pages of most tests; every page is a visitor of its own all the same."""
    return visitor(open_browser("voice"))


class Watched:
    """A page and all that its browser asks for on its behalf."""

    def __init__(self, page: Page, kiosk: Kiosk) -> None:
        self.page = page
        self._host = urlsplit(kiosk.address).netloc
        self._asked: set[str] = set()
        self._errors: list[str] = []
        page.on("request", lambda request: self._asked.add(request.url))
        page.on("websocket", lambda socket: self._asked.add(socket.url))
        page.on("pageerror", lambda error: self._errors.append(str(error)))
        visit(page, kiosk.address)

    def close(self) -> None:
        """Close it. Whatever its visitor did, it asked only the kiosk for things, and no error was left over."""
        self.page.close()
        parts = [urlsplit(url) for url in self._asked]
        assert {part.netloc for part in parts if part.scheme not in ("data", "blob")} == {self._host}
        assert self._errors == []


@pytest.fixture
def page(context: BrowserContext, kiosk: Kiosk) -> Iterator[Page]:
    """The page, opened by a visitor of the shared kiosk."""
    watched = Watched(context.new_page(), kiosk)
    yield watched.page
    watched.close()


@pytest.fixture
def open_page(open_browser: OpenBrowser, request: pytest.FixtureRequest) -> Iterator[OpenPage]:
    """Opens a page for another visitor, in a browser profile of their own; `script` runs before the page's."""
    opened: list[Watched] = []

    def start(kiosk: Kiosk | None = None, microphone: str = "voice", script: str | None = None) -> Page:
        page = visitor(open_browser(microphone)).new_page()
        if script:
            page.add_init_script(script)
        opened.append(Watched(page, kiosk or request.getfixturevalue("kiosk")))
        return page

    yield start
    for watched in opened:
        watched.close()
        watched.page.context.close()
