"""The headers that keep browsers to the kiosk's rules, and what adds them to answers."""

from collections.abc import Mapping

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Send

HEADERS = {
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "microphone=(self), camera=(), geolocation=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


def policy(sources: Mapping[str, str]) -> str:
    """A content security policy: what each kind of thing may be fetched from."""
    return "; ".join(f"{kind} {allowed}" for kind, allowed in sources.items())


def with_headers(send: Send, headers: Mapping[str, str]) -> Send:
    """Wrap an ASGI application's `send` so that an answer carries these headers, in place of its own of their names."""

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(headers)
        await send(message)

    return send_with_headers
