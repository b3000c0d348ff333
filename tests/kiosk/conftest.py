"""The page as a visitor meets it: app.py in a process of its own, and a Chromium with a voice for a microphone."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import soundfile
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

REPOSITORY = Path(__file__).parents[2]
EXAMPLES = sorted((REPOSITORY / "assets" / "examples").glob("*.flac"))
PATIENCE = 120  # seconds; a machine that is busy with other work loads a page slowly

expect.set_options(timeout=PATIENCE * 1000)


@dataclass
class Kiosk:
    """A running app.py; `disk` is the only place where it may keep temporary files."""

    process: subprocess.Popen[str]
    port: int
    disk: Path

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def files(self) -> list[Path]:
        """All files that the process has left in its temporary folder."""
        return [path for path in self.disk.rglob("*") if path.is_file()]


@pytest.fixture(scope="session")
def weights(random_weights: Path) -> Path:
    """The bundled model once there is one."""
    bundled = REPOSITORY / "assets" / "v2f-demo.safetensors"
    return bundled if bundled.exists() else random_weights


@pytest.fixture(scope="session")
def open_kiosk(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Kiosk]]:
    """Starts a kiosk of one's own on a free port; all are stopped at the end."""
    started: list[Kiosk] = []

    def start() -> Kiosk:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        disk = tmp_path_factory.mktemp("disk")
        process = subprocess.Popen(
            [sys.executable, "app.py", "--port", str(port), "--weights", str(weights)],
            cwd=REPOSITORY,
            env={**os.environ, "TMPDIR": str(disk)},
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(Kiosk(process, port, disk))
        assert process.stdout and str(port) in process.stdout.readline()
        return started[-1]

    yield start
    for kiosk in started:
        kiosk.process.terminate()
        kiosk.process.wait(PATIENCE)


@pytest.fixture(scope="session")
def kiosk(open_kiosk: Callable[[], Kiosk]) -> Kiosk:
    """The kiosk that most tests share."""
    return open_kiosk()


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Debian's Chromium; somebody reads aloud into its microphone, over and over."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium is installed")
    microphone = tmp_path_factory.mktemp("microphone") / "voice.wav"
    soundfile.write(microphone, *soundfile.read(EXAMPLES[0]), subtype="PCM_16")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium,
            args=[
                "--headless=new",
                "--no-sandbox",
                "--use-fake-ui-for-media-stream",
                "--use-fake-device-for-media-stream",
                f"--use-file-for-fake-audio-capture={microphone}",
                "--disable-background-networking",
            ],
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def context(browser: Browser) -> BrowserContext:
    """One cache for all pages; every page is a visitor of its own all the same."""
    context = browser.new_context(viewport={"width": 1920, "height": 1080})
    context.set_default_timeout(PATIENCE * 1000)
    return context


@pytest.fixture
def page(context: BrowserContext, kiosk: Kiosk) -> Iterator[Page]:
    """The page, opened by a visitor; whatever the visitor does, the browser asks only the kiosk for things."""
    asked: set[str] = set()
    page = context.new_page()
    page.on("request", lambda request: asked.add(request.url))
    page.goto(kiosk.address)
    expect(page.locator("#recorder .record-button")).to_be_visible()
    yield page
    page.close()
    parts = [urlsplit(url) for url in asked]
    hosts = {part.netloc for part in parts if part.scheme not in ("data", "blob")}
    assert hosts == {f"127.0.0.1:{kiosk.port}"}
