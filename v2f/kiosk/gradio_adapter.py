"""Everything that works around Gradio, in one place, each with its reason.

The page promises that nothing of a visitor stays. Gradio by itself keeps uploads, answers and session state, and opens
any file that a program names. A newer Gradio may make some of this unnecessary: try each
by taking it out and running tests/kiosk. One workaround lives in the browser: static/server.js.

This module imports gradio in functions only, because `keep_files_in` comes before Gradio's first import.
"""

import inspect
import logging
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from copy import copy
from functools import wraps
from pathlib import Path
from secrets import token_bytes
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError, validate_call
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from v2f.audio import Channel, Sound
from v2f.errors import UnreadableAudioError, V2FError
from v2f.kiosk.decoder import decode
from v2f.kiosk.guard import MAX_UPLOAD_BYTES

if TYPE_CHECKING:
    import gradio as gr
    from fastapi import FastAPI

QUEUE_SIZE = 32  # calls by programs that may wait
POLL_SECONDS = (
    0.1  # between two looks for such calls, and for their progress; Gradio's own are 0.001 and 0.01
)

Answer = dict[str, Any]

log = logging.getLogger(__name__)


# Files


def keep_files_in(folder: Path) -> None:
    """Make Gradio, and whatever else would write a temporary file, use this folder.

    To be called before gradio is imported, because parts of Gradio ask for the folder while they are imported.

    Args:
        folder: it exists, and the caller deletes it.
    """
    tempfile.tempdir = os.environ["GRADIO_TEMP_DIR"] = str(folder)


def import_gradio() -> None:
    """Import Gradio, but for its writing a file of hints for editors for each of its components, half of the time."""
    get_file = inspect.getfile

    def get_no_components_file(thing: Any) -> str:
        if type(thing).__name__ == "ComponentMeta":
            raise OSError  # Gradio then takes it for a component without a file, and goes on
        return get_file(thing)

    inspect.getfile = get_no_components_file  # type: ignore[assignment]
    try:
        import gradio  # noqa: F401
    finally:
        inspect.getfile = get_file


def read_once(
    path: str, uploads: Path, max_seconds: float, channel: Channel | None = None, search: bool = True
) -> Sound:
    """Read an upload and delete it, with the folder that Gradio made for it: Gradio would keep both.

    Args:
        path: as the page names it; it may be anything.
        uploads: the only folder that files are read from.
        max_seconds, channel, search: as `v2f.audio.read_sound` takes them.

    Returns:
        The recording.

    Raises:
        UnreadableAudioError: the file is no recording, or is not in `uploads`.
    """
    try:
        file = Path(path).resolve()
        if not file.is_relative_to(uploads.resolve()) or not file.is_file():
            raise ValueError
    except (ValueError, OSError):  # also a path that no file can have
        raise UnreadableAudioError("This file was not uploaded here.") from None
    try:
        return decode(file, max_seconds, channel, search)
    finally:
        file.unlink(missing_ok=True)
        if file.parent != uploads.resolve():
            with suppress(OSError):  # it holds another upload
                file.parent.rmdir()


def give_uploads_folders_of_their_own() -> None:
    """Gradio names an upload's folder by its contents: the first to read it would delete what another has sent too."""
    from gradio import route_utils

    class Upload(route_utils.GradioUploadFile):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            self.sha.update(token_bytes())

    route_utils.GradioUploadFile = Upload  # type: ignore[misc]


def delete_old_uploads(uploads: Path, seconds: float) -> None:
    """Delete what was not written to for so long: Gradio keeps uploads that broke off or were never read."""
    for path in sorted(uploads.rglob("*"), reverse=True):  # a folder after what lies in it
        with suppress(OSError):  # it has just been read, or holds something newer
            age = time.time() - path.stat().st_mtime
            if not -1 <= age <= seconds:  # negative: written before the clock was set back
                path.rmdir() if path.is_dir() else path.unlink()


async def _leave_in_place(path: str | Path | None) -> str | None:
    return None if path is None else str(path)


