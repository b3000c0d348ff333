"""Turns away requests that the page does not send: other names and origins, too many bytes, guessed passwords.

A kiosk that is opened to a network can be reached by everybody there; and any web page that a visitor has open can send
requests to it, in the visitor's name. What the guard lets through gets headers that keep browsers to the same rules.
"""

import ipaddress
import re
import shutil
import socket
import time
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from v2f.kiosk.headers import HEADERS, policy, with_headers

# What the page asks for, and programs by gradio_client or curl. Gradio brings as many routes again, which among other
# things fetch addresses, show earlier runs, or have a language model edit the program.
SERVED = re.compile(
    r"/(config/?|login/?|logout|theme\.css|favicon\.ico|robots\.txt)?"
    r"|/(kiosk|fonts|examples|assets|static)/.+"
    r"|/gradio_api/(info|login_check|upload|component_server)/?"
    r"|/gradio_api/(queue/(join|data)|run/predict|call/[a-z]+(/[0-9a-f]+)?|file=.+)"
)
CARD = re.compile(r"/card/[A-Za-z0-9_-]{22}")  # where there are cards: by the token of one, 128 random bits
MAX_ADDRESS = 1000  # characters, with the question behind it
UPLOAD_PATH = "/upload"  # the end of the address that Gradio takes files at
LOGIN_PATH = "/login"
MAX_UPLOAD_BYTES = 1 << 30  # three hours of 16 kHz wav are 0.35 GB
MAX_REQUEST_BYTES = 1 << 20  # of any other request; ten seconds of sound are 430,000
MIN_FREE_BYTES = 1 << 30  # that uploads leave free on the disk
MAX_FAILED_LOGINS = 5  # of one address in LOGIN_SECONDS
LOGIN_SECONDS = 60

POLICY = {
    "default-src": "'self'",
    # Gradio starts by scripts and styles inside its page, and makes functions of text.
    "script-src": "'self' 'unsafe-inline' 'unsafe-eval' blob:",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "media-src": "'self' data: blob:",
    "connect-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "worker-src": "'self' blob:",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
}
# The same for everybody; all else is not stored.
CACHED = ("/kiosk/", "/fonts/", "/examples/", "/assets/", "/static/")


class Guard:
    """ASGI middleware. What it refuses costs one sentence, and never reaches the page."""

    def __init__(
        self,
        app: ASGIApp,
        uploads: Path,
        names: Iterable[str] = (),
        framed_by: str | None = None,
        card_address: str | None = None,
    ) -> None:
        """Guard an application.

        Args:
            app: what answers.
            uploads: the folder that uploads arrive in.
            names: by which it may be called, besides its addresses, localhost and this machine's name.
            framed_by: the site that may show it in a frame; None: no site may.
            card_address: where phones fetch cards, and by that name nothing else; None: there are no cards.
        """
        here = socket.gethostname().lower()
        self._app, self._uploads = app, uploads
        self._names = {"localhost", here, f"{here}.local", *(name.lower() for name in names)}
        self._card_name = (urlsplit(card_address).hostname or "") if card_address else None
        allowed = POLICY | {"frame-ancestors": framed_by or "'none'"}
        self._headers = HEADERS | {"content-security-policy": policy(allowed)}
        if framed_by is None:
            self._headers["x-frame-options"] = "DENY"  # for browsers that do not read the policy
        self._arriving = 0  # bytes that uploads under way have announced
        self._failed_logins: dict[str, list[float]] = {}  # when, by address, in the order of the last time

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        headers = Headers(scope=scope)
        refusal = self._refuse(scope, headers)
        if refusal:
            return await refusal(scope, receive, send)
        size = int(headers.get("content-length", 0)) if scope["path"].endswith(UPLOAD_PATH) else 0
        storing = {} if scope["path"].startswith(CACHED) else {"cache-control": "no-store"}
        self._arriving += size
        try:
            send = with_headers(self._watched(scope, send), self._headers | storing)
            await self._app(scope, receive, send)
        finally:
            self._arriving -= size

    def _refuse(self, scope: Scope, headers: Headers) -> Response | None:
        host = headers.get("host", "")
        name = urlsplit(f"//{host}").hostname or ""
        is_card = bool(
            self._card_name and scope["method"] in ("GET", "HEAD") and CARD.fullmatch(scope["path"])
        )
        if not (name in self._names or _is_address(name) or (is_card and name == self._card_name)):
            return PlainTextResponse(
                "This kiosk does not answer to that name; start it with --allowed-host NAME.", 421
            )
        origin = urlsplit(headers.get("origin", f"http://{host}"))
        if origin.netloc != host and origin.hostname not in self._names - {"localhost"}:
            return PlainTextResponse("Another site may not ask this kiosk.", 403)
        if len(scope["path"]) + len(scope["query_string"]) > MAX_ADDRESS:
            return PlainTextResponse("This address is too long.", 414)
        if not (is_card or (scope["path"].isprintable() and SERVED.fullmatch(scope["path"]))):
            return PlainTextResponse("There is nothing here.", 404)
        return self._refuse_size(scope["path"], headers) or self._refuse_login(scope)

    def _refuse_size(self, path: str, headers: Headers) -> Response | None:
        """The web server cuts a body where its announced length ends, so the announcement can be trusted."""
        if "transfer-encoding" in headers:
            return PlainTextResponse("A request must say how long it is.", 411)
        size, is_upload = int(headers.get("content-length", 0)), path.endswith(UPLOAD_PATH)
        if size > (MAX_UPLOAD_BYTES if is_upload else MAX_REQUEST_BYTES):
            return PlainTextResponse("This is too large.", 413)
        if is_upload and shutil.disk_usage(self._uploads).free - self._arriving - size < MIN_FREE_BYTES:
            return PlainTextResponse("There is no room for uploads at the moment.", 507)
        return None

    def _refuse_login(self, scope: Scope) -> Response | None:
        if not _is_login(scope):
            return None
        now, all_failed = time.monotonic(), self._failed_logins
        while all_failed and all_failed[oldest := next(iter(all_failed))][-1] <= now - LOGIN_SECONDS:
            del all_failed[oldest]
        failed = [at for at in all_failed.get(_client(scope), []) if at > now - LOGIN_SECONDS]
        if len(failed) < MAX_FAILED_LOGINS:
            return None
        wait = str(int(failed[0] + LOGIN_SECONDS - now) + 1)
        return PlainTextResponse("Too many wrong passwords: wait a minute.", 429, {"retry-after": wait})

    def _watched(self, scope: Scope, send: Send) -> Send:
        """Count a login that failed."""
        if not _is_login(scope):
            return send

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] >= 400:
                earlier = self._failed_logins.pop(_client(scope), [])  # and so to the end of the order
                self._failed_logins[_client(scope)] = [*earlier, time.monotonic()][-MAX_FAILED_LOGINS:]
            await send(message)

        return watched


def _is_login(scope: Scope) -> bool:
    return scope["method"] == "POST" and scope["path"].rstrip("/") == LOGIN_PATH


def _client(scope: Scope) -> str:
    return scope["client"][0] if scope.get("client") else ""


def _is_address(name: str) -> bool:
    """Whether it is an IP address: no name server can lead a page of somebody else's name to it."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
