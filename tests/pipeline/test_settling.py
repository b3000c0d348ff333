"""How settled a voice's face is, by its places and by what the weights tell of other speakers."""

from dataclasses import replace

import numpy as np
import pytest

from tests.conftest import MadeVoice
from tests.support.sure_model import sure_model
from v2f.errors import UnmeasuredError
from v2f.models import Runtime
from v2f.models.uncertainty import SECONDS
from v2f.pipeline import VoiceToFace

RUNTIME = Runtime.choose("cpu", exact=True)


@pytest.fixture(scope="module")
def engine() -> VoiceToFace:
    return VoiceToFace(sure_model(), RUNTIME)


def test_the_way_is_of_each_face_by_seconds_of_speech_and_ends_as_usual(
    engine: VoiceToFace, made_voice: MadeVoice
) -> None:
    strip = engine.strip(made_voice(6), (1, 2, 5, 10), rate=16_000)
    found = engine.settling(strip)
    assert found.seconds == SECONDS and len(found.curve) == len(SECONDS)
    assert found.path[3] is None, "ten seconds were not reached"
    faces = [face for face in strip if face]
    points = [point for point in found.path if point]
    assert [seconds for seconds, _ in points] == [face.seconds for face in faces]
    usual = engine.uncertainty.usual(faces[-1].seconds)[1]
    assert points[-1][1] == pytest.approx(usual)
    places = engine.places(np.stack([face.embedding for face in faces]))
    first = np.hypot(np.linalg.norm(places[0] - places[-1]) / 4, usual)
    assert points[0][1] == pytest.approx(first, rel=1e-5) and points[0][1] > usual


def test_a_strip_without_faces_has_the_curve_alone(engine: VoiceToFace) -> None:
    assert engine.settling([None, None]).path == [None, None]


def test_weights_that_do_not_tell_say_so(made_voice: MadeVoice) -> None:
    engine = VoiceToFace(replace(sure_model(), uncertainty=None), RUNTIME)
    with pytest.raises(UnmeasuredError):
        engine.settling(engine.strip(made_voice(2), rate=16_000))
