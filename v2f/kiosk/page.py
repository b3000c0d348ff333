"""The page: one component that holds the kiosk, the fallback recorder, and the endpoints for programs.

The kiosk itself is static/: kiosk.html, kiosk.css and the modules that kiosk.js starts. It asks Python by the
questions of booth_service.py.
"""

from pathlib import Path
from typing import Any

import gradio as gr
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from v2f.assets import ASSETS, EXAMPLES
from v2f.audio import read_audio
from v2f.kiosk import gradio_adapter
from v2f.kiosk.api import add_endpoints
from v2f.kiosk.booth_service import BoothService
from v2f.kiosk.guard import Guard
from v2f.kiosk.sessions import SessionStore
from v2f.kiosk.settings import Settings
from v2f.kiosk.texts import LANGUAGES, TEXTS
from v2f.kiosk.wire import MAX_UPLOAD_SECONDS, TIMELINE_BARS, TIMELINE_SECONDS
from v2f.pipeline import DURATIONS, VoiceToFace

STATIC = Path(__file__).parent / "static"
HEAD = (
    '<link rel="stylesheet" href="kiosk/kiosk.css"><link rel="stylesheet" href="kiosk/screens.css">'
    '<link rel="modulepreload" href="kiosk/kiosk.js">'
    '<link rel="icon" href="data:,">'
)
START = """import(new URL('kiosk/kiosk.js', document.baseURI)).then(({ start }) =>
    start({ element, server, upload, config: props.config, needRecorder: () => trigger('fallback') }))"""


def application(
    engine: VoiceToFace,
    sessions: SessionStore,
    uploads: Path,
    settings: Settings,
    auth: tuple[str, str] | None = None,
) -> FastAPI:
    """Build the page around a loaded model, as a web application.

    Args:
        engine: the model.
        sessions: where visitors' recordings are kept.
        uploads: the folder that `gradio_adapter.keep_files_in` was told.
        settings: how the booth is set up.
        auth: the name and password that visitors must give, if any.

    Returns:
        An ASGI application.
    """
    examples = [read_audio(clip) for clip in sorted(EXAMPLES.glob("*.flac"))]
    service = BoothService(engine, examples, sessions, uploads, settings)
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.mount("/kiosk", StaticFiles(directory=STATIC))
    app.mount("/fonts", StaticFiles(directory=ASSETS / "fonts"))
    app.mount("/examples", StaticFiles(directory=EXAMPLES))
    app.add_middleware(Guard, uploads=uploads, names=settings.names)
    gradio_adapter.mount(app, build(service, settings), HEAD, auth)
    return app


def build(service: BoothService, settings: Settings) -> gr.Blocks:
    """Lay out the page, not yet served."""
    with gr.Blocks(
        title=TEXTS["title"][LANGUAGES.index(settings.language)], analytics_enabled=False, fill_width=True
    ) as page:
        kiosk = gr.HTML(
            html_template=(STATIC / "kiosk.html").read_text("utf-8"),
            js_on_load=START,
            apply_default_css=False,
            elem_id="kiosk",
            server_functions=[gradio_adapter.server_function(question) for question in service.questions()],
            config={
                "texts": TEXTS,
                "languages": LANGUAGES,
                "durations": DURATIONS,
                "timeline": {"seconds": TIMELINE_SECONDS, "bars": TIMELINE_BARS},
                "max_upload_seconds": MAX_UPLOAD_SECONDS,
                "example_strip": service.example_strip,
                "kiosk": settings.kiosk,
                "language": settings.language,
                "idle": settings.idle_seconds,
                "local": settings.local,
            },
        )
        recorder = gr.Audio(
            sources=["microphone"], type="filepath", editable=False, visible=False, elem_id="fallback"
        )
        silent: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "queue": False}
        kiosk.fallback(lambda: gr.update(visible=True), None, recorder, **silent)
        recorder.stop_recording(None, recorder, None, js="(file) => window.v2f.readRecording(file)", **silent)
        add_endpoints(service)
    return page
