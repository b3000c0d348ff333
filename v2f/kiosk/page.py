"""The page: one component that holds the kiosk, the fallback recorder, and the endpoints for programs.

The kiosk itself is static/: kiosk.html, kiosk.css and the modules that kiosk.js starts. It asks Python by the
questions of booth_service.py.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from v2f.assets import ASSETS, EXAMPLES
from v2f.kiosk import gradio_adapter
from v2f.kiosk.api import add_endpoints
from v2f.kiosk.booth_service import BoothService
from v2f.kiosk.cards import Cards
from v2f.kiosk.find_my_voice import FindMyVoice
from v2f.kiosk.guard import Guard
from v2f.kiosk.layout import STATIC, STYLES, page_config
from v2f.kiosk.sessions import SessionStore
from v2f.kiosk.settings import Settings
from v2f.kiosk.showpieces import Showpieces
from v2f.kiosk.status import Status
from v2f.kiosk.texts import LANGUAGES, TEXTS
from v2f.pipeline import VoiceToFace

HEAD = (
    "".join(f'<link rel="stylesheet" href="kiosk/{name}.css">' for name in STYLES)
    + '<link rel="modulepreload" href="kiosk/kiosk.js"><link rel="icon" href="data:,">'
)
START = """import(new URL('kiosk/kiosk.js', document.baseURI)).then(({ start }) =>
    start({ element, server, upload, config: props.config, needRecorder: () => trigger('fallback') }))"""


def application(
    engine: VoiceToFace,
    shown: Showpieces,
    sessions: SessionStore,
    uploads: Path,
    settings: Settings,
    auth: tuple[str, str] | None = None,
    status: Status | None = None,
) -> FastAPI:
    """Build the page around a loaded model, as a web application.

    Args:
        engine: the model.
        shown: what the page has before anyone speaks.
        sessions: where visitors' recordings are kept.
        uploads: the folder that `gradio_adapter.keep_files_in` was told.
        settings: how the booth is set up.
        auth: the name and password that visitors must give, if any.
        status: where what happens is counted.

    Returns:
        An ASGI application, whose `state.forget_all()` drops the sessions of all visitors.
    """
    service = BoothService(engine, shown, sessions, uploads, settings)
    status = status or Status()
    questions = service.questions() + FindMyVoice(engine, sessions, service.queue).questions()
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.state.forget_all = service.forget_all
    if settings.card_address:
        cards = Cards(settings.card_address, sessions, service.queue)
        questions += cards.questions()
        app.router.routes.append(cards.route())
    questions = [status.watched(question) for question in questions] + status.questions()
    app.mount("/kiosk", StaticFiles(directory=STATIC))
    app.mount("/fonts", StaticFiles(directory=ASSETS / "fonts"))
    app.mount("/examples", StaticFiles(directory=EXAMPLES))
    app.add_middleware(
        Guard,
        uploads=uploads,
        names=settings.names,
        framed_by=settings.framed_by,
        card_address=settings.card_address,
    )
    gradio_adapter.mount(app, build(service, questions, settings), HEAD, auth)
    return app


def build(service: BoothService, questions: list[Callable[..., Any]], settings: Settings) -> gr.Blocks:
    """Lay out the page, not yet served; `questions` are what it can ask."""
    with gr.Blocks(
        title=TEXTS["title"][LANGUAGES.index(settings.language)], analytics_enabled=False, fill_width=True
    ) as page:
        kiosk = gr.HTML(
            html_template=(STATIC / "kiosk.html").read_text("utf-8"),
            js_on_load=START,
            apply_default_css=False,
            elem_id="kiosk",
            server_functions=[gradio_adapter.server_function(question) for question in questions],
            config=page_config(settings, service.engine.model, service.example_faces, service.typical_scores),
        )
        recorder = gr.Audio(
            sources=["microphone"], type="filepath", editable=False, visible=False, elem_id="fallback"
        )
        silent: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "queue": False}
        kiosk.fallback(lambda: gr.update(visible=True), None, recorder, **silent)
        recorder.stop_recording(None, recorder, None, js="(file) => window.v2f.readRecording(file)", **silent)
        add_endpoints(service)
    return page
