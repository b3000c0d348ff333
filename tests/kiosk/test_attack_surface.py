"""Every route of the application, Gradio's too, asked from outside by somebody who means harm.

It prints how many requests were sent and how they were answered; docs/reliability.md keeps the figures.
"""

import http.client
import http.server
import json
import logging
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from urllib.parse import quote, urlsplit

import pytest
from fastapi.routing import iter_route_contexts
from starlette.routing import Mount

import v2f
from tests.kiosk.served import Served, served
from tests.support.browser import EXAMPLES
from v2f.kiosk.settings import Settings
from v2f.pipeline import VoiceToFace

pytestmark = pytest.mark.slow

SECRET = "only the owner of this machine knows"
NEVER = (SECRET, "Traceback", "root:x:0", "def main(")  # in an answer
QUEUE_FULL = 503
HELD_SECONDS = 1  # after which an answer that is still being sent counts as a stream
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "NONSENSE")
JSON = {"content-type": "application/json"}
FORM = {"content-type": "multipart/form-data; boundary=b"}


@pytest.fixture(scope="module")
def engine(random_weights: Path) -> VoiceToFace:
    return v2f.load(random_weights, device="cpu", exact=True)


@pytest.fixture(scope="module")
def secret(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("elsewhere") / "secret.txt"
    path.write_text(SECRET)
    return path


@pytest.fixture(scope="module")
def uploads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("uploads")


@pytest.fixture(scope="module")
def page(engine: VoiceToFace, uploads: Path) -> Iterator[Served]:
    with served(engine, uploads, Settings(card_address="https://cards.example")) as page:
        yield page


@pytest.fixture(scope="module")
def guarded(engine: VoiceToFace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    settings = Settings(card_address="https://cards.example")
    with served(engine, tmp_path_factory.mktemp("guarded"), settings, auth=("booth", "sesame")) as page:
        yield page


@pytest.fixture(scope="module")
def trap() -> Iterator[tuple[str, list[str]]]:
    """A server that nothing should ask -> its address, and what was asked of it."""
    asked: list[str] = []

    class Trap(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Trap) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


class Attacker:
    """Sends requests as they are written, and keeps what must never happen from going unnoticed."""

    def __init__(self, page: Served) -> None:
        self.host = urlsplit(page.address).netloc
        self.answers: Counter[int | str] = Counter()
        self.failures: list[str] = []

    def send(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> int | str:
        """Returns the status, or "stream" where the answer does not end."""
        connection = http.client.HTTPConnection(self.host, timeout=HELD_SECONDS)
        status: int | str = "stream"
        try:
            connection.request(method, path, body or None, headers or {})
            answer = connection.getresponse()
            status = answer.status
            text = answer.read().decode("latin-1")
            if status >= 500 and status != QUEUE_FULL or any(never in text for never in NEVER):
                self.failures.append(f"{method} {path[:100]} {body[:100]!r}: {status} {text[:200]}")
        except TimeoutError:
            status = "stream"
        finally:
            connection.close()
        self.answers[status] += 1
        return status


def routes_of(page: Served) -> list[tuple[str, set[str]]]:
    """Address, with its parameters in braces, and methods of everything that the application answers."""
    mounted = [route for route in page.app.routes if isinstance(route, Mount)]
    gradio = mounted[-1].app
    routes = [(f"{route.path}/{{path}}", {"GET", "HEAD"}) for route in mounted[:-1]]
    routes += [(route.path, set(route.methods)) for route in page.app.routes if not isinstance(route, Mount)]
    routes += [(context.path, set(context.methods)) for context in iter_route_contexts(gradio.routes)]
    assert len(routes) > 50, "Gradio's are among them"
    assert "/card/{token}" in dict(routes)
    return routes


def paths_of(route: str, secret: Path, address: str) -> Iterator[str]:
    """The route with hostile values for its parameters."""
    values = ["x", "../" * 12 + str(secret)[1:], str(secret), "..%2f" * 12 + quote(str(secret)[1:], safe="")]
    values += ["%2e%2e/" * 12 + str(secret)[1:], f"{address}/picture.png", "%00", "file:///etc/passwd"]
    values += ["..%5c..%5capp.py", "a" * 5000, "%ff%fe", "/" * 50, "..;/", quote("\r\nx-injected: 1")]
    if "{" not in route:
        yield route
        yield f"{route}?__theme=../../{secret}&deep_link=../../{secret}&url={address}&path={secret}&session_hash=../x"
        return
    for value in values:
        yield re.sub(r"\{[^}]+\}", lambda _, value=value: value, route)


def bodies(secret: Path, address: str) -> Iterator[tuple[bytes, dict[str, str]]]:
    """What may be sent to a route that takes something."""
    for value in (None, [], {}, 0, "x", [None], {"data": None}, {"data": []}, {"fn_index": -1, "data": [1]}):
        yield json.dumps(value).encode(), JSON
    for path in (str(secret), "../../app.py", f"{address}/voice.wav", "/etc/passwd", "\0", "x" * 9000):
        file = {"path": path, "url": path, "orig_name": "a.wav", "meta": {"_type": "gradio.FileData"}}
        for data in ([file], {"path": path}, [[file]], file):
            for index in (0, 1, 2):
                event = {"data": data, "fn_index": index, "session_hash": "x", "event_id": "x"}
                yield json.dumps(event | {"trigger_id": index, "event_data": file}).encode(), JSON
        for name in (
            "read_upload",
            "read_noise_clip",
            "make_card",
            "find_voice",
            "__init__",
            "engine",
            "questions",
        ):
            question = {"data": {"path": path}, "component_id": 1, "session_hash": "x", "fn_name": name}
            yield json.dumps(question).encode(), JSON
        part = f'--b\r\nContent-Disposition: form-data; name="files"; filename="{path}"\r\n\r\nx\r\n--b--\r\n'
        yield part.encode(), FORM
    yield b"[" * 100_000, JSON
    yield b'{"data": ' + b"9" * 5000 + b"}", JSON
    yield b'{"data": NaN}', JSON
    yield b"\xff\xfe\x00junk", JSON
    yield b"junk", FORM
    yield b"junk", {"content-type": "multipart/form-data"}
    yield b"username=a&password=b", {"content-type": "application/x-www-form-urlencoded"}
    yield b"<a/>", {"content-type": "application/xml"}
    yield b"x", {"content-type": "\xff" * 100, "content-encoding": "gzip"}


def tell(capfd: pytest.CaptureFixture[str], attacker: Attacker, routes: list[tuple[str, set[str]]]) -> None:
    with capfd.disabled():
        print(f"\n{len(routes)} routes, {attacker.answers.total():,} requests: {dict(attacker.answers)}")


def test_no_route_gives_anything_away_or_fails(
    page: Served,
    secret: Path,
    trap: tuple[str, list[str]],
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    address, asked = trap
    attacker, routes = Attacker(page), routes_of(page)
    with caplog.at_level(logging.ERROR):
        for route, methods in routes:
            for path in paths_of(route, secret, address):
                for method in {*methods, *METHODS}:
                    attacker.send(method, path)
            if "POST" in methods:
                target = re.sub(r"\{[^}]+\}", "face", route)
                for body, headers in bodies(secret, address):
                    attacker.send("POST", target, body, headers)
    assert not attacker.failures, "\n".join(attacker.failures)
    assert not asked, "it fetched an address"
    assert secret.read_text() == SECRET
    assert not [record.getMessage() for record in caplog.records]
    assert "Traceback" not in capfd.readouterr().err
    path = page.upload(EXAMPLES[0])
    assert page.ask("read_upload", {"path": path}).json()["whole"], "it serves others as before"
    tell(capfd, attacker, routes)


def test_no_route_answers_another_site_or_name(page: Served, capfd: pytest.CaptureFixture[str]) -> None:
    attacker, routes = Attacker(page), routes_of(page)
    for route, methods in routes:
        for method in methods:
            target = re.sub(r"\{[^}]+\}", "x", route)
            for origin in (
                "http://evil.example",
                "null",
                "http://127.0.0.1:1",
                "https://127.0.0.1.evil.example",
            ):
                assert attacker.send(method, target, headers={"origin": origin}) == 403, (
                    method,
                    target,
                    origin,
                )
            for host in ("evil.example", "", "127.0.0.1.evil.example"):
                assert attacker.send(method, target, headers={"host": host}) == 421, (method, target, host)
    tell(capfd, attacker, routes)


def test_without_the_password_no_route_gives_more_than_the_login_page(
    guarded: Served, secret: Path, trap: tuple[str, list[str]], capfd: pytest.CaptureFixture[str]
) -> None:
    attacker, routes = Attacker(guarded), routes_of(guarded)
    answered = set()
    for route, methods in routes:
        target = re.sub(r"\{[^}]+\}", "face", route)
        for method in methods:
            if attacker.send(method, target) == 200:
                answered.add(target)
        if "POST" in methods:
            for body, headers in bodies(secret, trap[0]):
                assert attacker.send("POST", target, body, headers) != 200, (target, body[:100])
    assert not attacker.failures, "\n".join(attacker.failures)
    assert answered == {"/", "/theme.css", "/favicon.ico", "/robots.txt"}
    assert not guarded.files() and not len(guarded.sessions)
    tell(capfd, attacker, routes)
