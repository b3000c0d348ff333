"""The page over HTTP: what it serves, to whom, and that it leaves nothing behind."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import httpx
import numpy as np
import pytest
import soundfile
from gradio_client import Client

import v2f
from tests.conftest import MadeVoice
from tests.kiosk.booth_service.asking import on_the_page
from tests.kiosk.served import Served, served
from v2f.audio import SAMPLE_RATE
from v2f.kiosk import gradio_adapter, server
from v2f.kiosk.server import listen
from v2f.kiosk.sessions import Session, SessionStore
from v2f.kiosk.settings import Settings
from v2f.kiosk.texts import PORT_TAKEN, TEXTS
from v2f.kiosk.wire import decode_samples, encode_samples
from v2f.pipeline import LiveSession, VoiceToFace

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).parents[2]
PATIENCE = 120  # seconds; a machine that is busy with other work starts slowly
BOOTH = ("booth", "open: sesame")


@pytest.fixture(scope="module")
def engine(random_weights: Path) -> VoiceToFace:
    return v2f.load(random_weights, device="cpu", exact=True)


@pytest.fixture(scope="module")
def page(engine: VoiceToFace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(engine, tmp_path_factory.mktemp("uploads"), Settings(language="es")) as page:
        yield page


@pytest.fixture(scope="module")
def guarded(engine: VoiceToFace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(engine, tmp_path_factory.mktemp("uploads"), auth=BOOTH) as page:
        yield page


# What is served


def test_the_page_comes_with_all_it_needs(page: Served) -> None:
    html = page.client.get("/").text
    assert TEXTS["title"][1] in html, "in the language that was chosen"
    for path in (
        "kiosk/kiosk.js",
        "kiosk/kiosk.css",
        "fonts/v2f-text-regular.woff2",
        "examples/298-126790-0000.flac",
    ):
        assert page.client.get(f"/{path}").status_code == 200
    [kiosk] = [part for part in page.client.get("/config").json()["components"] if part["type"] == "html"]
    config = kiosk["props"]["props"]["config"]
    assert config["language"] == "es" and config["idle"] == 60 and len(config["example_faces"]) == 6


@pytest.mark.parametrize(
    "path",
    [
        "docs",
        "openapi.json",
        "kiosk/../page.py",
        "kiosk/%2e%2e/page.py",
        "examples/../../app.py",
        f"gradio_api/file={REPOSITORY}/app.py",
        "gradio_api/file=app.py",
        "gradio_api/runs",
        "monitoring",
    ],
)
def test_nothing_else_is_served(page: Served, path: str) -> None:
    assert page.client.get(f"/{path}").status_code in (403, 404)


def test_a_visit_from_beginning_to_end(page: Served, engine: VoiceToFace, made_voice: MadeVoice) -> None:
    voice = decode_samples(encode_samples(made_voice(3)))
    token = page.ask("start_recording", {"seconds": 3}).json()["session"]
    for piece in np.split(voice, 6):
        answer = page.ask("update_recording", {"session": token, "samples": encode_samples(piece)}).json()
    assert answer["received"] == voice.size and answer["strip"][-1][0] == 3
    assert page.ask("finish_recording", {"session": token}).json()["whole"] == on_the_page(
        engine.strip(voice, rate=SAMPLE_RATE)[-1]
    )
    assert page.ask("forget", {"sessions": [token]}).json() == {}
    assert page.ask("nearby_faces", {"session": token}).json() == {"problem": "gone"}
    assert len(page.sessions) == 0


def test_an_uploaded_file_is_heard_and_gone(page: Served, tmp_path: Path, made_voice: MadeVoice) -> None:
    soundfile.write(tmp_path / "voz de mañana.ogg", made_voice(2), SAMPLE_RATE)
    path = page.upload(tmp_path / "voz de mañana.ogg")
    assert len(page.files()) == 1 and Path(path).is_relative_to(page.uploads)
    assert page.ask("read_upload", {"path": path}).json()["seconds"] == pytest.approx(2, abs=0.1)
    assert not page.files()
    assert page.ask("read_upload", {"path": path}).json() == {"problem": "unreadable"}


def test_wrong_questions_are_answered_and_others_turned_away(page: Served) -> None:
    for question in (None, 3, "x", [], {}, {"seconds": "x"}, {"seconds": 3, "more": 1}):
        answer = page.ask("start_recording", question)
        assert answer.status_code == 200 and answer.json() == {"problem": "trouble"}
    assert page.ask("welcome", {}).status_code == 404
    assert page.ask("__init__", {}).status_code == 404
    assert page.ask("update_recording", {"session": "x", "samples": "A" * (1 << 20)}).status_code == 413


def test_an_upload_that_breaks_off_is_swept_away(page: Served) -> None:
    host, port = page.address.removeprefix("http://").split(":")
    head = (
        "POST /gradio_api/upload HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9000000\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\n\r\n"
        '--b\r\nContent-Disposition: form-data; name="files"; filename="a.wav"\r\n\r\n'
    )
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(head.encode() + b"x" * 100_000)
        for _ in range(100):
            if page.files():
                break
            time.sleep(0.05)
    time.sleep(0.5)
    assert len(page.files()) == 1, "Gradio leaves it there"
    gradio_adapter.delete_old_uploads(page.uploads, seconds=-1)
    assert not page.files() and page.client.get("/").status_code == 200


def test_the_sweeper_forgets_pages_that_fell_silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "CLEANUP_SECONDS", 0.02)
    monkeypatch.setattr(server, "UPLOAD_SECONDS", -1)
    (tmp_path / "abandoned.wav").write_bytes(b"x")
    sessions = SessionStore(-1)
    sessions.open(Session(LiveSession(None, 1)))  # type: ignore[arg-type] (no face is asked for)
    Thread(target=server.clean_up, args=[sessions, tmp_path], daemon=True).start()
    for _ in range(100):
        if not len(sessions) and not list(tmp_path.iterdir()):
            return
        time.sleep(0.02)
    pytest.fail("something is left")


# To whom


def test_without_the_password_there_is_nothing(guarded: Served, tmp_path: Path) -> None:
    with httpx.Client(base_url=guarded.address, timeout=60) as stranger:
        html = stranger.get("/").text
        assert "auth_required" in html and TEXTS["headline"][0] not in html
        body = {"data": {"seconds": 3}, "component_id": 1, "session_hash": "x", "fn_name": "start_recording"}
        answers = [
            stranger.get("/config"),
            stranger.get("/gradio_api/info"),
            stranger.post("/gradio_api/component_server", json=body),
            stranger.post("/gradio_api/component_server/", json=body),
            stranger.post("/gradio_api/upload", files={"files": ("a.wav", b"x")}),
            stranger.post("/gradio_api/call/face", json={"data": [None]}),
            stranger.post("/gradio_api/queue/join", json={"data": [], "fn_index": 0, "session_hash": "x"}),
            stranger.post("/login", data={"username": BOOTH[0], "password": "wrong"}),
        ]
        assert [answer.status_code for answer in answers] == [401] * 7 + [400]
        assert stranger.get("/config").status_code == 401
    assert not guarded.files() and len(guarded.sessions) == 0
    with pytest.raises(Exception, match="auth|login|401"):
        Client(guarded.address, verbose=False)


def test_passwords_cannot_be_guessed_quickly(engine: VoiceToFace, tmp_path: Path) -> None:
    with served(engine, tmp_path, auth=BOOTH) as page:
        tries = [
            page.client.post("/login", data={"username": BOOTH[0], "password": str(i)}) for i in range(7)
        ]
        assert [one.status_code for one in tries] == [400] * 5 + [429] * 2
        assert 0 < int(tries[-1].headers["retry-after"]) <= 61
        right = page.client.post("/login", data={"username": BOOTH[0], "password": BOOTH[1]})
        assert right.status_code == 429, "whoever guesses must wait, even for the right one"


def test_with_the_password_there_is_everything(guarded: Served) -> None:
    with httpx.Client(base_url=guarded.address, timeout=60) as guest:
        login = guest.post("/login", data={"username": BOOTH[0], "password": BOOTH[1]})
        assert login.json() == {"success": True}
        assert "session" in guarded.ask("start_recording", {"seconds": 3}, client=guest).json()
    client = Client(guarded.address, auth=BOOTH, verbose=False)
    assert "/face" in client.view_api(return_format="dict", print_info=False)["named_endpoints"]


# app.py


@pytest.fixture
def start(random_weights: Path, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts app.py, which may keep temporary files in tmp_path alone."""
    started = []

    def run(*options: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "app.py", "--weights", str(random_weights), *options],
            cwd=REPOSITORY,
            env={**os.environ, "TMPDIR": str(tmp_path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


def test_no_answer_waits_for_word_of_its_first_part() -> None:
    with listen("127.0.0.1", 0) as door, socket.create_connection(door.getsockname()):
        accepted, _ = door.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as door:
        return door.getsockname()[1]


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_a_kiosk_that_is_stopped_leaves_nothing_on_the_disk(
    start: Callable[..., subprocess.Popen[str]], tmp_path: Path, sent: signal.Signals
) -> None:
    port = free_port()
    process = start("--port", str(port), "--auth", ":".join(BOOTH))
    assert process.stdout and str(port) in process.stdout.readline()
    address = f"http://127.0.0.1:{port}"
    assert httpx.get(f"{address}/config", timeout=60).status_code == 401
    with httpx.Client(base_url=address, timeout=60) as guest:
        guest.post("/login", data={"username": BOOTH[0], "password": BOOTH[1]}).raise_for_status()
        guest.post("/gradio_api/upload", files={"files": ("a.wav", b"x" * 100)}).raise_for_status()
    assert [path.name for path in tmp_path.rglob("*.wav")] == ["a.wav"]
    for folder in tmp_path.iterdir():
        assert folder.stat().st_mode & 0o077 == 0, "nobody else may look into it"
    process.send_signal(sent)
    assert process.wait(PATIENCE) == 0
    assert not list(tmp_path.iterdir())
    assert process.stderr and process.stderr.read() == ""


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--weights", "missing.safetensors"], r"[^\n]*missing\.safetensors[^\n]*\."),
        (
            ["--host", "192.0.2.1", "--port", "7"],
            re.escape(PORT_TAKEN.format(host="192.0.2.1", port=7, option="--port")),
        ),
        (["--microphone", "local", "--device", "99"], r"There is no microphone 99 [^\n]*\."),
        (["--list-microphones"], r"There is no microphone at this machine: plug one in\."),
    ],
)
def test_what_cannot_be_done_costs_one_sentence(options: list[str], sentence: str) -> None:
    run = failing(*options)
    assert run.returncode == 1 and re.fullmatch("v2f: " + sentence + r"\n", run.stderr), run.stderr


