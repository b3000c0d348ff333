"""What a recording becomes, and that its file is gone afterwards whatever happens."""

import logging
from pathlib import Path

import numpy as np
import pytest
import soundfile

import v2f
from tests.conftest import MadeVoice
from v2f.audio import SAMPLE_RATE
from v2f.kiosk import texts
from v2f.kiosk.visit import Refusal, Visit, hear, hear_once, noise_faces
from v2f.pipeline import DURATIONS, VoiceToFace


@pytest.fixture(scope="module")
def engine(random_weights: Path) -> VoiceToFace:
    return v2f.load(random_weights, device="cpu")


@pytest.fixture
def recording(tmp_path: Path, made_voice: MadeVoice) -> Path:
    """Four seconds of voice in a folder of its own, as Gradio leaves an upload."""
    (tmp_path / "upload").mkdir()
    soundfile.write(tmp_path / "upload" / "voice.wav", made_voice(4), SAMPLE_RATE)
    return tmp_path / "upload" / "voice.wav"


def test_a_recording_has_a_face_for_every_duration_it_reaches_and_for_the_whole(
    engine: VoiceToFace, recording: Path
) -> None:
    visit = hear(engine, recording)
    assert isinstance(visit, Visit)
    assert [face is not None for face in visit.faces] == [True, True, True, False, False, True]
    assert visit.waveform.size == 4 * SAMPLE_RATE and visit.speech.size == 4 * 50
    assert not visit.shortened


def test_an_upload_is_deleted_with_its_folder(engine: VoiceToFace, recording: Path) -> None:
    assert isinstance(hear_once(engine, recording), Visit)
    assert not recording.parent.exists()


def test_a_refused_upload_is_deleted_too(engine: VoiceToFace, recording: Path) -> None:
    recording.write_text("not a recording")
    assert isinstance(hear_once(engine, recording), Refusal)
    assert not recording.parent.exists()


def test_an_unexpected_failure_is_a_sentence_here_and_a_traceback_in_the_log(
    recording: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(VoiceToFace):
        def __init__(self) -> None:
            """Without a model, every face fails."""

    with caplog.at_level(logging.ERROR):
        assert hear(Broken(), recording) == Refusal(texts.TROUBLE)
    assert caplog.records[0].exc_info


def test_noise_alone_lasts_as_long_as_the_longest_duration(engine: VoiceToFace) -> None:
    faces = noise_faces(engine, None, "white", None, [], DURATIONS)
    assert len(faces) == len(DURATIONS) + 1 and all(faces)


def test_the_same_noise_gives_the_same_faces(engine: VoiceToFace, recording: Path) -> None:
    visit = hear(engine, recording)
    assert isinstance(visit, Visit)
    first, second = (noise_faces(engine, visit, "pink", 0.0, [], (1,)) for _ in range(2))
    louder = noise_faces(engine, visit, "pink", -10.0, [], (1,))
    assert first[0] and second[0] and louder[0]
    assert np.array_equal(first[0].image, second[0].image)
    assert not np.array_equal(first[0].image, louder[0].image)
