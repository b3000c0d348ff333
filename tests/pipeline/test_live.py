"""A recording in progress gives, at any time, the face of what was recorded so far."""

import numpy as np
import pytest

from v2f.audio import SAMPLE_RATE
from v2f.pipeline import MAX_SECONDS


@pytest.mark.parametrize("piece", [1, 37, 160, 4096, 100_000])
def test_pieces_of_any_size_give_the_recordings_face(model, made_voice, piece: int) -> None:
    waveform = made_voice(1.0 if piece == 1 else 3.0)
    live = model.live()
    for start in range(0, waveform.size, piece):
        live.add(waveform[start : start + piece])
    growing, whole = live.face(), model.face(waveform, rate=SAMPLE_RATE)
    assert growing is not None
    assert np.array_equal(growing.image, whole.image)
    assert np.array_equal(growing.embedding, whole.embedding)
    assert (growing.seconds, growing.duration) == (whole.seconds, whole.duration)


def test_asking_in_between_changes_nothing(model, made_voice) -> None:
    waveform = made_voice(3.0)
    live = model.live()
    for start in range(0, waveform.size, 8000):
        live.add(waveform[start : start + 8000])
        face = live.face()
        if face is not None:
            so_far = model.face(waveform[: start + 8000], rate=SAMPLE_RATE)
            assert np.array_equal(face.embedding, so_far.embedding)
    assert np.array_equal(live.face().image, model.face(waveform, rate=SAMPLE_RATE).image)


def test_no_face_until_half_a_second_of_speech(model, made_voice) -> None:
    live = model.live()
    assert live.face() is None
    live.add(np.zeros(SAMPLE_RATE, np.float32))
    assert live.face() is None
    live.add(made_voice(0.3))
    assert live.face() is None
    live.add(made_voice(1.0))
    assert live.face() is not None


def test_seconds_and_waveform_grow_with_the_audio(model, made_voice) -> None:
    waveform = made_voice(1.0)
    live = model.live()
    assert live.seconds == 0 and live.waveform.size == 0
    live.add(waveform[:4000])
    assert live.seconds == 0.25
    live.add(waveform[4000:])
    assert np.array_equal(live.waveform, waveform)


def test_a_reused_buffer_does_not_change_what_was_recorded(model) -> None:
    live, buffer = model.live(), np.full(100, 0.25, np.float32)
    live.add(buffer)
    buffer[:] = 0
    assert np.all(live.waveform == 0.25)


def test_sessions_do_not_hear_each_other(model, made_voice) -> None:
    one, other = model.live(), model.live()
    one.add(made_voice(1.0))
    assert other.seconds == 0 and other.face() is None


def test_recording_stops_at_the_longest_length(model) -> None:
    live = model.live()
    for _ in range(11):
        live.add(np.zeros(60 * SAMPLE_RATE, np.float32))
    assert live.seconds == MAX_SECONDS