@pytest.mark.parametrize(
    "options",
    [
        ["--port", "99999"],
        ["--port", "0"],
        ["--port", "http"],
        ["--language", "fr"],
        ["--idle-seconds", "-1"],
        ["--device", "3"],
        ["--auth", "booth"],
        ["--auth", ":secret"],
        ["--auth", "booth:"],
        ["--card-address", "cards.example"],
        ["--card-address", "https://"],
        ["--card-address", "https://cards.example/page"],
        ["--card-address", "https://me@cards.example"],
        ["--card-address", "http://cards.example:http"],
        ["--card-address", "http://127.0.0.1:7860"],
        ["--card-address", "http://localhost"],
        ["--colour", "red"],
    ],
)
def test_a_wrong_option_costs_one_sentence_at_once(options: list[str]) -> None:
    run = failing(*options, patience=10)
    assert run.returncode == 2
    assert re.fullmatch(r"usage: v2f [^\n]+\nv2f[^\n]*: error: [^\n]+\n", run.stderr)


def test_help_answers_at_once() -> None:
    started = time.monotonic()
    run = failing("--help", patience=10)
    assert run.returncode == 0 and "--idle-seconds" in run.stdout
    assert time.monotonic() - started < 3


def failing(*options: str, patience: float = PATIENCE) -> subprocess.CompletedProcess[str]:
    """app.py with options that do not let it start, on a machine without a sound card."""
    environment = {**os.environ, "PULSE_SERVER": "none"}
    return subprocess.run(
        [sys.executable, "app.py", *options],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        timeout=patience,
    )
