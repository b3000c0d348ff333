"""What the page shows of a visit, as HTML: portraits, the waveform, the strips of faces, the words over them.

Every portrait is the generator's 64 x 64 picture itself, inside an oval. The one enlargement filter
(page.css) is the same for all of them, so a difference between two faces is the model's own.
"""

import base64
import html
from collections.abc import Sequence
from io import BytesIO

import numpy as np
from PIL import Image

from v2f.audio import SAMPLE_RATE
from v2f.kiosk import texts
from v2f.kiosk.visit import LONGEST_SECONDS, Refusal, Visit
from v2f.pipeline import DURATIONS, Face

HEIGHTS = dict(zip(DURATIONS, (0.45, 0.55, 0.65, 0.80, 1.0), strict=True))  # of the longest one's portrait
COLUMNS = dict(zip(DURATIONS, (15.7, 17.3, 19.2, 21.9, 25.9), strict=True))  # shares of the strip's width
RAIL_SECONDS = max(DURATIONS)  # the waveform shows the part that the strip is cut from
BARS = 200
FRAME = SAMPLE_RATE // 50  # one decision of `detect_speech`

SILHOUETTE = (
    '<svg class="sil" viewBox="0 0 80 100" preserveAspectRatio="xMidYMid slice" aria-hidden="true"><path d="'
    "M40 20c11 0 18.5 8 18.5 20 0 10-4.5 18.5-9.5 22v6c0 4 6 6 14 9s17 8 17 23H0c0-15 9-20 17-23s14-5 14-9"
    'v-6c-5-3.5-9.5-12-9.5-22C21.5 28 29 20 40 20z"/></svg>'
)


def headline(visit: Visit | Refusal | None) -> str:
    """The welcome, or why a recording gave no face, or which part of it was used; else nothing."""
    if visit is None:
        return f'<div class="welcome"><h1>{texts.HEADLINE}</h1><p>{texts.LEDE}</p></div>'
    if isinstance(visit, Refusal):
        sentence = html.escape(visit.sentence)
        return f'<div class="alert" role="alert"><h2>{texts.REFUSED}</h2><p>{sentence}</p></div>'
    if visit.shortened:
        return f'<p class="note" role="status">{texts.SHORTENED.format(seconds=LONGEST_SECONDS)}</p>'
    return ""


def large(visit: Visit | None, noisy: Face | None, caption: str) -> str:
    """The whole recording's face, and beside it the one in noise, described by `caption`."""
    portraits: list[tuple[str, Face | None, str]] = []
    if visit:
        whole = texts.WHOLE.format(seconds=visit.waveform.size / SAMPLE_RATE)
        portraits.append(("voice", visit.faces[-1], whole))
    if noisy:
        portraits.append(("noise", noisy, caption))
    figures = [
        f'<figure class="portrait {kind}">{oval(face, words)}'
        f"<figcaption>{html.escape(words)}{score(face)}</figcaption></figure>"
        for kind, face, words in portraits or [("voice", None, "")]
    ]
    return f'<div class="hero of-{len(figures)}">{"".join(figures)}</div>'


def voice_row(visit: Visit | None, chosen: Sequence[int]) -> str:
    """The waveform, once there is one, and the faces after the chosen durations."""
    if visit is None:
        return strip("voice", chosen, [None] * len(chosen), texts.FACE_ALT)
    faces = [visit.faces[DURATIONS.index(seconds)] for seconds in chosen]
    recorded = visit.waveform.size / SAMPLE_RATE
    why = [texts.SHORTER if seconds > recorded else texts.NO_SPEECH for seconds in chosen]
    key = "".join(
        f'<i class="k-{look}"></i>{word}'
        for look, word in (("speech", texts.SPEECH), ("pause", texts.PAUSE), ("critic", texts.CRITIC))
    )
    return (
        f'<p class="lane-head"><b>{texts.WAVEFORM}</b><span class="key">{key}</span></p>'
        + waveform(visit.waveform, visit.speech, chosen)
        + strip("voice", chosen, faces, texts.FACE_ALT, why)
    )


def noise_title(only: bool) -> str:
    """What the noise row shows; noise alone says that it bypasses the speech detector."""
    if only:
        return f"<h2>{texts.NOISE_ALONE}</h2><p>{texts.NOISE_ALONE_HELP}</p>"
    return f"<h2>{texts.NOISE}</h2>"


