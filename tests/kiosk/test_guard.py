"""A request with too much in it is turned away before any of it is read."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from starlette.types import Message

from v2f.kiosk import guard
from v2f.kiosk.guard import MAX_REQUEST_BYTES, MAX_UPLOAD_BYTES, Guard

QUESTION, UPLOAD = "/gradio_api/component_server", "/gradio_api/upload"


async def count(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(await request.body())))


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    app = Starlette(routes=[Route("/{path:path}", count, methods=["GET", "POST"])])
    app.add_middleware(Guard, uploads=tmp_path, names=["testserver"])
    return TestClient(app)


def test_a_request_of_the_largest_size_passes_and_a_byte_more_does_not(client: TestClient) -> None:
    assert client.post(QUESTION, content=b"x" * MAX_REQUEST_BYTES).text == str(MAX_REQUEST_BYTES)
    assert client.post(QUESTION, content=b"x" * (MAX_REQUEST_BYTES + 1)).status_code == 413
    assert client.post("/gradio_api/queue/join", content=b"x" * (MAX_REQUEST_BYTES + 1)).status_code == 413


def test_an_upload_may_be_larger(client: TestClient) -> None:
    assert client.post(UPLOAD, content=b"x" * (MAX_REQUEST_BYTES + 1)).text == str(MAX_REQUEST_BYTES + 1)
    announced = {"content-length": str(MAX_UPLOAD_BYTES + 1)}
    assert client.post(UPLOAD, content=b"x", headers=announced).status_code == 413


@pytest.mark.parametrize("path", [QUESTION, UPLOAD])
def test_a_request_must_say_how_large_it_is(client: TestClient, path: str) -> None:
    def without_end() -> Iterator[bytes]:
        yield b"x"

    assert client.post(path, content=without_end()).status_code == 411


def test_a_request_without_a_body_passes(client: TestClient) -> None:
    assert client.get("/").text == "0"


@pytest.mark.parametrize(
    "host", ["127.0.0.1:7860", "192.168.1.20", "[::1]:7860", "localhost:7860", "testserver"]
)
def test_it_answers_to_addresses_and_to_its_own_names(client: TestClient, host: str) -> None:
    assert client.get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example:7860", "localhost.evil.example", ""]
)
def test_a_name_that_somebody_else_leads_here_is_refused(client: TestClient, host: str) -> None:
    """DNS rebinding: a page of that name would count as the kiosk's own."""
    answer = client.get("/", headers={"host": host})
    assert answer.status_code == 421 and "--allowed-host" in answer.text


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://127.0.0.1:8000", "null", "http://localhost"]
)
def test_another_site_is_refused_whatever_it_asks(client: TestClient, origin: str) -> None:
    headers = {"host": "127.0.0.1:7860", "origin": origin}
    for answer in (client.get("/", headers=headers), client.post(QUESTION, content=b"{}", headers=headers)):
        assert answer.status_code == 403


def test_the_page_itself_is_no_other_site_nor_is_a_proxy_of_an_allowed_name(client: TestClient) -> None:
    for host, origin in (
        ("127.0.0.1:7860", "http://127.0.0.1:7860"),
        ("testserver", "https://testserver"),  # a proxy with a certificate, which passes its name on
        ("127.0.0.1:7860", "https://testserver"),  # or does not
    ):
        assert (
            client.post(QUESTION, content=b"{}", headers={"host": host, "origin": origin}).status_code == 200
        )


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/vibe-edit",
        "/gradio_api/proxy=http://127.0.0.1/",
        "/gradio_api/dev/reload",
        "/monitoring",
        "/gradio_api/call/v2/face",
        "/gradio_api/heartbeat/x",
        "/gradio_api/api/face",
        "/gradio_api/file/x",
        "/docs",
        "/status",
        "/reset",
        "/config/x",
        "/kiosk",
        "/kiosk/\0",
        "/gradio_api/queue/join\n",
        "//config",
        "/card/AAAAAAAAAAAAAAAAAAAAAA",
    ],
)
def test_what_the_page_does_not_ask_for_is_not_there(tmp_path: Path, path: str) -> None:
    """Gradio's other routes edit the program, fetch addresses, show earlier runs, or hold connections."""
    assert status_of(tmp_path, path) == 404


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/config",
        "/login",
        "/login/",
        "/theme.css",
        "/kiosk/kiosk.js",
        "/assets/a/b.js",
        QUESTION,
        UPLOAD,
        "/gradio_api/queue/join",
        "/gradio_api/call/face",
        "/gradio_api/call/face/0a1b",
        "/gradio_api/file=/tmp/x",
    ],
)
def test_what_the_page_and_programs_ask_for_is_there(tmp_path: Path, path: str) -> None:
    assert status_of(tmp_path, path) == 200


