"""A kiosk in a process of its own and a Chromium with a voice for a microphone, for benches and tests alike."""

import http.client
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import create_server
from typing import TYPE_CHECKING

from v2f.errors import V2FError

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

REPOSITORY = Path(__file__).parents[2]
EXAMPLES = sorted((REPOSITORY / "assets" / "examples").glob("*.flac"))  # more than ten seconds of speech each
PATIENCE = 120  # seconds; a machine that is busy with other work loads a page slowly
USABLE = "performance.getEntriesByName('v2f-usable').length > 0"


class BenchError(V2FError):
    """A measurement cannot run here: a program is missing, or the kiosk does not do what all of them need."""


class NoBrowserError(BenchError):
    """Playwright or Chromium is not installed."""


@dataclass(frozen=True)
class Kiosk:
    """A running app.py."""

    process: subprocess.Popen[str]
    port: int
    disk: Path  # the only place where it may keep temporary files
    start_seconds: float  # from the start of its process to its first answer

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def files(self) -> list[Path]:
        """All files that the process has in its temporary folder."""
        return [path for path in self.disk.rglob("*") if path.is_file()]


@contextmanager
def serving(
    *arguments: str, environment: Mapping[str, str] | None = None, port: int | None = None
) -> Iterator[Kiosk]:
    """Run app.py with these arguments, and end it with the context; `environment` is added to ours.

    By default on a free port.

    Raises BenchError when it does not start; what it says about that goes to stderr.
    """
    port = port or free_port()
    with tempfile.TemporaryDirectory(prefix="v2f-bench-") as disk:
        began = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "app.py", "--port", str(port), *arguments],
            cwd=REPOSITORY,
            env={**os.environ, **(environment or {}), "TMPDIR": disk},
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            ask(process, port)
            yield Kiosk(process, port, Path(disk), time.perf_counter() - began)
        finally:
            stop(process)


def free_port() -> int:
    with create_server(("127.0.0.1", 0)) as door:
        return int(door.getsockname()[1])


def ask(process: subprocess.Popen[str], port: int) -> None:
    """Return once the kiosk has answered a request; its port accepts some time before that."""
    assert process.stdout
    if str(port) not in process.stdout.readline():
        raise BenchError("app.py does not start here: try python app.py, which says why.")
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", "/")
        connection.getresponse().read()
    except OSError as error:
        raise BenchError("app.py started but does not answer.") from error
    finally:
        connection.close()


def stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def browsing() -> Iterator["Callable[..., Browser]"]:
    """Gives `launch`, see below; every browser it started is closed with the context.

    Raises NoBrowserError where there is none, BenchError where a page does not do what the context's body expects.
    """
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError as error:
        raise NoBrowserError("Playwright is missing: pip install -r requirements-dev.txt.") from error
    program = shutil.which("chromium")
    if program is None:
        raise NoBrowserError("Chromium is missing: install it with apt-get install chromium.")
    with sync_playwright() as playwright, ExitStack() as started:

        def launch(
            microphone: Path | None, refused: bool = False, environment: Mapping[str, str] | None = None
        ) -> "Browser":
            """Debian's Chromium, headless.

            Its microphone plays a PCM16 WAV over and over, in real time and for every recording from the
            beginning; None: the machine's own microphones, if any. `refused`: the visitor allows none.
            `environment` is added to ours.
            """
            flags = ["--headless=new", "--no-sandbox", "--disable-background-networking"]
            flags.append("--use-fake-ui-for-media-stream" + ("=deny" if refused else ""))
            if microphone:
                flags += [
                    "--use-fake-device-for-media-stream",
                    f"--use-file-for-fake-audio-capture={microphone}",
                ]
            browser = playwright.chromium.launch(
                executable_path=program, args=flags, env={**os.environ, **(environment or {})}
            )
            started.callback(browser.close)
            return browser

        try:
            yield launch
        except Error as error:
            raise BenchError(f"The page does not do what it should: {str(error).splitlines()[0]}") from error


def open_page(context: "BrowserContext", address: str) -> "Page":
    """The kiosk's page, once a visitor can use it."""
    page = context.new_page()
    visit(page, address)
    return page


def visit(page: "Page", address: str) -> None:
    """Go to the kiosk's page and wait until it can be used."""
    page.goto(address, timeout=PATIENCE * 1000)
    page.wait_for_function(USABLE, timeout=PATIENCE * 1000)
    page.locator("#rec").wait_for(timeout=PATIENCE * 1000)
