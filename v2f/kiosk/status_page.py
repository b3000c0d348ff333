"""The host's page: how the booth is doing, and a button that brings it back to its beginning.

It has a port of its own, at 127.0.0.1 whatever the kiosk listens on: no proxy in front of the kiosk leads to it.
From another machine: ssh -L 7861:127.0.0.1:7861 BOOTH, or there: curl 127.0.0.1:7861
"""

from collections.abc import Callable
from datetime import datetime
from html import escape
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from v2f.audio.microphone import list_microphones
from v2f.errors import MicrophoneError
from v2f.kiosk.headers import HEADERS
from v2f.kiosk.settings import Settings
from v2f.kiosk.status import Status
from v2f.kiosk.texts import HOST, LANGUAGES, TEXTS

REFRESH_SECONDS = 15
TIME = "%H:%M"
POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"
HEADERS_HERE = {
    **HEADERS,
    "cache-control": "no-store",
    "content-security-policy": POLICY,
    "referrer-policy": "same-origin",  # with none, the button's origin would be unknown
    "x-frame-options": "DENY",
}
PAGE = """\
<!doctype html><html lang="{tag}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="{refresh}"><title>{title}</title>
<style>body {{ font: 1.125rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 2rem auto; padding: 0 1rem }}
dt {{ font-weight: 600; margin-top: .75rem }} dd {{ margin: 0 }}
button {{ font: inherit; padding: .5rem 1rem; margin-top: 1.5rem }}
</style><h1>{title}</h1>
<dl>
{facts}
</dl>
<form method="post" action="/reset"><button>{reset}</button></form><p>{consequence}</p>
</html>
"""


class StatusPage:
    """What the host sees and may press."""

    def __init__(
        self, status: Status, settings: Settings, model: str, forget_all: Callable[[], None]
    ) -> None:
        """Describe a kiosk.

        Args:
            status: what is counted.
            settings: how the booth is set up; the page speaks its language.
            model: in words.
            forget_all: drops all that visitors said.
        """
        self._status, self._settings = status, settings
        self._model, self._forget_all = model, forget_all
        self._column = LANGUAGES.index(settings.language)

    def application(self) -> Starlette:
        """The page as a web application, for a socket that only this machine reaches."""
        routes = [Route("/", self._show), Route("/reset", self._reset, methods=["POST"])]
        hosts = Middleware(
            TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"], www_redirect=False
        )
        return Starlette(routes=routes, middleware=[hosts])

    def facts(self) -> list[tuple[str, str]]:
        """What is known, as pairs of a name and a text."""
        today = self._status.today()
        problems = [f"{self._title(key)}: {count}" for key, count in today.problems.most_common()]
        if today.last_problem:
            problems.append(self._say(HOST["last"], time=today.last_problem.strftime(TIME)))
        return [
            (self._say(HOST["visits"]), str(today.visits)),
            (self._say(TEXTS["mic"]), self._microphone(today.heard)),
            (self._say(HOST["model"]), self._model),
            (self._say(HOST["problems"]), "\n".join(problems) or self._say(HOST["none"])),
            (self._say(HOST["started"]), self._status.started.strftime(f"%Y-%m-%d {TIME}")),
        ]

    def _microphone(self, heard: tuple[str, datetime] | None) -> str:
        """The machine's microphones, if it records, and what the last recording said of the one in use."""
        told = []
        if self._settings.local:
            try:
                names = [microphone.name for microphone in list_microphones()]
                told.append(", ".join(names) or self._say(TEXTS["micnone"]))
            except MicrophoneError as error:
                told.append(str(error))
        if heard:
            key, when = heard
            what = self._title(key) if key else self._say(HOST["heard"])
            told.append(f"{when.strftime(TIME)}: {what}")
        return "\n".join(told) or self._say(HOST["unused"])

    def _show(self, request: Request) -> Response:
        facts = "\n".join(
            f"<dt>{escape(name)}</dt><dd>{escape(text).replace(chr(10), '<br>')}</dd>"
            for name, text in self.facts()
        )
        page = PAGE.format(
            tag=self._settings.language,
            refresh=REFRESH_SECONDS,
            title=escape(self._say(HOST["title"])),
            facts=facts,
            reset=escape(self._say(HOST["reset"])),
            consequence=escape(self._say(HOST["reset2"])),
        )
        return HTMLResponse(page, headers=HEADERS_HERE)

    def _reset(self, request: Request) -> Response:
        """Forget all that visitors said, and have every page begin anew; only this page's own button may ask."""
        host = request.headers.get("host", "")
        if urlsplit(request.headers.get("origin", f"//{host}")).netloc != host:
            return PlainTextResponse("Another site may not ask this.", 403)
        self._forget_all()
        self._status.begin_anew()
        return RedirectResponse("/", 303)

    def _title(self, key: str) -> str:
        """Of a problem."""
        return self._say(TEXTS[f"e_{key}"])

    def _say(self, texts: tuple[str, str, str], **places: object) -> str:
        return texts[self._column].format(**places)
