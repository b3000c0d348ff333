"""The page and its endpoints with weights whose faces have 128x128 pixels."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import soundfile
from gradio_client import Client, handle_file

import v2f
from tests.conftest import MadeVoice
from tests.kiosk.booth_service.asking import Answer, Asker, picture
from tests.kiosk.served import Served, served
from v2f.audio import SAMPLE_RATE
from v2f.kiosk.booth_service import BoothService
from v2f.kiosk.sessions import SessionStore
from v2f.kiosk.showpieces import compute
from v2f.pipeline import VoiceToFace

LARGE = (128, 128, 3)


@pytest.fixture(scope="module")
def engine(large_weights: Path) -> VoiceToFace:
    return v2f.load(large_weights, device="cpu", exact=True)


@pytest.fixture(scope="module")
def page(engine: VoiceToFace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(engine, tmp_path_factory.mktemp("uploads")) as page:
        yield page


def sizes(faces: list[Answer | None]) -> set[tuple[int, ...]]:
    return {picture(face).shape for face in faces if face}


def test_every_answer_of_the_page_has_faces_of_the_weights_size(
    engine: VoiceToFace, made_voice: MadeVoice, tmp_path: Path
) -> None:
    ask = Asker(
        BoothService(engine, compute(engine, [made_voice(10, seed=100)]), SessionStore(600), tmp_path)
    )
    token = ask.record(made_voice(4))
    result = ask("finish_recording", session=token)
    assert sizes([*ask.service.example_faces, *result["faces"], result["whole"]]) == {LARGE}
    for answer in (
        ask("noise_strip", session=token, kind="white", snr=5),
        ask("nearby_faces", session=token),
        ask("interpolate", first=token),
    ):
        assert sizes(answer["faces"]) == {LARGE}
    assert sizes([face for _, faces in ask("noise_study", session=token)["rows"] for face in faces]) == {
        LARGE
    }


def test_programs_get_faces_of_the_weights_size(page: Served, made_voice: MadeVoice, tmp_path: Path) -> None:
    client = Client(page.address, verbose=False)
    soundfile.write(tmp_path / "voice.wav", made_voice(4), SAMPLE_RATE)
    recording = handle_file(tmp_path / "voice.wav")
    assert sizes([client.predict(recording, api_name="/face")]) == {LARGE}
    for endpoint in ("/strip", "/noise"):
        assert sizes(client.predict(recording, api_name=endpoint)) == {LARGE}