TOKEN = "AaZz09_-AaZz09_-AaZz09"


@pytest.mark.parametrize(
    "path",
    [
        "/card/",
        "/card/x",
        f"/card/{TOKEN}x",
        f"/card/{TOKEN}/",
        f"/card/{TOKEN}\n",
        f"/card/{TOKEN[:-1]}é",
        f"/card/{TOKEN[:-3]}/..",
        f"/CARD/{TOKEN}",
        f"/x/card/{TOKEN}",
    ],
)
def test_cards_are_asked_for_by_a_token_alone(tmp_path: Path, path: str) -> None:
    assert status_of(tmp_path, f"/card/{TOKEN}", card_address="https://cards.example") == 200
    assert status_of(tmp_path, path, card_address="https://cards.example") == 404


def test_by_the_name_that_phones_use_there_are_cards_and_nothing_else(tmp_path: Path) -> None:
    app = Starlette(routes=[Route("/{path:path}", count, methods=["GET", "POST"])])
    app.add_middleware(Guard, uploads=tmp_path, card_address="https://cards.example:8443")
    phone = TestClient(app, headers={"host": "cards.example:8443"})
    assert phone.get(f"/card/{TOKEN}").status_code == 200
    for path in ("/", "/config", "/kiosk/kiosk.js", QUESTION, f"/card/{TOKEN}x"):
        assert phone.get(path).status_code == 421
    assert phone.post(f"/card/{TOKEN}").status_code == 421
    elsewhere = {"host": "evil.example"}
    assert phone.get(f"/card/{TOKEN}", headers=elsewhere).status_code == 421
    foreign = {"origin": "https://evil.example"}
    assert phone.get(f"/card/{TOKEN}", headers=foreign).status_code == 403
    assert phone.get(f"/card/{TOKEN}").headers["cache-control"] == "no-store"


def test_an_address_has_an_end(tmp_path: Path) -> None:
    assert status_of(tmp_path, "/kiosk/" + "x" * 1000) == 414


def status_of(uploads: Path, path: str, **options: str) -> int:
    """As the path reaches the guard, decoded."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1")],
    }
    asyncio.run(Guard(PlainTextResponse("here"), uploads, **options)(scope, receive, send))
    return sent[0]["status"]


def test_uploads_leave_room_on_the_disk(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "MIN_FREE_BYTES", 1 << 60)
    assert client.post(UPLOAD, content=b"x").status_code == 507
    assert client.post(QUESTION, content=b"x").status_code == 200


def test_answers_keep_browsers_to_the_same_rules(client: TestClient) -> None:
    headers = client.get("/").headers
    assert (
        "frame-ancestors 'none'" in headers["content-security-policy"]
        and headers["x-frame-options"] == "DENY"
    )
    assert headers["cache-control"] == "no-store" and headers["x-content-type-options"] == "nosniff"
    assert "cache-control" not in client.get("/fonts/a.woff2").headers


def test_one_site_may_be_allowed_to_show_it_in_a_frame(tmp_path: Path) -> None:
    door = Guard(PlainTextResponse("here"), tmp_path, ["testserver"], framed_by="https://huggingface.co")
    headers = TestClient(door).get("/").headers
    assert "frame-ancestors https://huggingface.co" in headers["content-security-policy"]
    assert "x-frame-options" not in headers


def test_who_guessed_may_try_again_after_a_minute_and_is_then_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(_: Request) -> PlainTextResponse:
        return PlainTextResponse("wrong", 400)

    now = [1000.0]
    monkeypatch.setattr(guard.time, "monotonic", lambda: now[0])
    door = Guard(Starlette(routes=[Route("/login", refuse, methods=["POST"])]), tmp_path, ["testserver"])
    guesser, other = (TestClient(door, client=(address, 1)) for address in ("192.0.2.1", "192.0.2.2"))
    assert [guesser.post("/login").status_code for _ in range(7)] == [400] * 5 + [429] * 2
    assert other.post("/login").status_code == 400, "another is not held up"
    now[0] += guard.LOGIN_SECONDS + 1
    assert other.post("/login").status_code == 400
    assert list(door._failed_logins) == ["192.0.2.2"]
    assert guesser.post("/login").status_code == 400
