"""The game "Find my voice": rounds that can be played, and a model that answers by what it draws."""

import csv
import gzip
import io
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any
from weakref import ref

import numpy as np
import pytest
import soundfile

import v2f
from tests.conftest import MadeVoice
from tests.kiosk.booth_service.asking import like, picture
from v2f.assets import EXAMPLES, READERS
from v2f.audio import SAMPLE_RATE, read_audio
from v2f.demo.sources import heldout
from v2f.kiosk.compute_queue import ComputeQueue
from v2f.kiosk.find_my_voice import FACES, VISITOR, FindMyVoice, levelled, nearest
from v2f.kiosk.sessions import Session, SessionStore
from v2f.kiosk.wire import encode_face
from v2f.models.weights import load, people_trained_on
from v2f.pipeline import DURATIONS, Face, LiveSession, VoiceToFace

READERS_HERE = 6  # enough for two rounds of others
Round = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def engine(random_weights: Path) -> VoiceToFace:
    return v2f.load(random_weights, device="cpu", exact=True)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory, made_voice: MadeVoice) -> Path:
    folder = tmp_path_factory.mktemp("readers")
    for number in range(READERS_HERE):
        voice = made_voice(5, seed=number)
        for part, samples in ("face", voice[:48_000]), ("voice", voice[48_000:]):
            soundfile.write(
                folder / f"{number}-{part}.opus", samples, SAMPLE_RATE, format="OGG", subtype="OPUS"
            )
    return folder


@pytest.fixture(scope="module")
def sessions() -> SessionStore:
    return SessionStore(600)


@pytest.fixture(scope="module")
def deal(engine: VoiceToFace, sessions: SessionStore, clips: Path) -> Round:
    [question] = FindMyVoice(engine, sessions, ComputeQueue(engine), clips).questions()
    return question


@pytest.fixture
def visitor(engine: VoiceToFace, sessions: SessionStore, made_voice: MadeVoice) -> Callable[[float], str]:
    """Opens the session of a whole recording of so many seconds."""

    def visit(seconds: float) -> str:
        session = Session(LiveSession(engine.strips, 60))
        session.live.add(made_voice(seconds, seed=99))
        [session.faces] = engine.strips([session.live.prefixes(DURATIONS)])
        return sessions.open(session)

    return visit


def heard(round_: dict[str, Any]) -> np.ndarray:
    return soundfile.read(io.BytesIO(b64decode(round_["wav"])), dtype="float32")[0]


def test_a_round_has_four_faces_and_the_voice_of_one_of_them(
    deal: Round, clips: Path, engine: VoiceToFace
) -> None:
    dealt = deal(played=[])
    assert len(dealt["faces"]) == FACES and 0 <= dealt["answer"] < FACES
    assert len({face["image"] for face in dealt["faces"]}) == FACES, "of four people"
    face, voice = (sorted(clips.glob(f"*-{part}.opus"))[dealt["person"]] for part in ("face", "voice"))
    assert like(dealt["faces"][dealt["answer"]], encode_face(engine.face(read_audio(face), SAMPLE_RATE)))
    played, original = heard(dealt), read_audio(voice)
    assert played.size == original.size and np.corrcoef(played, original)[0, 1] > 0.999
    assert np.abs(played).max() == pytest.approx(0.7, abs=0.01), "all voices are about as loud"


def test_the_model_answers_by_what_it_draws_of_the_voice_that_plays(
    deal: Round, clips: Path, engine: VoiceToFace
) -> None:
    for _ in range(3):
        dealt = deal(played=[])
        voice = levelled(read_audio(sorted(clips.glob("*-voice.opus"))[dealt["person"]]))
        assert like(dealt["drawn"], encode_face(engine.face(voice, SAMPLE_RATE)))
        drawn = picture(dealt["drawn"]).astype(float)
        far = [np.square(drawn - picture(face)).sum() for face in dealt["faces"]]
        assert dealt["model"] == int(np.argmin(far))


