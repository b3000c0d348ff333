"""Bad recordings: the hostile ones and mutations of good ones, by the reader, the pipeline and the command line."""

import os
from functools import cache
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

import v2f
from tests.fuzz.conftest import allowed, one_sentence
from tests.fuzz.hostile import write_all
from tests.fuzz.mutations import mutated
from tests.support.browser import EXAMPLES
from tests.support.encode import encode
from v2f.__main__ import main
from v2f.audio import SAMPLE_RATE, read_audio
from v2f.pipeline import Face, VoiceToFace

STEP = 1 if os.environ.get("HYPOTHESIS_PROFILE") == "fuzz" else 19  # every so many of the hostile files

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def engine(random_weights: Path) -> VoiceToFace:
    return v2f.load(random_weights, device="cpu")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory, voice: np.ndarray) -> list[Path]:
    paths = write_all(tmp_path_factory.mktemp("hostile"), voice, STEP)
    assert len(paths) > 300 // STEP
    return paths


def test_hostile_recordings_give_a_face_or_one_sentence(hostile: list[Path], engine: VoiceToFace) -> None:
    faces = [allowed(engine.face, path) for path in hostile]
    for face in filter(None, faces):
        assert face.image.shape == (64, 64, 3) and np.isfinite(face.embedding).all()
    assert any(faces) and not all(faces)


def test_hostile_recordings_cost_the_command_line_one_sentence_each(
    hostile: list[Path], random_weights: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Decoders' own messages are read as well: they go to the same terminal."""
    for path in hostile:
        code = main(["face", "--weights", str(random_weights), "--out", str(tmp_path), "--", str(path)])
        errors = capfd.readouterr().err
        assert code in (0, 1) and (errors == "") == (code == 0), (path, errors)
        if errors:
            assert errors.startswith("v2f: ") and errors.count("\n") == 1, (path, errors)
            one_sentence(errors.rstrip("\n"))


@cache
def seeds() -> dict[str, bytes]:
    """A good recording of each format."""
    samples, rate = soundfile.read(EXAMPLES[0], frames=24_000, dtype="float32")
    contents = {}
    for kind, subtype in (
        ("WAV", "PCM_16"),
        ("FLAC", "PCM_16"),
        ("OGG", "VORBIS"),
        ("MP3", "MPEG_LAYER_III"),
    ):
        file = BytesIO()
        soundfile.write(file, samples, rate, subtype, format=kind)
        contents[kind.lower()] = file.getvalue()
    return contents


@pytest.mark.parametrize("kind", ["wav", "flac", "ogg", "mp3"])
@given(data=st.data())
def test_mutated_recordings(kind: str, data: st.DataObject, engine: VoiceToFace) -> None:
    recording = BytesIO(data.draw(mutated(seeds()[kind])))
    face: Face | None = allowed(lambda: engine.face(read_audio(recording, 60), rate=SAMPLE_RATE))
    assert face is None or np.isfinite(face.embedding).all()


@pytest.fixture(scope="module")
def m4a(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    sound, rate = soundfile.read(EXAMPLES[0], frames=24_000, always_2d=True)
    return encode(tmp_path_factory.mktemp("m4a") / "voice.m4a", sound, rate).read_bytes()


@given(data=st.data())
def test_mutated_recordings_that_ffmpeg_reads(data: st.DataObject, m4a: bytes) -> None:
    samples = allowed(read_audio, BytesIO(data.draw(mutated(m4a))), 60)
    assert samples is None or np.isfinite(samples).all()
