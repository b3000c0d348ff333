"""Serves the page, and sees to it that nothing of a visitor stays on the disk when it stops."""

import os
import signal
import socket
import sys
import tempfile

import gradio as gr
import uvicorn
from fastapi import FastAPI

from v2f.errors import V2FError
from v2f.kiosk import texts
from v2f.kiosk.page import build
from v2f.kiosk.theme import style_sheet, theme
from v2f.pipeline import VoiceToFace

LARGEST_UPLOAD = "1gb"  # three hours of 16 kHz wav are 0.35 GB
GOODBYE_SECONDS = 2  # open pages hold a connection for as long as they live; a server that stops cuts it


class PortError(V2FError):
    """The page cannot be served at this address, mostly because another program is."""


def serve(engine: VoiceToFace, host: str = "127.0.0.1", port: int = 7860) -> None:
    """Serve the page until Ctrl-C (KeyboardInterrupt) or SIGTERM (SystemExit).

    Uploads and recordings pass through a folder of this server's own, which no other user of the machine can
    read and which goes when the server does. Raises PortError.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        door = socket.create_server((host, port))
    except OSError as error:
        raise PortError(texts.PORT_TAKEN.format(host=host, port=port)) from error
    with door, tempfile.TemporaryDirectory(prefix="v2f-uploads-") as uploads:
        os.environ["GRADIO_TEMP_DIR"] = uploads  # the only way to tell Gradio, which reads it in `build`
        config = uvicorn.Config(
            application(build(engine)), log_level="warning", timeout_graceful_shutdown=GOODBYE_SECONDS
        )
        print(texts.SERVING.format(address=f"http://{host}:{port}"), flush=True)
        uvicorn.Server(config).run(sockets=[door])


def application(page: gr.Blocks) -> FastAPI:
    """The page as a web application, with all that Gradio would add to it left out."""
    return gr.mount_gradio_app(
        FastAPI(docs_url=None, redoc_url=None, openapi_url=None),
        page,
        path="",
        theme=theme(),
        head=f"<style>{style_sheet()}</style>",  # as it stands; `css` rewrites selectors and loses some
        max_file_size=LARGEST_UPLOAD,
        show_error=False,
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
    )
