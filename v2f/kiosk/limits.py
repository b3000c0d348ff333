"""How much a request may carry. Gradio limits single files, but neither their sum nor what functions are told."""

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

UPLOAD = "/upload"  # Gradio's path for files, at the end of the address
LARGEST_UPLOAD = 1 << 30  # bytes; three hours of 16 kHz wav are 0.35 GB
LARGEST = 1 << 20  # bytes of any other request; ten seconds of sound are 430,000


class LimitedBodies:
    """Answers 413 to requests that announce too many bytes, 411 to those that do not say how many there will be.

    The web server cuts a body where its announced length ends, so the announcement can be trusted.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer: ASGIApp = self._app
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            limit = LARGEST_UPLOAD if scope["path"].endswith(UPLOAD) else LARGEST
            if "transfer-encoding" in headers:
                answer = Response(status_code=411)
            elif int(headers.get("content-length", 0)) > limit:
                answer = Response(status_code=413)
        await answer(scope, receive, send)
