"""The page: one component that holds the kiosk, the fallback recorder, and the endpoints for programs.

The kiosk itself is static/: kiosk.html, kiosk.css and the modules that kiosk.js starts. It asks Python by the
functions of functions.py.
"""

from pathlib import Path
from typing import Any

import gradio as gr
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from gradio.state_holder import SessionState, StateHolder

from v2f.assets import ASSETS, EXAMPLES
from v2f.audio import read_audio
from v2f.kiosk.api import add_endpoints
from v2f.kiosk.booth_service import LONGEST_SECONDS, Functions
from v2f.kiosk.limits import LARGEST_UPLOAD, LimitedBodies
from v2f.kiosk.sessions import Visits
from v2f.kiosk.settings import Settings
from v2f.kiosk.texts import LANGUAGES, TEXTS
from v2f.pipeline import DURATIONS, VoiceToFace

STATIC = Path(__file__).parent / "static"
QUEUE = 32  # calls by programs that may wait


def application(
    engine: VoiceToFace,
    visits: Visits,
    uploads: Path,
    settings: Settings,
    auth: tuple[str, str] | None = None,
) -> FastAPI:
    """The page around a loaded model as a web application, with all that Gradio would add to it left out.

    `uploads` is the folder that Gradio was told to put files into.
    """
    examples = [read_audio(clip) for clip in sorted(EXAMPLES.glob("*.flac"))]
    functions = Functions(engine, examples, visits, uploads, settings.local, settings.device)
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(LimitedBodies)
    app.mount("/kiosk", StaticFiles(directory=STATIC))
    app.mount("/fonts", StaticFiles(directory=ASSETS / "fonts"))
    app.mount("/examples", StaticFiles(directory=EXAMPLES))
    page = build(functions, settings)
    gr.mount_gradio_app(
        app,
        page,
        path="",
        head=(
            '<link rel="stylesheet" href="kiosk/kiosk.css"><link rel="modulepreload" href="kiosk/kiosk.js">'
            '<link rel="icon" href="data:,">'
        ),
        auth=auth,
        max_file_size=LARGEST_UPLOAD,
        show_error=False,
        footer_links=[],
        run_history=False,
        app_kwargs={"openapi_url": None},
        enable_monitoring=False,
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
    )
    mounted = app.routes[-1].app  # type: ignore[attr-defined]
    mounted.state_holder = Forgetful()
    mounted.state_holder.set_blocks(page)
    return app


def build(functions: Functions, settings: Settings) -> gr.Blocks:
    """The page, not yet served."""
    with gr.Blocks(
        title=TEXTS["title"][LANGUAGES.index(settings.language)], analytics_enabled=False, fill_width=True
    ) as page:
        kiosk = gr.HTML(
            html_template=(STATIC / "kiosk.html").read_text(),
            js_on_load=(
                "import(new URL('kiosk/kiosk.js', document.baseURI)).then(({ start }) =>"
                " start({ element, server, upload, config: props.config, needRecorder: () => trigger('fallback') }))"
            ),
            apply_default_css=False,
            elem_id="kiosk",
            server_functions=functions.for_gradio(),
            config={
                "texts": TEXTS,
                "languages": LANGUAGES,
                "durations": DURATIONS,
                "longest": LONGEST_SECONDS,
                "welcome": functions.welcome,
                "kiosk": settings.kiosk,
                "language": settings.language,
                "idle": settings.idle_seconds,
                "local": settings.local,
            },
        )
        recorder = gr.Audio(
            sources=["microphone"], type="filepath", editable=False, visible=False, elem_id="fallback"
        )
        quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "queue": False}
        kiosk.fallback(lambda: gr.update(visible=True), None, recorder, **quiet)
        recorder.stop_recording(None, recorder, None, js="(file) => window.v2f.hear(file)", **quiet)
        add_endpoints(functions)
    for block in page.blocks.values():
        block.async_move_resource_to_block_cache = as_it_is  # type: ignore[method-assign]
    page.has_launched = True  # else it takes every file of this machine for an upload; `launch` would set it
    return page.queue(max_size=QUEUE, api_open=False)


async def as_it_is(path: str | Path | None) -> str | None:
    """Leave a file that a program names where it is: Gradio would copy it, or fetch it if it is an address."""
    return None if path is None else str(path)


class Forgetful(StateHolder):
    """Gradio's memory of what each session was asked and answered, faces among it: here it has none."""

    def __getitem__(self, session_id: str) -> SessionState:
        return SessionState(self.blocks)
