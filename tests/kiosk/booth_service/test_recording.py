"""What the page is told of a recording in progress, of a whole one, and of the booth's own microphone."""

import gc
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from weakref import ref

import numpy as np
import pytest

from tests.kiosk.booth_service.asking import Asker, Waveform, described, like, on_the_page
from tests.support.browser import EXAMPLES
from tests.support.voices import voice as example
from v2f.audio import CHANNELS, SAMPLE_RATE, detect_speech
from v2f.errors import MicrophoneError
from v2f.kiosk import decoder, local_microphone
from v2f.kiosk.booth_service import BoothService
from v2f.kiosk.sessions import SessionStore
from v2f.kiosk.settings import Settings
from v2f.kiosk.showpieces import compute
from v2f.kiosk.wire import MAX_UPLOAD_SECONDS, decode_samples, encode_face, encode_samples
from v2f.pipeline import DURATIONS, VoiceToFace

# A recording in progress


def test_the_live_face_is_the_face_of_the_same_samples(
    ask: Asker, engine: VoiceToFace, voice: Waveform
) -> None:
    token = ask("start_recording", seconds=10)["session"]
    for start in range(0, voice.size, 12_345):
        piece = voice[start : start + 12_345]
        answer = ask("update_recording", session=token, samples=encode_samples(piece))
        so_far = voice[: start + piece.size]
        assert answer["received"] == so_far.size
        assert like(answer["face"], encode_face(engine.face(so_far, rate=SAMPLE_RATE)))
        assert answer["face"] is None or answer["face"]["score"] is None, "the critic is asked apart"
        assert answer["speech"] == "".join("01"[frame] for frame in detect_speech(so_far).astype(int))


def test_a_question_without_samples_is_answered_too(ask: Asker) -> None:
    token = ask("start_recording", seconds=2)["session"]
    assert ask("update_recording", session=token) == {"received": 0, "face": None, "strip": [], "speech": ""}


