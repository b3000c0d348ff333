"""Serves the page that computes in the visitors' browsers: files, and the headers that they need."""

import signal
import sys
import tempfile
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from v2f.kiosk.headers import with_headers
from v2f.kiosk.in_browser import PAGE_HEADERS, export
from v2f.kiosk.server import listen, web_server
from v2f.kiosk.settings import Settings
from v2f.kiosk.texts import SERVING
from v2f.models import Model


def serve(model: Model, host: str, port: int, settings: Settings) -> None:
    """Write the page to a temporary folder and serve it until Ctrl-C (KeyboardInterrupt) or SIGTERM (SystemExit).

    Args:
        model: as `in_browser.export` takes it.
        host: the address to listen on.
        port: 1 to 65535.
        settings: how the booth is set up.

    Raises:
        PortError: another program listens there.
        NoRuntimeError, WeightsError: as `in_browser.export` does.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with listen(host, port) as door, tempfile.TemporaryDirectory(prefix="v2f-page-") as folder:
        export(model, Path(folder), settings)
        print(SERVING.format(address=f"http://{host}:{port}"), flush=True)
        uvicorn.Server(web_server(application(Path(folder)))).run(sockets=[door])


def application(folder: Path) -> ASGIApp:
    """A web application that serves the files of a folder; browsers ask each time whether they have changed."""
    app = Starlette(routes=[Mount("/", StaticFiles(directory=folder, html=True))])

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, with_headers(send, PAGE_HEADERS | {"cache-control": "no-cache"}))

    return answer
