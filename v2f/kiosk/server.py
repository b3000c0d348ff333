"""Serves the page, and sees to it that nothing of a visitor stays, in memory or on the disk."""

import ctypes
import os
import signal
import socket
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from threading import Thread

import torch
import uvicorn

from v2f.errors import V2FError
from v2f.kiosk import uploads
from v2f.kiosk.sessions import Visits
from v2f.kiosk.settings import Settings
from v2f.kiosk.texts import PORT_TAKEN, SERVING
from v2f.pipeline import VoiceToFace

GOODBYE_SECONDS = 2  # open pages hold a connection for as long as they live; a server that stops cuts it
SILENT_SECONDS = 90  # the page forgets by itself; the server forgets for pages that fell silent for so long
UPLOAD_SECONDS = 120  # an upload that its visitor abandoned is deleted from the disk after this long
SWEEP_SECONDS = 5


class PortError(V2FError):
    """The page cannot be served at this address, mostly because another program is."""


def serve(
    engine: VoiceToFace,
    host: str = "127.0.0.1",
    port: int = 7860,
    settings: Settings = Settings(),  # noqa: B008, frozen
    auth: tuple[str, str] | None = None,
) -> None:
    """Serve the page until Ctrl-C (KeyboardInterrupt) or SIGTERM (SystemExit).

    Uploads, and whatever else would be a temporary file, pass through a folder of this server's own, which no
    other user of the machine can read and which goes when the server does. `auth` is the name and password that
    visitors must give. Raises PortError.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        door = socket.create_server((host, port))
    except OSError as error:
        raise PortError(PORT_TAKEN.format(host=host, port=port)) from error
    torch.set_num_threads(1)  # a question a core: threads that share one question stall when cores are busy
    with door, tempfile.TemporaryDirectory(prefix="v2f-uploads-") as folder:
        tempfile.tempdir = os.environ["GRADIO_TEMP_DIR"] = folder
        from v2f.kiosk.page import application  # not before: Gradio asks for its folder while it is imported

        visits = Visits(SILENT_SECONDS)
        app = application(engine, visits, Path(folder), settings, auth)
        Thread(target=sweep, args=[visits, Path(folder)], daemon=True).start()
        config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=GOODBYE_SECONDS)
        print(SERVING.format(address=f"http://{host}:{port}"), flush=True)
        uvicorn.Server(config).run(sockets=[door])


def sweep(visits: Visits, folder: Path) -> None:
    """Forget, for as long as the process lives, the visits and files whose pages went without a word."""
    while True:
        time.sleep(SWEEP_SECONDS)
        visits.sweep()
        uploads.sweep(folder, UPLOAD_SECONDS)
        give_back_memory()


def give_back_memory() -> None:
    """Hand freed memory to the system, where glibc would keep it in pieces for hours of visitors."""
    with suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)
