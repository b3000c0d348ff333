"""The page's HTML says what the visit holds."""

import base64
import io
import re

import numpy as np
from PIL import Image

from v2f.audio import SAMPLE_RATE
from v2f.kiosk import pictures, texts
from v2f.kiosk.visit import Refusal, Visit
from v2f.pipeline import DURATIONS, Face


def face(score: float | None = 0.5) -> Face:
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    return Face(image, np.zeros(64, np.float32), score, 1.0, 1.0, {})


def visit(seconds: int) -> Visit:
    waveform = np.full(seconds * SAMPLE_RATE, 0.1, np.float32)
    faces = [face() if duration <= seconds else None for duration in DURATIONS]
    return Visit(waveform, np.ones(seconds * 50, bool), [*faces, face()], False)


def test_a_portrait_is_the_generators_picture_itself() -> None:
    data = re.search(r"base64,([^\"]+)", pictures.oval(face(), "a face"))
    assert data
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(data[1]))))
    assert np.array_equal(shown, face().image)


def test_a_face_without_a_critic_shows_no_score() -> None:
    assert pictures.score(face(None)) == ""
    assert "0.50" in pictures.score(face(0.5))


def test_a_refusal_cannot_write_markup_into_the_page() -> None:
    shown = pictures.headline(Refusal("<script> is not a recording."))
    assert "<script>" not in shown and "&lt;script&gt; is not a recording." in shown


def test_the_strip_says_why_a_face_is_missing() -> None:
    row = pictures.voice_row(visit(3), DURATIONS)
    assert row.count("<img") == 3
    assert row.count(texts.SHORTER) == 2


def test_the_strip_holds_the_chosen_durations_only() -> None:
    row = pictures.voice_row(visit(10), [1, 5])
    assert re.findall(r"<b>(\d+ s)</b>", row) == ["1 s", "5 s"]


def test_portraits_grow_with_the_recording() -> None:
    row = pictures.strip("voice", DURATIONS, [face()] * 5, texts.FACE_ALT)
    heights = [float(height) for height in re.findall(r"--f:([\d.]+)", row)]
    assert heights == sorted(heights) and len(set(heights)) == 5


def test_the_waveform_marks_speech_pauses_and_what_is_still_to_come() -> None:
    samples = np.full(5 * SAMPLE_RATE, 0.1, np.float32)
    speech = np.arange(5 * 50) < 2 * 50  # two seconds of speech, three of pause, five to come
    drawn = pictures.waveform(samples, speech, DURATIONS)
    counts = [drawn.count(f'class="{look}"') for look in ("speech", "pause", "todo")]
    assert counts == [40, 60, 100]


def test_a_duration_hangs_from_its_tick_once_the_recording_reaches_it() -> None:
    drawn = pictures.waveform(np.zeros(3 * SAMPLE_RATE, np.float32), np.zeros(150, bool), DURATIONS)
    assert drawn.count('class="on"') == 2 * 3  # ticks and wires of 1, 2 and 3 s
