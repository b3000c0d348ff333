"""The page's layout and events. What a recording becomes is in visit.py, how it looks in pictures.py."""

import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr
import numpy as np
from gradio.data_classes import FileData

from v2f.audio import NOISE_KINDS, read_audio
from v2f.errors import V2FError
from v2f.kiosk import pictures, texts
from v2f.kiosk.visit import Refusal, Visit, hear, hear_once, noise_faces
from v2f.pipeline import DURATIONS, Face, VoiceToFace

EXAMPLES = Path(__file__).parents[2] / "assets" / "examples"
FORGET_SECONDS = 300  # after the visitor's last touch the recording leaves the memory by itself
UPLOAD_SECONDS = 120  # an upload that its visitor abandoned is deleted from the disk after this long
AT_ONCE = 2  # visitors served at the same time; the others wait their turn
FIRST_SNR = 5  # dB; where the noise slider stands at first

log = logging.getLogger(__name__)


class Views(NamedTuple):
    """The parts that depend on the recording and the controls: HTML, or the components that show it."""

    headline: Any
    large: Any
    voice: Any
    noise_title: Any
    noise: Any


def build(engine: VoiceToFace) -> gr.Blocks:
    """The page around a loaded model, not yet served."""
    clips = sorted(EXAMPLES.glob("*.flac"))
    babble = [read_audio(clip) for clip in clips]
    redraw = partial(draw, engine, babble)
    _, *blank = redraw(None, list(DURATIONS), NOISE_KINDS[0], FIRST_SNR, False)
    with gr.Blocks(
        title=texts.TITLE, analytics_enabled=False, fill_width=True, delete_cache=(30, UPLOAD_SECONDS)
    ) as page:
        visit = gr.State(None, time_to_live=FORGET_SECONDS)
        plain_html(f"<header><b>v2f</b><span>{texts.TAGLINE}</span></header>", "top")
        with gr.Row(elem_id="main"):
            with gr.Column(elem_id="stage"):
                large = plain_html(Views(*blank).large, "large")
                recorder, drop, examples, forget = deck(len(clips))
            with gr.Column(elem_id="sheet"):
                views, controls = sheet(Views(*blank), large)
        plain_html(f"<footer>{texts.PRIVACY}</footer>", "privacy")

        quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        heard = [
            recorder.stop_recording(partial(receive, engine), recorder, [recorder, visit], **quiet),
            drop.upload(partial(receive, engine), drop, [drop, visit], **quiet),
            forget.click(lambda: None, None, visit, **quiet),
        ]
        for button, clip in zip(examples, clips, strict=True):
            heard.append(button.click(partial(hear, engine, clip), None, visit, **quiet))
        for event in heard:
            event.then(redraw, [visit, *controls], [visit, *views], **quiet)
        for control in controls:
            control.input(redraw, [visit, *controls], [visit, *views], trigger_mode="always_last", **quiet)

        def forget_visitor(request: gr.Request) -> None:
            """The tab was closed: drop its recording now, not at the end of Gradio's hour of grace."""
            page.state_holder.delete_state(request.session_hash)

        page.unload(forget_visitor)
    return page.queue(default_concurrency_limit=AT_ONCE)


def plain_html(value: str, elem_id: str) -> gr.HTML:
    """HTML in the page's own style, not in Gradio's."""
    return gr.HTML(value, elem_id=elem_id, apply_default_css=False)


def deck(examples: int) -> tuple[gr.Audio, gr.File, list[gr.Button], gr.Button]:
    """Where a voice comes from: the recorder, the place for files, the examples; and the way to forget it."""
    plain_html(f"<p>{texts.PROMPT}</p>", "prompt")
    with gr.Row(elem_id="deck"):
        recorder = gr.Audio(
            sources=["microphone"],
            type="filepath",
            label=texts.RECORDER,
            show_label=False,
            editable=False,
            buttons=[],
            waveform_options=gr.WaveformOptions(show_recording_waveform=False),
            elem_id="recorder",
        )
        drop = gr.File(file_types=["audio"], label=texts.DROP, show_label=False, elem_id="drop")
        drop.preprocess = upload_path  # type: ignore[method-assign, assignment]
        with gr.Row(elem_id="clips"):
            buttons = [
                gr.Button(texts.EXAMPLE.format(number=number), elem_classes="example", min_width=80)
                for number in range(1, examples + 1)
            ]
            forget = gr.Button(texts.FORGET, elem_id="forget", min_width=80)
    return recorder, drop, buttons, forget


def upload_path(upload: FileData | None) -> str | None:
    """An upload's place on the disk. Gradio's own leaves an empty file behind for every upload it hands on."""
    return upload.path if upload else None


def sheet(blank: Views, large: gr.HTML) -> tuple[Views, list[Any]]:
    """The two rows of faces and their controls: durations, kind of noise, its level, noise only."""
    headline = plain_html(blank.headline, "headline")
    durations = [(texts.SECONDS.format(seconds=seconds), seconds) for seconds in DURATIONS]
    chosen = gr.CheckboxGroup(durations, value=list(DURATIONS), label=texts.DURATIONS, elem_id="durations")
    voice = plain_html(blank.voice, "voice-strip")
    with gr.Column(elem_id="noise"):
        noise_title = plain_html(blank.noise_title, "noise-title")
        only = gr.Checkbox(label=texts.NOISE_ONLY, elem_id="noise-only")
        kinds = [(texts.NOISE_NAMES[kind], kind) for kind in NOISE_KINDS]
        kind = gr.Radio(
            kinds, value=NOISE_KINDS[0], label=texts.NOISE_KIND, container=False, elem_id="noise-kind"
        )
        snr = gr.Slider(-10, 30, FIRST_SNR, step=1, label=texts.SNR, buttons=[], elem_id="snr")
    noise = plain_html(blank.noise, "noise-strip")
    return Views(headline, large, voice, noise_title, noise), [chosen, kind, snr, only]


def receive(engine: VoiceToFace, upload: str | None) -> tuple[None, Visit | Refusal | None]:
    """An uploaded or recorded file: an empty component, ready for the next, and what was heard."""
    return None, hear_once(engine, Path(upload)) if upload else None


def draw(
    engine: VoiceToFace,
    babble: Sequence[np.ndarray],
    visit: Visit | Refusal | None,
    chosen: list[int],
    kind: str,
    snr: float,
    only: bool,
) -> tuple[Any, ...]:
    """The visit unchanged, which starts its time to live anew, then the page's Views of it as HTML."""
    recording = visit if isinstance(visit, Visit) else None
    chosen = sorted(chosen)
    noisy: list[Face | None] = [None] * (len(chosen) + 1)
    if recording or only:
        try:
            noisy = noise_faces(engine, recording, kind, None if only else snr, babble, chosen)
        except V2FError as error:
            raise gr.Error(str(error), title=texts.REFUSED, print_exception=False) from None
        except Exception:  # the page's outermost handler: the visitor gets a sentence, the log the traceback
            log.exception("The noise could not be turned into faces")
            raise gr.Error(texts.TROUBLE, title=texts.REFUSED, print_exception=False) from None
    name = texts.NOISE_NAMES[kind]
    caption = texts.ALONE.format(noise=name) if only else texts.MIXED.format(noise=name, snr=f"{snr:.0f}")
    return visit, *Views(
        headline=pictures.headline(visit),
        large=pictures.large(recording, noisy[-1], caption),
        voice=pictures.voice_row(recording, chosen),
        noise_title=pictures.noise_title(only),
        noise=pictures.strip("noise", chosen, noisy[:-1], f"{texts.FACE_ALT}, {caption}"),
    )
