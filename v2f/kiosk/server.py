"""Serves the page, and sees to it that nothing of a visitor stays, in memory or on the disk."""

import ctypes
import gc
import signal
import socket
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from pathlib import Path
from threading import Thread

import uvicorn
from starlette.types import ASGIApp

from v2f.errors import V2FError
from v2f.kiosk import decoder, gradio_adapter, showpieces
from v2f.kiosk.connections import Connection, allow_many
from v2f.kiosk.sessions import SessionStore
from v2f.kiosk.settings import CORES, Settings
from v2f.kiosk.status import Status
from v2f.kiosk.status_page import StatusPage
from v2f.kiosk.texts import PORT_TAKEN, SERVING, STATUS
from v2f.models.cores import use_cores
from v2f.pipeline import VoiceToFace

ONLY_THIS_MACHINE = "127.0.0.1"
SWITCH_SECONDS = (
    0.0002  # after which one thread of Python lets another run: most answers are short, and hold up faces
)
SHUTDOWN_SECONDS = 2  # open pages hold a connection for as long as they live; a server that stops cuts it
SESSION_SECONDS = 90  # the page forgets by itself; the server forgets for pages that sent nothing for so long
UPLOAD_SECONDS = 120  # an upload that its visitor abandoned is deleted from the disk after this long
CLEANUP_SECONDS = 5  # between two looks
TRIM_EVERY = 12  # looks: the next faces take a tenth longer, because memory has to be fetched back
M_PERTURB = -6  # malloc.h's number


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
    other user of the machine can read and which goes when the server does.

    Args:
        engine: the model.
        host: the address to listen on.
        port: 1 to 65535.
        settings: how the booth is set up.
        auth: the name and password that visitors must give, if any.

    Raises:
        PortError: another program listens there, or at the port of the host's page.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    door = listen(host, port)
    hosts_port = settings.status_port
    hosts_door = listen(ONLY_THIS_MACHINE, hosts_port, "--status-port") if hosts_port else None
    decoder.start()  # before keep_files_in, where its socket would be taken for an upload that was abandoned
    allow_many()
    erase_freed_memory()
    use_cores(CORES if engine.runtime.device.type == "cpu" else 1)  # a GPU is given a whole batch
    sys.setswitchinterval(SWITCH_SECONDS)
    with door, tempfile.TemporaryDirectory(prefix="v2f-uploads-") as folder, ThreadPoolExecutor(1) as beside:
        uploads = Path(folder)
        gradio_adapter.keep_files_in(uploads)
        shown = beside.submit(showpieces.compute, engine, showpieces.example_voices())
        gradio_adapter.import_gradio()  # not before: see keep_files_in
        from v2f.kiosk.page import application

        sessions, status = SessionStore(SESSION_SECONDS), Status()
        app = application(engine, shown.result(), sessions, uploads, settings, auth, status)
        gc.freeze()  # what was imported stays: to search it for garbage would stop all visitors for a while
        Thread(target=clean_up, args=[sessions, uploads], daemon=True).start()
        if hosts_door:
            page = StatusPage(status, settings, describe(engine, settings), app.state.forget_all)
            hosts_server = uvicorn.Server(web_server(page.application()))
            Thread(target=hosts_server.run, args=[[hosts_door]], daemon=True).start()
        print(SERVING.format(address=f"http://{host}:{port}"), flush=True)
        if hosts_door:
            print(STATUS.format(address=f"http://{ONLY_THIS_MACHINE}:{hosts_port}"), flush=True)
        uvicorn.Server(web_server(app)).run(sockets=[door])


def listen(host: str, port: int, option: str = "--port") -> socket.socket:
    """Open the socket that a page is served on. Raises PortError, which names the option that gave the port."""
    try:
        door = socket.create_server((host, port))
    except OSError as error:
        raise PortError(PORT_TAKEN.format(host=host, port=port, option=option)) from error
    # An answer goes out in pieces: without this its last one waits up to 40 ms for word of the others. asyncio sees
    # to it only where it opens the socket itself.
    door.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return door


def describe(engine: VoiceToFace, settings: Settings) -> str:
    """The model, for the host."""
    size = engine.model.config.image_size
    return f"{settings.weights}, {size}x{size}, {engine.runtime.device.type}"


def web_server(app: ASGIApp) -> uvicorn.Config:
    """Settings of the web server for an application."""
    return uvicorn.Config(
        app, http=Connection, ws="none", log_level="warning", timeout_graceful_shutdown=SHUTDOWN_SECONDS
    )


def clean_up(sessions: SessionStore, uploads: Path) -> None:
    """For as long as the process lives, forget old cards, and the sessions and files of pages that sent nothing."""
    for look in count():
        time.sleep(CLEANUP_SECONDS)
        sessions.forget_untouched()
        sessions.forget_old_cards()
        gradio_adapter.delete_old_uploads(uploads, UPLOAD_SECONDS)
        if look % TRIM_EVERY == 0:
            return_freed_memory()


def erase_freed_memory() -> None:
    """Have freed memory overwritten from now on: else what a visitor said would lie in it until it is used again."""
    with suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL(None).mallopt(M_PERTURB, 0xA5)


def return_freed_memory() -> None:
    """Return freed memory to the system: glibc would keep it in pieces for hours of visitors."""
    with suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)
