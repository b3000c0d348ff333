"""The real web application in this process, for tests that ask it over HTTP."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any
from unittest.mock import patch

import httpx
import uvicorn

from v2f.kiosk import showpieces
from v2f.kiosk.server import listen, web_server
from v2f.kiosk.sessions import SessionStore
from v2f.kiosk.settings import Settings
from v2f.pipeline import VoiceToFace


@dataclass
class Served:
    """An application that answers at `address`; `uploads` is where it puts files."""

    app: Any
    address: str
    sessions: SessionStore
    uploads: Path
    client: httpx.Client

    def files(self) -> list[Path]:
        return [path for path in self.uploads.rglob("*") if path.is_file()]

    def ask(self, name: str, question: Any, client: httpx.Client | None = None) -> httpx.Response:
        """Ask as Gradio's page does."""
        client = client or self.client
        config = client.get("/config").raise_for_status().json()
        [page] = [part["id"] for part in config["components"] if part["type"] == "html"]
        body = {"data": question, "component_id": page, "session_hash": "a1b2c3", "fn_name": name}
        return client.post("/gradio_api/component_server", json=body)

    def upload(self, file: Path) -> str:
        with file.open("rb") as opened:
            answer = self.client.post("/gradio_api/upload", files={"files": (file.name, opened)})
        [path] = answer.raise_for_status().json()
        return path


@contextmanager
def served(
    engine: VoiceToFace, uploads: Path, settings: Settings | None = None, auth: tuple[str, str] | None = None
) -> Iterator[Served]:
    """Serve the page on a free port for as long as the context lasts."""
    sessions = SessionStore(600)
    with (
        patch.dict(os.environ, GRADIO_TEMP_DIR=str(uploads)),
        listen("127.0.0.1", 0) as door,
    ):
        from v2f.kiosk.page import application

        shown = showpieces.compute(engine, showpieces.example_voices())
        app = application(engine, shown, sessions, uploads, settings or Settings(), auth)
        server = uvicorn.Server(web_server(app))
        thread = Thread(target=server.run, args=[[door]], daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        address = f"http://127.0.0.1:{door.getsockname()[1]}"
        with httpx.Client(base_url=address, timeout=60) as client:
            yield Served(app, address, sessions, uploads, client)
        server.should_exit = True
        thread.join()
