"""A request with too much in it is turned away before any of it is read."""

from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from v2f.kiosk.gradio_adapter import MAX_REQUEST_BYTES, MAX_UPLOAD_BYTES, BodyLimit

QUESTION, UPLOAD = "/gradio_api/component_server", "/gradio_api/upload"


async def count(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(await request.body())))


@pytest.fixture
def client() -> TestClient:
    app = Starlette(routes=[Route("/{path:path}", count, methods=["GET", "POST"])])
    app.add_middleware(BodyLimit)
    return TestClient(app)


def test_a_request_of_the_largest_size_passes_and_a_byte_more_does_not(client: TestClient) -> None:
    assert client.post(QUESTION, content=b"x" * MAX_REQUEST_BYTES).text == str(MAX_REQUEST_BYTES)
    assert client.post(QUESTION, content=b"x" * (MAX_REQUEST_BYTES + 1)).status_code == 413
    assert client.post("/anything/else", content=b"x" * (MAX_REQUEST_BYTES + 1)).status_code == 413


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
