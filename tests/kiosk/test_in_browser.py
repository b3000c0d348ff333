"""The page that needs no server: its files, its faces beside PyTorch's, and that once there it asks for nothing."""

import base64
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
import uvicorn
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.kiosk.conftest import OpenBrowser, visitor
from tests.kiosk.looking import faces, look_inside, problem, speak_for, state
from tests.support.browser import EXAMPLES, PATIENCE
from tests.support.sure_model import sure_uncertainty
from v2f.errors import WeightsError
from v2f.kiosk import in_browser
from v2f.kiosk.browser_texts import BROWSER_TEXTS
from v2f.kiosk.in_browser import PAGE_HEADERS, NoRuntimeError, export
from v2f.kiosk.server import listen, web_server
from v2f.kiosk.static_server import application
from v2f.models import Runtime, load
from v2f.pipeline import VoiceToFace

FIRST_LOAD = 45e6  # bytes at most
RUNTIMES = ("wasm", "webgpu")
ALIKE, FARTHEST = 0.999, 3  # cosine of embeddings, at least; of 255, by which a pixel may differ
NEEDS_RUNTIME = pytest.mark.skipif(not in_browser.VENDOR.is_dir(), reason="`make web` has not run")
START = """async () => {
    const [{ loadNetworks }, { Downloads }, { loadDetector }] = await Promise.all(
        ["runtime", "downloads", "detector"].map(name => import(`/browser/${name}.js`)));
    const { sizes, model } = await (await fetch("/config.json")).json(), downloads = new Downloads(sizes, () => {});
    globalThis.networks = await loadNetworks(downloads, model.check, 1);
    globalThis.library = await loadDetector(await downloads.fetch("vendor/libfvad.wasm"));
}"""
DRAW = """async (wav) => {
    const [{ readFile }, { resampled }, { part }, { Recording, strips }] = await Promise.all(
        ["read-file", "resample", "window", "recordings"].map(name => import(`/browser/${name}.js`)));
    const bytes = Uint8Array.from(atob(wav), letter => letter.charCodeAt(0)), recording = new Recording(library, 60);
    const { channels, rate } = await readFile(new File([bytes], "recording"));
    recording.add(part(channels.map(channel => resampled(channel, rate, 16000)), 60, null, library).waveform);
    const [[{ image, embedding, seconds }]] = await strips(networks, [recording.prefixes([])]);
    return { pixels: Array.from(image.data), embedding: Array.from(embedding), seconds };
}"""


CHANCES = """async ([numbers, places, seconds]) => {
    const { Chances } = await import("/browser/chances.js");
    const chances = new Chances(numbers), all = Float32Array.from(places);
    return [Array.from(chances.draw(all.subarray(0, 64), 1000)), chances.path(all, seconds)];
}"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `v2f export web` writes of the bundled model."""
    folder = tmp_path_factory.mktemp("site")
    export(load(), folder)
    return folder


class PlainHost:
    """A host of static files that sets no headers of its own, as GitHub Pages; it can be shut, and lacks `missing`."""

    def __init__(self, folder: Path) -> None:
        self._files: ASGIApp = StaticFiles(directory=folder, html=True)
        self.asked: list[str] = []
        self.shut, self.missing = False, "none"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        self.asked.append(scope["path"])
        refused = self.shut or self.missing in scope["path"]
        await (Response(status_code=503) if refused else self._files)(scope, receive, send)


@pytest.fixture
def host(site: Path) -> Iterator[tuple[PlainHost, str]]:
    """The host and its address."""
    files = PlainHost(site)
    with listen("127.0.0.1", 0) as door:
        server = uvicorn.Server(web_server(files))
        thread = Thread(target=server.run, args=[[door]], daemon=True)
        thread.start()
        yield files, f"http://127.0.0.1:{door.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@pytest.fixture
def browser_context(open_browser: OpenBrowser) -> Iterator[BrowserContext]:
    """A visitor with a cache of their own."""
    context = visitor(open_browser("voice"))
    yield context
    context.close()


def usable(page: Page) -> None:
    expect(page.locator("#rec")).to_be_visible(timeout=PATIENCE * 1000)


def wav(waveform: NDArray[np.float32]) -> str:
    file = io.BytesIO()
    soundfile.write(file, waveform, 16_000, "FLOAT", format="WAV")
    return base64.b64encode(file.getvalue()).decode()


# The files


@NEEDS_RUNTIME
@pytest.mark.slow
def test_the_first_load_is_small_with_either_runtime(site: Path) -> None:
    sizes = {
        path.relative_to(site).as_posix(): path.stat().st_size for path in site.rglob("*") if path.is_file()
    }
    for other in (("asyncify", "ort.webgpu"), ("threaded.wasmz", "ort.wasm")):
        assert (
            sum(size for path, size in sizes.items() if not any(part in path for part in other)) < FIRST_LOAD
        )


@NEEDS_RUNTIME
@pytest.mark.slow
def test_our_own_server_isolates_the_page_and_lets_it_talk_to_no_other(site: Path) -> None:
    answer = TestClient(application(site)).get("/")
    assert answer.status_code == 200 and PAGE_HEADERS.items() <= dict(answer.headers).items()
    assert "connect-src 'self'" in answer.headers["content-security-policy"]
    assert PAGE_HEADERS["content-security-policy"] in answer.text


