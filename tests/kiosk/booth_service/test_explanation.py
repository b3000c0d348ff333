"""What the page is told of how a face came about, how sure the model is, how often it is right, and whom it saw."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.kiosk.booth_service.asking import Asker, Waveform, like, picture
from tests.support.sure_model import LEARNED, sure_model
from v2f.audio import SAMPLE_RATE
from v2f.kiosk import explanation
from v2f.kiosk.booth_service import OTHER_FACES, BoothService
from v2f.kiosk.explanation import PITCHES, STEPS, about, critic_scale
from v2f.kiosk.sessions import SessionStore
from v2f.kiosk.showpieces import compute
from v2f.models import Runtime, file_hash
from v2f.pipeline import VoiceToFace


@pytest.fixture(scope="module")
def sure(examples: list[Waveform], uploads: Path) -> Asker:
    """The booth with a model that tells how sure it is."""
    engine = VoiceToFace(sure_model(), Runtime.choose("cpu", exact=True))
    return Asker(BoothService(engine, compute(engine, examples), SessionStore(600), uploads))


@pytest.fixture(scope="module")
def session(sure: Asker, voice: Waveform) -> str:
    return sure("finish_recording", session=sure.record(voice))["session"]


# Other faces


def test_other_faces_are_drawn_anew_around_what_the_weights_tell(sure: Asker, session: str) -> None:
    first, second = (sure("nearby_faces", session=session)["faces"] for _ in range(2))
    assert len(first) == 1 + OTHER_FACES and len({face["image"] for face in first}) == 1 + OTHER_FACES
    assert first[0] == second[0], "the voice's own face"
    assert first[1]["image"] != second[1]["image"]


def test_a_model_that_does_not_know_shows_the_voices_own_face_alone(ask: Asker, finished: str) -> None:
    assert len(ask("nearby_faces", session=finished)["faces"]) == 1


# How settled it is


def test_a_result_tells_how_settled_it_is(sure: Asker, voice: Waveform) -> None:
    told = sure("finish_recording", session=sure.record(voice))["settling"]
    assert told["seconds"][-1] == 60 and [len(row) for row in told["curve"]] == [3] * len(told["seconds"])
    assert len(told["path"]) == 6 and told["path"][4] is None, "ten seconds were not reached"
    seconds, far = zip(*(point for point in told["path"] if point), strict=True)
    assert list(seconds) == sorted(seconds) and min(far) == far[-1] > 0


def test_a_model_that_does_not_know_tells_nothing_of_it(ask: Asker, voice: Waveform) -> None:
    assert ask("finish_recording", session=ask.record(voice))["settling"] is None


# Why this face


def test_why_shows_the_way_from_the_mean_portrait_to_the_face(sure: Asker, session: str) -> None:
    told = sure("why", session=session)
    assert len(told["numbers"]) == 64 and np.square(told["numbers"]).sum() == pytest.approx(1, abs=1e-4)
    assert [step["count"] for step in told["steps"]] == list(STEPS)
    assert like(told["steps"][-1], told["whole"]), "with all components it is the face"
    way = [np.abs(picture(step).astype(int) - picture(told["whole"])).mean() for step in told["steps"]]
    assert way == sorted(way, reverse=True) and way[0] > 0
    assert told["learned"] == json.loads(LEARNED)


def test_another_generator_has_no_such_way_and_other_weights_know_nothing(ask: Asker, finished: str) -> None:
    told = ask("why", session=finished)
    assert told["steps"] == [] and told["whole"] and len(told["numbers"]) == 64
    assert told["right"] is told["learned"] is None


def test_the_critic_scores_the_faces_of_a_recording_when_it_is_asked(
    ask: Asker, engine: VoiceToFace, voice: Waveform, finished: str
) -> None:
    scores = ask("critic_scores", session=finished)["scores"]
    strip = engine.strip(voice, rate=SAMPLE_RATE)
    assert len(scores) == len(strip) and scores[4] is None, "ten seconds were not reached"
    assert [score for score in scores if score is not None] == pytest.approx(
        [face.score for face in strip if face]
    )


def test_the_scale_of_the_critic_is_that_of_the_weights() -> None:
    scale = critic_scale(sure_model())
    assert scale == {"voices": pytest.approx([0.3, 0.6, 0.9]), "sounds": pytest.approx([0, 0.001, 0.2])}
    assert critic_scale(replace(sure_model(), uncertainty=None)) is None


def test_how_often_it_is_right_is_told_of_the_weights_that_were_measured_and_no_others(
    random_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = {"weights_sha256": file_hash(random_weights), "anyone": {"value": 0.55}}
    measured = tmp_path / "measured.json"
    measured.write_text(json.dumps(numbers))
    monkeypatch.setattr(explanation, "MEASURED", measured)
    assert about(replace(sure_model(), path=random_weights))["right"] == numbers
    other = tmp_path / "other.safetensors"
    other.write_bytes(b"other")
    assert about(replace(sure_model(), path=other))["right"] is None
    assert about(sure_model())["right"] is None, "read from no file"


def test_a_voice_is_played_slower_as_it_is_and_faster(sure: Asker, session: str, voice: Waveform) -> None:
    faces = sure("pitched_faces", session=session)["faces"]
    assert [pitch for pitch, _ in faces] == list(PITCHES)
    assert [face["duration"] for _, face in faces] == pytest.approx(
        [6 / pitch for pitch in PITCHES], abs=0.01
    )
    whole = sure("why", session=session)["whole"]
    assert like(faces[1][1], whole)
    assert len({face["image"] for _, face in faces}) == len(PITCHES)