@pytest.mark.parametrize("piece", [SAMPLE_RATE // 2, 23_456, 6 * SAMPLE_RATE])
def test_a_duration_reached_gives_its_face_of_the_strip_once(
    ask: Asker, engine: VoiceToFace, voice: Waveform, piece: int
) -> None:
    token = ask("start_recording", seconds=10)["session"]
    marks = []
    for start in range(0, voice.size, piece):
        marks += ask("update_recording", session=token, samples=encode_samples(voice[start : start + piece]))[
            "strip"
        ]
    strip = dict(zip(DURATIONS, described(engine.strip(voice, rate=SAMPLE_RATE)), strict=False))
    assert [duration for duration, _ in marks] == [1, 2, 3, 5]
    assert all(like(face, strip[duration]) for duration, face in marks)


def test_there_is_no_face_before_there_is_a_voice(ask: Asker, voice: Waveform) -> None:
    token = ask("start_recording", seconds=10)["session"]
    answer = ask("update_recording", session=token, samples=encode_samples(np.zeros(SAMPLE_RATE, np.float32)))
    assert answer["face"] is None and answer["strip"] == [[1, None]]
    assert "1" not in answer["speech"]


def test_what_goes_beyond_the_chosen_length_is_dropped(ask: Asker, voice: Waveform) -> None:
    token = ask("start_recording", seconds=2)["session"]
    assert (
        ask("update_recording", session=token, samples=encode_samples(voice))["received"] == 2 * SAMPLE_RATE
    )
    assert (
        ask("update_recording", session=token, samples=encode_samples(voice))["received"] == 2 * SAMPLE_RATE
    )
    assert ask("finish_recording", session=token)["seconds"] == 2


@pytest.mark.parametrize("samples", ["%%%%", "AAA", "AAAA", "A" * 430_000, 7])
def test_what_are_no_samples_is_refused(ask: Asker, samples: Any) -> None:
    token = ask("start_recording", seconds=10)["session"]
    assert ask("update_recording", session=token, samples=samples) == {"problem": "trouble"}
    assert ask("update_recording", session=token)["received"] == 0


# A whole recording


def test_a_result_holds_the_strip_the_whole_face_and_the_waveform(
    ask: Asker, engine: VoiceToFace, voice: Waveform
) -> None:
    token = ask.record(voice)
    result = ask("finish_recording", session=token)
    *faces, whole = engine.strip(voice, rate=SAMPLE_RATE)
    assert whole
    assert result["session"] == token and result["seconds"] == 6 and result["shortened"] is False
    assert result["faces"] == described(faces) and result["whole"] == on_the_page(whole)
    assert result["faces"][4] is None, "ten seconds were not reached"
    assert len(result["peaks"]) == 200 and not any(result["peaks"][120:])
    assert result["peaks"][0] == pytest.approx(np.abs(voice[:800]).max(), abs=1e-3)
    assert len(result["speech"]) == 6 * 50


def test_silence_is_too_quiet_and_noise_is_no_voice_and_both_are_forgotten(ask: Asker) -> None:
    noise = 0.03 * np.random.default_rng(0).standard_normal(3 * SAMPLE_RATE).astype(np.float32)
    for waveform, problem in ((np.zeros_like(noise), "quiet"), (noise, "no_speech")):
        token = ask.record(waveform)
        assert ask("finish_recording", session=token) == {"problem": problem}
        assert ask("update_recording", session=token) == {"problem": "gone"}


def test_an_upload_gives_the_result_of_a_recording_and_is_deleted(
    ask: Asker, engine: VoiceToFace, voice: Waveform, upload: Callable[[Waveform], str]
) -> None:
    path = upload(voice)
    result = ask("read_upload", path=path)
    assert not Path(path).exists()
    assert result["faces"] == described(engine.strip(voice, rate=SAMPLE_RATE)[:-1])
    assert ask("nearby_faces", session=result["session"])["faces"][0]["image"] == result["whole"]["image"]


def test_of_a_long_upload_a_minute_is_used_and_the_page_is_told(
    ask: Asker, voice: Waveform, upload: Callable[[Waveform], str]
) -> None:
    for seconds, shortened in ((MAX_UPLOAD_SECONDS, False), (MAX_UPLOAD_SECONDS + 30, True)):
        result = ask("read_upload", path=upload(np.resize(voice, seconds * SAMPLE_RATE)))
        assert result["seconds"] == MAX_UPLOAD_SECONDS and result["shortened"] is shortened


def test_an_upload_without_a_voice_is_named_for_what_it_is(
    ask: Asker, uploads: Path, upload: Callable[[Waveform], str]
) -> None:
    held = len(ask.service._sessions)
    assert ask("read_upload", path=upload(np.zeros(SAMPLE_RATE, np.float32))) == {"problem": "no_speech"}
    path = Path(upload(np.zeros(1, np.float32)))
    path.write_text("not a recording")
    assert ask("read_upload", path=str(path)) == {"problem": "unreadable"}
    assert not path.exists()
    assert len(ask.service._sessions) == held, "nothing of it is kept"


def test_of_a_voice_behind_a_long_silence_the_page_is_told_where_it_begins(
    ask: Asker, engine: VoiceToFace, voice: Waveform, upload: Callable[[Waveform], str]
) -> None:
    silence = np.zeros(70 * SAMPLE_RATE, np.float32)
    result = ask("read_upload", path=upload(np.concatenate([silence, voice])))
    assert result["start"] == pytest.approx(70, abs=1) and result["seconds"] < 8
    own = engine.face(voice, rate=SAMPLE_RATE).embedding
    whole = ask.service._sessions.touch(result["session"]).faces[-1]
    assert whole and whole.embedding @ own > 0.9


def test_where_no_voice_is_found_in_time_the_page_is_told_how_far_it_was_looked_for(
    ask: Asker, upload: Callable[[Waveform], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoder, "PATIENCE", 0)
    answer = ask("read_upload", path=upload(np.zeros(100 * SAMPLE_RATE, np.float32)))
    assert answer["problem"] == "no_speech_in" and 0 < answer["seconds"] < 100


def test_of_a_cut_upload_the_page_is_told_how_much_could_be_read(
    ask: Asker, voice: Waveform, upload: Callable[[Waveform], str]
) -> None:
    assert ask("read_upload", path=upload(voice))["cut"] is None
    path = Path(upload(voice))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert ask("read_upload", path=str(path))["cut"] == pytest.approx([3, 6], abs=0.1)


def test_two_people_in_a_channel_each_are_told_and_both_can_be_read(
    ask: Asker, engine: VoiceToFace, upload: Callable[[Waveform], str]
) -> None:
    both = np.stack([example(0), example(1)], axis=1)
    first = ask("read_upload", path=upload(both))
    second = ask("read_upload", path=upload(both), channel=first["other"])
    assert {first["other"], "left", "right"} == {"left", "right"} and second["other"] is None
    whole = {first["other"]: second["whole"], CHANNELS[first["other"] == "left"]: first["whole"]}
    for i, channel in enumerate(CHANNELS):
        assert like(whole[channel], encode_face(engine.face(both[:, i], rate=SAMPLE_RATE)))
    assert ask("read_upload", path=upload(both), channel="both") == {"problem": "trouble"}


@pytest.mark.parametrize("name", ["read_upload", "read_noise_clip"])
def test_a_file_that_was_not_uploaded_is_not_read(ask: Asker, tmp_path: Path, name: str) -> None:
    shutil.copy(EXAMPLES[0], tmp_path / "a.flac")
    assert ask(name, path=str(tmp_path / "a.flac")) == {"problem": "unreadable"}
    assert (tmp_path / "a.flac").exists()


# The booth's own microphone


class Microphone:
    """As `record` starts it; what is `spoken` is heard."""

    def __init__(self, device: int | None, seconds: float, hear: Callable[[Waveform], None]) -> None:
        self.device, self.seconds, self.hear = device, seconds, hear
        self.done = self.failed = False

    def stop(self) -> None:
        self.done = True


@pytest.fixture
def microphones(monkeypatch: pytest.MonkeyPatch) -> list[Microphone]:
    """Those that were started, in order."""
    started: list[Microphone] = []

    def record(*arguments: Any) -> Microphone:
        started.append(Microphone(*arguments))
        return started[-1]

    monkeypatch.setattr(local_microphone, "record", record)
    return started


@pytest.fixture
def ask_booth(engine: VoiceToFace, examples: list[Waveform]) -> Asker:
    return Asker(
        BoothService(
            engine,
            compute(engine, examples),
            SessionStore(600),
            Path("/nowhere"),
            Settings(local=True, device=4),
        )
    )


def test_the_booths_microphone_tells_the_page_what_it_hears(
    ask_booth: Asker, microphones: list[Microphone], voice: Waveform, engine: VoiceToFace
) -> None:
    token = ask_booth("start_recording", seconds=5)["session"]
    [microphone] = microphones
    assert (microphone.device, microphone.seconds) == (4, 5)
    told = []
    for start in range(0, 5 * SAMPLE_RATE, SAMPLE_RATE):
        microphone.hear(voice[start : start + SAMPLE_RATE])
        answer = ask_booth("update_recording", session=token)
        told.append(decode_samples(answer["samples"]))
        assert answer["done"] is False and answer["received"] == start + SAMPLE_RATE
    microphone.done = True
    answer = ask_booth("update_recording", session=token)
    assert answer["done"] is True and answer["samples"] == ""
    assert np.abs(np.concatenate(told) - voice[: 5 * SAMPLE_RATE]).max() < 1e-4
    assert ask_booth("finish_recording", session=token)["whole"] == on_the_page(
        engine.strip(voice[: 5 * SAMPLE_RATE], rate=SAMPLE_RATE)[-1]
    )


def test_the_booths_microphone_is_for_one_at_a_time(ask_booth: Asker, microphones: list[Microphone]) -> None:
    first = ask_booth("start_recording", seconds=5)["session"]
    assert ask_booth("start_recording", seconds=5) == {"problem": "mic_busy"}
    ask_booth("forget", sessions=[first])
    assert microphones[0].done
    second = ask_booth("start_recording", seconds=5)["session"]
    assert ask_booth("finish_recording", session=second) == {"problem": "quiet"} and microphones[1].done
    assert "session" in ask_booth("start_recording", seconds=5)


def test_an_example_does_not_start_the_booths_microphone(
    ask_booth: Asker, microphones: list[Microphone], voice: Waveform
) -> None:
    token = ask_booth("start_recording", seconds=10, example=True)["session"]
    answer = ask_booth("update_recording", session=token, samples=encode_samples(voice))
    assert answer["received"] == voice.size and "done" not in answer and not microphones


def test_a_microphone_that_is_not_there_or_goes_away_is_named(
    ask_booth: Asker, microphones: list[Microphone], monkeypatch: pytest.MonkeyPatch
) -> None:
    token = ask_booth("start_recording", seconds=5)["session"]
    microphones[0].failed = microphones[0].done = True
    assert ask_booth("update_recording", session=token) == {"problem": "mic_lost"}

    def none(*_: Any) -> None:
        raise MicrophoneError("There is no microphone at this machine.")

    monkeypatch.setattr(local_microphone, "record", none)
    assert ask_booth("start_recording", seconds=5) == {"problem": "mic_lost"}


def test_a_forgotten_recording_of_the_booths_microphone_is_freed(
    ask_booth: Asker, microphones: list[Microphone], voice: Waveform
) -> None:
    token = ask_booth("start_recording", seconds=5)["session"]
    microphones[0].hear(voice)
    audio = ref(ask_booth.service._sessions.touch(token).live.waveform)
    ask_booth("forget", sessions=[token])
    microphones.clear()
    gc.collect()
    assert audio() is None