def test_the_model_can_be_wrong() -> None:
    grey = [np.full((8, 8, 3), level, np.uint8) for level in (0, 90, 200)]
    faces = [Face(image, np.zeros(64, np.float32), None, 1, 1, {}) for image in grey]
    drawn = Face(np.full((8, 8, 3), 100, np.uint8), np.zeros(64, np.float32), None, 1, 1, {})
    assert nearest(drawn, faces) == 1, "whoever is speaking"


def test_who_has_played_is_not_dealt_again_while_there_are_others(deal: Round) -> None:
    played: list[int] = []
    for _ in range(READERS_HERE):
        played.append(deal(played=played)["person"])
    assert sorted(played) == list(range(READERS_HERE))
    assert deal(played=played)["person"] in played, "then it begins anew"


def test_places_are_dealt_by_chance(deal: Round) -> None:
    assert len({deal(played=[])["answer"] for _ in range(30)}) > 1


def test_a_visitors_face_is_among_the_four(
    deal: Round, sessions: SessionStore, visitor: Callable[[float], str]
) -> None:
    token = visitor(10)
    five_seconds = encode_face(sessions.touch(token).faces[DURATIONS.index(5)])
    others = deal(played=[], session=token)
    assert (
        others["person"] != VISITOR
        and [like(face, five_seconds) for face in others["faces"]].count(True) == 1
    )
    mine = deal(played=[], session=token, mine=True)
    assert mine["person"] == VISITOR and like(mine["faces"][mine["answer"]], five_seconds)
    part = sessions.touch(token).live.waveform[5 * SAMPLE_RATE : 9 * SAMPLE_RATE]
    assert np.corrcoef(heard(mine), part)[0, 1] > 0.999, "other seconds than those of the face"


def test_a_short_recording_is_not_enough(deal: Round, visitor: Callable[[float], str]) -> None:
    assert deal(played=[], session=visitor(1.5)) == {"problem": "short"}
    assert deal(played=[], session=visitor(2), mine=True)["person"] == VISITOR


def test_who_was_forgotten_does_not_play(
    deal: Round, sessions: SessionStore, visitor: Callable[[float], str]
) -> None:
    token = visitor(4)
    deal(played=[], session=token, mine=True)
    audio = ref(sessions.touch(token).live.waveform)
    sessions.forget([token])
    assert audio() is None, "the game keeps nothing of them"
    assert deal(played=[], session=token) == {"problem": "gone"}
    assert deal(played=[], session=sessions.open(Session(LiveSession(None, 60)))) == {"problem": "gone"}  # type: ignore[arg-type]


class TestReaders:
    """The readers that come along."""

    def test_no_part_of_training_heard_them(self) -> None:
        readers = {path.name.split("-")[0] for path in READERS.glob("*.opus")}
        assert len(readers) == 12 and all(heldout()[reader] == "test" for reader in readers)
        assert not readers & {path.name.split("-")[0] for path in EXAMPLES.glob("*.flac")}
        trained = people_trained_on(load().provenance)
        assert trained and not readers & set(trained)

    def test_half_of_them_are_women(self) -> None:
        table = Path(v2f.__file__).parent / "demo" / "librispeech.csv.gz"
        with gzip.open(table, "rt", newline="") as file:
            genders = {row["speaker"]: row["gender"] for row in csv.DictReader(file)}
        readers = sorted({path.name.split("-")[0] for path in READERS.glob("*.opus")})
        assert [genders[reader] for reader in readers].count("female") == 6

    def test_each_has_a_clip_for_the_face_and_one_to_play(self) -> None:
        for face in READERS.glob("*-face.opus"):
            voice = face.with_name(face.name.replace("-face", "-voice"))
            lengths = [read_audio(clip).size / SAMPLE_RATE for clip in (face, voice)]
            assert 5 <= lengths[0] <= 7 and 3 <= lengths[1] <= 5

    def test_they_are_small(self) -> None:
        assert sum(path.stat().st_size for path in READERS.glob("*.opus")) < 1 << 20
