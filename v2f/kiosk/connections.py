"""Keeps slow and greedy clients from taking every connection: uvicorn by itself waits for a request for ever."""

import asyncio
import sys
from collections import Counter
from contextlib import suppress
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

PATIENCE = 20  # seconds, for a request's head, and between two pieces of its body
MAX_CONNECTIONS = 500  # of one address
OTHER_FILES = 200  # that the process may need open, besides connections


class Connection(H11Protocol):
    """For `http` of uvicorn.Config: closed when its client does not send what it began, or has too many of them.

    It counts on `ws="none"`, because a websocket would leave this class without a word.
    """

    most = sys.maxsize  # of all addresses
    count: Counter[str] = Counter()  # open ones, by address
    _deadline: asyncio.TimerHandle | None = None  # while something is missing of a request

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.count[self._address()] += 1
        if self.count[self._address()] > MAX_CONNECTIONS or len(self.connections) > self.most:
            transport.abort()
        else:
            self._wait()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        state = self.conn.their_state
        if state is h11.IDLE and self._deadline:
            return  # a head that comes in small pieces gets no more time for it
        self._stop_waiting()
        if state in (h11.IDLE, h11.SEND_BODY):
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._stop_waiting()
        self.count[self._address()] -= 1
        if not self.count[self._address()]:
            del self.count[self._address()]

    def _wait(self) -> None:
        self._deadline = self.loop.call_later(PATIENCE, self._end)

    def _stop_waiting(self) -> None:
        if self._deadline:
            self._deadline.cancel()
        self._deadline = None

    def _end(self) -> None:
        if self.flow.read_paused:  # it is we who are slow
            self._wait()
        else:
            self.transport.close()

    def _address(self) -> str:
        return self.client[0] if self.client else ""


def allow_many() -> None:
    """Raise this process's limit of open files, a connection being one, as far as it may.

    What comes beyond is turned away before it is reached: asyncio would log thousands of tracebacks a second.
    """
    with suppress(ImportError):  # Windows has no limit
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        with suppress(ValueError, OSError):  # macOS calls it unlimited, but it is not
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            soft = hard
        Connection.most = soft - OTHER_FILES
