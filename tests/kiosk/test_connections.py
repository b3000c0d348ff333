"""Clients that are slow, or open more connections than a visitor needs, leave room for the others."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import v2f
from tests.kiosk.served import Served, served
from v2f.kiosk import connections
from v2f.kiosk.connections import Connection

pytestmark = pytest.mark.slow

Connect = Callable[[bytes], socket.socket]
HEAD = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n"
BODY = (
    b"POST /gradio_api/component_server HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    b"Content-Length: 1000\r\n\r\n{"
)


@pytest.fixture(scope="module")
def page(random_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(
        v2f.load(random_weights, device="cpu", exact=True), tmp_path_factory.mktemp("uploads")
    ) as page:
        yield page


@pytest.fixture
def connect(page: Served) -> Iterator[Connect]:
    """Opens a connection and sends something."""
    address = urlsplit(page.address)
    with ExitStack() as opened:

        def connect(begin: bytes) -> socket.socket:
            connection = opened.enter_context(socket.create_connection((address.hostname, address.port), 30))
            connection.sendall(begin)
            return connection

        yield connect


def is_closed(connection: socket.socket) -> bool:
    """Whether the other side has closed it, or does within the time that a socket waits."""
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True


@pytest.mark.parametrize("begin", [b"", HEAD, BODY])
def test_who_does_not_go_on_is_cut_off(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, begin: bytes
) -> None:
    monkeypatch.setattr(connections, "PATIENCE", 0.5)
    assert is_closed(connect(begin))


def test_a_head_in_small_pieces_gets_no_more_time(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "PATIENCE", 1)
    connection = connect(HEAD)
    began = time.monotonic()
    with pytest.raises(ConnectionError):
        while time.monotonic() < began + 20:
            connection.sendall(b"x")
            time.sleep(0.1)


def test_a_body_in_small_pieces_is_waited_for(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "PATIENCE", 2)
    connection = connect(BODY)
    for _ in range(9):  # three times as long as it may be silent
        time.sleep(0.7)
        connection.sendall(b" " * 111)
    assert connection.recv(100).startswith(b"HTTP/1.1 4")


def test_one_address_has_so_many_and_gets_them_back(
    page: Served, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 20)
    page.client.get("/config")
    mine = [connect(HEAD) for _ in range(19)]
    assert is_closed(connect(b""))
    mine.pop().close()
    time.sleep(0.5)
    connect(HEAD + b"\r\n").recv(1)


def test_all_together_have_so_many(page: Served, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    page.client.get("/config")
    monkeypatch.setattr(Connection, "most", 10)
    opened = [connect(HEAD) for _ in range(20)]
    monkeypatch.setattr(connections, "PATIENCE", 0.1)
    assert sum(map(is_closed, opened[10:])) == 10
    assert page.client.get("/config").status_code == 200


def test_none_is_counted_that_has_gone(page: Served, connect: Connect) -> None:
    for begin in (
        b"",
        HEAD,
        BODY,
        b"nonsense\r\n\r\n",
        HEAD + b"Connection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    ):
        connect(begin).close()
    page.client.close()
    for _ in range(100):
        if not Connection.count:
            return
        time.sleep(0.1)
    pytest.fail(f"still there: {Connection.count}")