def test_without_the_runtime_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(in_browser, "VENDOR", tmp_path / "none")
    with pytest.raises(NoRuntimeError, match="`make web`"):
        export(load(), tmp_path / "site")


@NEEDS_RUNTIME
def test_weights_of_another_kind_are_refused_in_a_sentence(random_weights: Path, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"^In a browser only .*\.$"):
        export(load(random_weights), tmp_path / "site")
    assert not (tmp_path / "site").exists()


# In a browser


@NEEDS_RUNTIME
def test_twenty_recordings_have_the_faces_that_they_have_on_a_server(
    host: tuple[PlainHost, str], browser_context: BrowserContext, recordings: list[NDArray[np.float32]]
) -> None:
    page, engine = browser_context.new_page(), VoiceToFace(load(), Runtime.choose("cpu", exact=True))
    page.goto(f"{host[1]}/fonts/OFL.txt")
    page.evaluate(START)
    for waveform in (recording[:40_000] for recording in recordings):
        expected, made = engine.face(waveform, 16_000), page.evaluate(DRAW, wav(waveform))
        pixels = np.array(made["pixels"]).reshape(*expected.image.shape[:2], 4)[:, :, :3]
        assert expected.embedding @ made["embedding"] > ALIKE
        assert made["seconds"] == pytest.approx(expected.seconds)
        assert np.abs(pixels - expected.image.astype(int)).max() <= FARTHEST


@NEEDS_RUNTIME
def test_how_sure_the_model_is_it_tells_as_python_does(
    host: tuple[PlainHost, str], browser_context: BrowserContext
) -> None:
    sure = sure_uncertainty()
    numbers = in_browser.uncertainty_numbers(replace(load(), uncertainty=sure))
    places = np.random.default_rng(0).standard_normal((4, 64)).astype(np.float32)
    page = browser_context.new_page()
    page.goto(f"{host[1]}/fonts/OFL.txt")
    drawn, path = page.evaluate(CHANCES, [numbers, places.ravel().tolist(), 7.5])
    assert path == pytest.approx(sure.path(torch.from_numpy(places), 7.5).tolist(), rel=1e-4)
    drawn = np.array(drawn).reshape(-1, 64)
    wanted = sure.draw(torch.from_numpy(places[0]), len(drawn), np.random.default_rng(0)).numpy()
    assert np.abs(drawn.mean(axis=0) - wanted.mean(axis=0)).max() < 0.15
    assert np.abs(drawn.std(axis=0) - wanted.std(axis=0)).max() < 0.15


@NEEDS_RUNTIME
def test_once_it_is_there_it_asks_for_nothing_and_needs_no_network(
    host: tuple[PlainHost, str], browser_context: BrowserContext, tmp_path: Path
) -> None:
    files, address = host
    page = browser_context.new_page()
    errors: list[Any] = []
    page.on("pageerror", lambda error: errors.append(error))
    page.goto(address)
    usable(page)
    assert page.evaluate("crossOriginIsolated"), "by the service worker's headers"
    expect(page.locator("footer")).to_contain_text(BROWSER_TEXTS["athome"][0].rstrip("."))
    files.asked.clear()
    files.shut = True

    speak_for(page, 2)
    page.click("#rec")
    state(page, "recording")
    state(page, "result")
    expect(faces(page)).to_have_count(2)
    expect(faces(page, "noise")).to_have_count(2)
    page.set_input_files("#files", EXAMPLES[1])
    expect(faces(page)).to_have_count(5)
    look_inside(page, "between")
    expect(page.locator("#walk-faces canvas")).to_have_count(3)
    look_inside(page, "others")
    expect(page.locator(".other canvas")).to_have_count(6)
    look_inside(page, "study")
    expect(page.locator("#study-grid canvas")).to_have_count(25)
    page.click("#inside-close")
    page.click("#more-button")
    page.click("#open-find")
    page.click("#find-start")
    expect(page.locator("#find .picks canvas")).to_have_count(4)
    page.click("#find .leave")
    page.click("#more-button")
    page.click("#open-two")
    page.click("[data-take=secondvoice]")
    expect(page.locator("#two input")).to_be_enabled()
    expect(page.locator("#two canvas")).to_have_count(3)
    page.click("#two .leave")
    page.click("#more-button")
    with page.expect_download() as saved:
        page.click("#save")
    assert Image.open(saved.value.path()).format == "PNG"
    page.click("#forget")
    state(page, "attract")
    assert files.asked == []

    page.reload()
    usable(page)
    (tmp_path / "photograph.wav").write_bytes(b"no sound")
    page.set_input_files("#files", tmp_path / "photograph.wav")
    problem(page, "unreadable")
    soundfile.write(tmp_path / "silence.wav", np.zeros(32_000), 16_000)
    page.set_input_files("#files", tmp_path / "silence.wav")
    problem(page, "no_speech")
    assert not [path for path in files.asked if path != "/service-worker.js"], "whether there is a newer one"
    assert errors == []


@NEEDS_RUNTIME
def test_a_model_that_cannot_be_fetched_costs_one_sentence(
    host: tuple[PlainHost, str], browser_context: BrowserContext
) -> None:
    files, address = host
    files.missing = "/model/drawing"
    page = browser_context.new_page()
    page.goto(address)
    expect(page.locator("#loading [role=status]")).to_have_text(BROWSER_TEXTS["notloaded"][0])
    files.missing = "none"
    page.click("#loading button")
    expect(page.locator("#loading[data-failed]")).to_have_count(0)
