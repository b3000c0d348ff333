"""The three endpoints that programs can call, through gradio_client as a program would."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import soundfile
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

import v2f
from tests.conftest import MadeVoice
from tests.kiosk.served import Served, served
from tests.support.voices import voice
from v2f.audio import SAMPLE_RATE
from v2f.kiosk.gradio_adapter import delete_old_uploads
from v2f.kiosk.wire import encode_face
from v2f.pipeline import VoiceToFace


@pytest.fixture(scope="module")
def engine(random_weights: Path) -> VoiceToFace:
    return v2f.load(random_weights, device="cpu", exact=True)


@pytest.fixture(scope="module")
def page(engine: VoiceToFace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(engine, tmp_path_factory.mktemp("uploads")) as page:
        yield page


@pytest.fixture(scope="module")
def client(page: Served) -> Client:
    return Client(page.address, verbose=False)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory, made_voice: MadeVoice) -> Path:
    path = tmp_path_factory.mktemp("recordings") / "voice.wav"
    soundfile.write(path, made_voice(4), SAMPLE_RATE)
    return path


@pytest.fixture
def nothing_left(page: Served) -> Iterator[None]:
    yield
    assert not page.files()


def test_there_are_three_endpoints_and_no_more(client: Client) -> None:
    api = client.view_api(return_format="dict", print_info=False)
    assert api["named_endpoints"].keys() == {"/face", "/strip", "/noise"}
    assert not api["unnamed_endpoints"]
    names = [one["parameter_name"] for one in api["named_endpoints"]["/noise"]["parameters"]]
    assert names == ["recording", "kind", "snr"]


def test_a_face_comes_with_its_embedding(
    client: Client, engine: VoiceToFace, recording: Path, nothing_left: None
) -> None:
    face = client.predict(handle_file(recording), api_name="/face")
    own = engine.face(recording)
    assert face == {
        **(encode_face(own) or {}),
        "embedding": pytest.approx(own.embedding.tolist()),
        "notes": [],
    }


def test_one_speaker_can_be_chosen_and_the_answer_says_so(
    client: Client, engine: VoiceToFace, tmp_path: Path, nothing_left: None
) -> None:
    both = np.stack([voice(0), voice(1)], axis=1)
    soundfile.write(tmp_path / "both.wav", both, SAMPLE_RATE, "FLOAT")
    face = client.predict(handle_file(tmp_path / "both.wav"), api_name="/face")
    assert len(face["notes"]) == 1 and face["notes"][0].startswith("two speakers")
    for i, channel in enumerate(("left", "right")):
        own = engine.face(voice(i), rate=SAMPLE_RATE).embedding
        face = client.predict(handle_file(tmp_path / "both.wav"), channel, api_name="/face")
        assert np.dot(face["embedding"], own) > 0.999 and face["notes"] == []
        strip = client.predict(handle_file(tmp_path / "both.wav"), channel, api_name="/strip")
        assert np.dot(strip[-1]["embedding"], own) > 0.999


def test_a_file_that_several_programs_send_at_once_is_read_for_each(
    page: Served, recording: Path, nothing_left: None
) -> None:
    clients = [Client(page.address, verbose=False) for _ in range(4)]
    with ThreadPoolExecutor(len(clients)) as pool:
        for _ in range(3):
            faces = pool.map(lambda one: one.predict(handle_file(recording), api_name="/face"), clients)
            assert len({face["image"] for face in faces}) == 1


def test_a_strip_has_a_face_for_each_duration_and_for_the_whole(
    client: Client, recording: Path, nothing_left: None
) -> None:
    faces = client.predict(handle_file(recording), api_name="/strip")
    assert [face and face["duration"] for face in faces] == [1, 2, 3, None, None, 4]


def test_noise_can_be_mixed_in_or_be_alone(
    client: Client, engine: VoiceToFace, recording: Path, nothing_left: None
) -> None:
    clean = client.predict(handle_file(recording), api_name="/face")
    for arguments in ([], ["hum"], ["babble", -10.0], ["white", None]):
        faces = client.predict(handle_file(recording), *arguments, api_name="/noise")
        assert len(faces) == 6 and faces[-1]["duration"] == 4
        assert np.dot(faces[-1]["embedding"], clean["embedding"]) < 0.999


@pytest.mark.parametrize("endpoint", ["/face", "/strip", "/noise"])
def test_what_is_no_recording_costs_one_sentence(
    client: Client, endpoint: str, tmp_path: Path, nothing_left: None
) -> None:
    (tmp_path / "notes.txt").write_text("not a recording")
    with pytest.raises(AppError, match=r"^notes.txt is not a recording, or it is damaged\.$"):
        client.predict(handle_file(tmp_path / "notes.txt"), api_name=endpoint)
    soundfile.write(tmp_path / "silence.wav", np.zeros(SAMPLE_RATE), SAMPLE_RATE)
    with pytest.raises(AppError, match=r"^Only 0.0 s of speech were found [^.]*\.$"):
        client.predict(handle_file(tmp_path / "silence.wav"), api_name=endpoint)


def test_wrong_arguments_cost_one_sentence(client: Client, page: Served, recording: Path) -> None:
    for arguments in (
        [handle_file(recording), "purple"],
        [handle_file(recording), "pink", 99],
        ["voice.wav"],
    ):
        with pytest.raises(AppError, match=r"^Input should be [^\n]*\.$"):
            client.predict(*arguments, api_name="/noise")
    delete_old_uploads(page.uploads, seconds=-1)  # they were not read


@pytest.mark.parametrize("file", ["secret.wav", "http://example.org/secret.wav", "secret.svg"])
def test_no_file_of_the_servers_own_or_of_other_hosts_is_read(
    page: Served, recording: Path, tmp_path: Path, file: str, nothing_left: None
) -> None:
    path = file if "/" in file else str(tmp_path / file)
    if path != file:
        Path(path).write_bytes(recording.read_bytes())
    named = {"path": path, "url": path, "meta": {"_type": "gradio.FileData"}}
    for endpoint in ("face", "strip", "noise"):
        call = page.client.post(f"/gradio_api/call/{endpoint}", json={"data": [named]}).raise_for_status()
        said = page.client.get(f"/gradio_api/call/{endpoint}/{call.json()['event_id']}").text
        assert "event: error" in said and "event: complete" not in said
    assert page.client.get(f"/gradio_api/file={path}").status_code in (403, 404)


def test_the_pages_own_events_open_no_file_either(page: Served, recording: Path, nothing_left: None) -> None:
    named = {"path": str(recording), "meta": {"_type": "gradio.FileData"}}
    events = page.client.get("/config").json()["dependencies"]
    private = [event["id"] for event in events if event["api_visibility"] == "private"]
    assert len(private) == 2
    for event in private:
        body = {"data": [named], "fn_index": event, "session_hash": "a1b2c3"}
        page.client.post("/gradio_api/queue/join", json=body)
        page.client.post("/gradio_api/run/predict", json=body)
    time.sleep(0.5)


def test_gradio_keeps_nothing_of_a_call(client: Client, page: Served, recording: Path) -> None:
    client.predict(handle_file(recording), api_name="/face")
    holder = page.app.routes[-1].app.state_holder
    assert not holder.session_data and not holder.time_last_used
    assert not page.files()


def test_the_queue_cannot_be_passed_by(page: Served) -> None:
    for route in ("run", "api"):
        assert page.client.post(f"/gradio_api/{route}/face", json={"data": [None]}).status_code in (401, 404)


def test_several_calls_wait_for_one_another(
    client: Client, page: Served, recording: Path, tmp_path: Path
) -> None:
    copies = [tmp_path / f"{i}.wav" for i in range(6)]
    for copy in copies:
        copy.write_bytes(recording.read_bytes())
    jobs = [client.submit(handle_file(copy), api_name="/face") for copy in copies]
    images = {job.result(timeout=120)["image"] for job in jobs}
    assert len(images) == 1
    time.sleep(0.1)
    assert not page.files()