def strip(
    kind: str,
    chosen: Sequence[int],
    faces: Sequence[Face | None],
    alt: str,
    missing: Sequence[str] | None = None,
) -> str:
    """A row of portraits that grow with the recording.

    `kind` is "voice" or "noise", `faces` has one face for each of the `chosen` durations, `alt` describes
    them with a place for the seconds, `missing` says for each duration why its face may not be there.
    """
    figures = []
    for index, (seconds, face) in enumerate(zip(chosen, faces, strict=True)):
        below = score(face) if face else f"<p>{missing[index] if missing else ''}</p>"
        figures.append(
            f'<figure class="mini {"" if face else "missing"}" style="--f:{HEIGHTS[seconds]};--i:{index}">'
            f'<i class="wire"></i>{oval(face, alt.format(seconds=seconds))}'
            f"<figcaption><b>{texts.SECONDS.format(seconds=seconds)}</b>{below}</figcaption></figure>"
        )
    columns = " ".join(f"{COLUMNS[seconds]}fr" for seconds in chosen)
    return f'<div class="strip {kind}" style="grid-template-columns:{columns}">{"".join(figures)}</div>'


def oval(face: Face | None, alt: str) -> str:
    """A face in its oval, or an empty oval when there is none."""
    if face is None:
        return f'<div class="oval empty">{SILHOUETTE}</div>'
    png = BytesIO()
    Image.fromarray(face.image).save(png, "PNG")
    data = base64.b64encode(png.getvalue()).decode()
    return f'<div class="oval"><img src="data:image/png;base64,{data}" alt="{html.escape(alt)}"></div>'


def score(face: Face | None) -> str:
    """The critic's score as a bar and a figure; nothing when the weights carry no critic."""
    if face is None or face.score is None:
        return ""
    return (
        f'<span class="score num" title="{texts.CRITIC_HELP}">'
        f'<i style="--p:{face.score:.0%}"></i>{face.score:.2f}</span>'
    )


def waveform(samples: np.ndarray, speech: np.ndarray, chosen: Sequence[int]) -> str:
    """The first ten seconds as a picture rail: bars, with a tick and a wire for each chosen duration.

    `samples` float32 [samples] at 16 kHz, `speech` bool [samples // 320] as `detect_speech` gives it.
    """
    per_bar = RAIL_SECONDS * SAMPLE_RATE // BARS
    shown = samples[: BARS * per_bar]
    peaks = np.pad(np.abs(shown), (0, BARS * per_bar - shown.size)).reshape(BARS, per_bar).max(axis=1)
    heights = 76 * np.sqrt(peaks / max(float(peaks.max()), 1e-9))  # the root lets quiet syllables show
    bars = []
    for index, height in enumerate(np.maximum(heights, 3)):
        start = index * per_bar
        spoken = speech[start // FRAME : (start + per_bar) // FRAME].any()
        look = "todo" if start >= shown.size else "speech" if spoken else "pause"
        place = f'x="{index * 5}" y="{40 - height / 2:.1f}" width="3" height="{height:.1f}"'
        bars.append(f'<rect class="{look}" {place}/>')
    reached = {seconds for seconds in chosen if seconds * SAMPLE_RATE <= samples.size}
    ticks = "".join(
        f'<span class="{"on" if seconds in reached else ""}" style="left:{seconds / RAIL_SECONDS:.1%}">'
        f"{seconds}</span>"
        for seconds in chosen
    )
    box = 'preserveAspectRatio="none" aria-hidden="true"'
    return (
        f'<svg class="bars" viewBox="0 0 1000 80" {box}>{"".join(bars)}</svg>'
        f'<div class="ticks num" aria-hidden="true">{ticks}</div>'
        f'<svg class="wires" viewBox="0 0 1000 30" {box}>{wires(chosen, reached)}</svg>'
    )


def wires(chosen: Sequence[int], reached: set[int]) -> str:
    """From each tick of the rail to the middle of its column in the strip, in thousandths of the width."""
    total = sum(COLUMNS[seconds] for seconds in chosen)
    paths, left = [], 0.0
    for seconds in chosen:
        tick = min(1000 * seconds // RAIL_SECONDS, 999)
        middle = round(1000 * (left + COLUMNS[seconds] / 2) / total)
        left += COLUMNS[seconds]
        look = "on" if seconds in reached else ""
        paths.append(f'<path class="{look}" d="M{tick} 0C{tick} 20 {middle} 10 {middle} 30"/>')
    return "".join(paths)