class Mishaps:
    """Middleware for requests that Gradio fails on: a plain answer, and one line in the log, without what was sent.

    Gradio answers 500 to what makes no sense, and logs pages of traceback; here that is 400. It is 404 where it began
    to send an upload that was read, and so deleted, meanwhile: its own recorder asks for the recording to play it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        failed = answered = False

        async def send_unless_failed(message: Message) -> None:
            nonlocal failed, answered
            failed = failed or message.get("status") == 500
            answered = answered or not failed
            if not failed:
                await send(message)

        status = 400
        try:
            await self._app(scope, receive, send_unless_failed)
        except Exception as error:
            failed = True
            if isinstance(error.__context__, FileNotFoundError):  # Starlette's, before it sends anything
                status = 404
            else:
                log.warning("%s %s: %s", scope.get("method"), scope["path"], type(error).__name__)
        if failed and answered:
            await send({"type": "http.response.body"})  # what was begun ends here
        elif failed:
            await Response(status_code=status)(scope, receive, send)


class ScriptFirst:
    """Middleware that has the browser run a script before Gradio's own; what Gradio is given as `head` comes after."""

    def __init__(self, app: ASGIApp, source: str) -> None:
        self._app = app
        self._tag = f'<head><script src="{source}"></script>'.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != scope.get("root_path", "") + "/":
            await self._app(scope, receive, send)
            return

        async def send_with_script(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [(name, value) for name, value in message["headers"] if name != b"content-length"]
                message = {**message, "headers": kept}
            elif message["type"] == "http.response.body":
                message = {**message, "body": message.get("body", b"").replace(b"<head>", self._tag, 1)}
            await send(message)

        # Plain, for in a compressed page there is no <head> to find.
        headers = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
        await self._app({**scope, "headers": headers}, receive, send_with_script)


# Functions


def server_function(question: Callable[..., Answer]) -> Callable[[Any], Answer]:
    """Wrap a function of named arguments as Gradio's server functions are: of one JSON value.

    Gradio calls a function with the page's value if its signature has a parameter, so the wrapper says it has one.

    Args:
        question: a function whose failures are answers too.

    Returns:
        A function of the same name, which takes a dictionary of the arguments; anything else counts as an empty one.
    """

    @wraps(question)
    def call(arguments: Any) -> Answer:
        return question(**(arguments if isinstance(arguments, dict) else {}))

    call.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter("arguments", inspect.Parameter.POSITIONAL_OR_KEYWORD)]
    )
    return call


def program_endpoint(function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a function for `gr.api`: Gradio checks no types and would log a traceback for every wrong recording.

    Args:
        function: with annotated parameters; it may raise V2FError.

    Returns:
        The function; wrong arguments and expected failures reach the calling program as one sentence.
    """
    import gradio as gr

    checked = validate_call(function)

    @wraps(function)
    def call(*arguments: Any) -> Any:
        try:
            return checked(*arguments)
        except ValidationError as error:
            raise gr.Error(f"{error.errors()[0]['msg']}.", print_exception=False) from None
        except V2FError as error:
            raise gr.Error(str(error), print_exception=False) from None

    return call


# The application


def mount(app: "FastAPI", page: "gr.Blocks", head: str, auth: tuple[str, str] | None) -> None:
    """Serve a page at the root of an application, without what Gradio adds by itself.

    Args:
        app: the application; other paths are mounted before.
        page: a finished page.
        head: HTML for the page's head.
        auth: the name and password that visitors must give, if any.
    """
    import gradio as gr

    for block in page.blocks.values():
        # Gradio would copy a file that a program names or, where it is an address, fetch it.
        block.async_move_resource_to_block_cache = _leave_in_place  # type: ignore[assignment, method-assign]
    page.preprocess_data = _checked_calls(page.preprocess_data)  # type: ignore[method-assign]
    # Only `launch` sets this, which is not used here; without it every file of this machine counts as an upload.
    page.has_launched = True
    give_uploads_folders_of_their_own()
    app.add_middleware(Mishaps)
    app.add_middleware(ScriptFirst, source="kiosk/frames.js")
    page.queue(max_size=QUEUE_SIZE, api_open=False)
    page._queue.sleep_when_free = page._queue.progress_update_sleep_when_free = POLL_SECONDS
    gr.mount_gradio_app(
        app,
        page,
        path="",
        head=head,
        # Fonts of the system: the theme's own would be fetched, and not seen.
        theme=gr.themes.Default(font="sans-serif", font_mono="monospace"),
        auth=auth,
        max_file_size=MAX_UPLOAD_BYTES,
        show_error=False,
        footer_links=[],
        run_history=False,  # it would store runs in the browser
        app_kwargs={"openapi_url": None},
        enable_monitoring=False,
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
    )
    _forget_session_state(app.routes[-1].app, page)  # type: ignore[attr-defined]


def _checked_calls(preprocess: Callable[..., Any]) -> Callable[..., Any]:
    """Gradio would log a traceback for every call whose arguments its own checks refuse."""
    import gradio as gr

    @wraps(preprocess)
    async def checked(function: Any, *arguments: Any, **options: Any) -> Any:
        if function.fn is None:  # it runs in the page alone
            raise gr.Error("This cannot be called.", print_exception=False)
        try:
            return await preprocess(function, *arguments, **options)
        except Exception:
            raise gr.Error("These are not the arguments of this call.", print_exception=False) from None

    return checked


def _forget_session_state(app: Any, page: "gr.Blocks") -> None:
    """Take away Gradio's memory of what each browser session was asked and answered, faces among it."""
    from gradio.state_holder import SessionState, StateHolder

    empty = SessionState(page)  # it describes every block of the page: too much work for every request

    class NoStateHolder(StateHolder):
        def __getitem__(self, session_id: str) -> SessionState:
            state = copy(empty)
            state.blocks_config = copy(page.default_config)
            state.config_values, state.state_data, state._state_ttl = {}, {}, {}
            return state

    app.state_holder = NoStateHolder()
    app.state_holder.set_blocks(page)
