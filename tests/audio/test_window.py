"""Of a long recording the first part with speech is used."""

import io

import numpy as np
import pytest

from tests.support.voices import RATE, encoded, likeness, voice
from v2f.audio import Sound, keep_speech, make_noise, mix, read_audio, read_sound
from v2f.audio.non_speech import make_sound

ONE, OTHER = voice(0, 8.0), voice(1, 12.0)
LIMIT = 20.0  # seconds


def silence(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * RATE), np.float32)


def noise(seconds: float, kind: str = "white") -> np.ndarray:
    return 0.1 * make_noise(kind, round(seconds * RATE), seed=0)


def read(*pieces: np.ndarray, limit: float = LIMIT) -> Sound:
    return read_sound(io.BytesIO(encoded(np.concatenate(pieces))), limit)


@pytest.mark.parametrize("before", [21, 39.9, 70, 605])
def test_speech_behind_silence(before: float) -> None:
    found = read(silence(before), ONE)
    assert likeness(found.waveform, ONE) > 0.9
    assert found.start == pytest.approx(before, abs=1) and found.ended
    assert found.notes[0] == f"from {found.start:.1f} s on"


@pytest.mark.parametrize("kind", ["white", "pink", "brown", "hum"])
def test_speech_behind_noise(kind: str) -> None:
    found = read(noise(65, kind), ONE, noise(30, kind))
    assert likeness(found.waveform, ONE) > 0.9
    assert keep_speech(found.waveform).size > 5 * RATE


@pytest.mark.parametrize(("before", "limit"), [(70, 60), (605, 600)])
def test_speech_behind_plucked_strings(before: int, limit: float) -> None:
    for seed in range(2):
        strings = np.resize(make_sound("strings", 60 * RATE, seed), before * RATE)
        found = read(strings, ONE, limit=limit)
        assert likeness(found.waveform, ONE) > 0.9
        assert found.start == pytest.approx(before, abs=1)


def test_speech_at_the_start_is_kept_also_in_noise_and_music() -> None:
    strings = np.resize(make_sound("strings", 20 * RATE, seed=0), 70 * RATE)
    for behind in (make_sound("strings", ONE.size, seed=1), make_noise("white", ONE.size, seed=1)):
        assert read(mix(ONE, behind, 10.0), strings, limit=60).start == 0


def test_a_recording_within_the_limit_is_whole_whatever_it_sounds_like() -> None:
    for sound in (
        mix(ONE, make_sound("strings", ONE.size, seed=1), 0.0),
        make_sound("strings", 30 * RATE, seed=0),
    ):
        found = read(sound, limit=60)
        assert found.start == 0 and found.seconds == sound.size / RATE and found.notes == ()


def test_the_start_where_somebody_speaks_there() -> None:
    found = read(silence(2), OTHER, silence(30), ONE)
    assert found.start == 0 and found.seconds == LIMIT and not found.ended
    assert found.notes == (f"the rest of {found.length:.1f} s is unread",)
    assert found.read < 25, "no more is decoded than is needed"
    assert found.looked_at == " in the first 20 s of The recording" or found.looked_at.startswith(
        " in the first 2"
    )


def test_a_few_words_at_the_start_are_kept_unless_there_is_much_more_later() -> None:
    assert read(ONE[: 4 * RATE], silence(30), ONE[: 5 * RATE]).start == 0
    assert read(ONE[:RATE], silence(30), OTHER).start == pytest.approx(31, abs=1)


def test_a_long_silence_is_read_to_its_end() -> None:
    found = read(silence(100))
    assert found.seconds == LIMIT and found.start == 0 and found.ended


def test_a_recording_as_long_as_the_limit_is_whole() -> None:
    found = read(silence(8), OTHER)
    assert found.seconds == LIMIT and found.ended and found.notes == ()


@pytest.mark.parametrize("limit", [0.01, 0.3, 1.0, 3.0])
def test_short_limits(limit: float) -> None:
    assert read(silence(5), ONE, limit=limit).seconds == pytest.approx(limit, abs=1e-3)


def test_who_wants_the_start_gets_the_start() -> None:
    sound = np.concatenate([silence(3), ONE])
    start = read_audio(io.BytesIO(encoded(sound)), 2)
    assert start.size == 2 * RATE and not start.any()


def test_what_takes_too_long_is_left_unread() -> None:
    file = io.BytesIO(encoded(np.tile(OTHER, 20)))
    found = read_sound(file, patience=0)
    assert 0 < found.seconds < 100 and not found.ended
    assert found.notes == ("the rest of 240.0 s is unread",)


def test_an_hour_of_silence_before_a_voice() -> None:
    file = io.BytesIO(encoded(np.concatenate([silence(3600), ONE]), kind="FLAC"))
    found = read_sound(file, 60)
    assert likeness(found.waveform[: 20 * RATE], ONE) > 0.9
