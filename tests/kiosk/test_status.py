"""What the host sees: counts, the microphone, the model; nothing of anybody, and from nowhere but this machine."""

import socket
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import psutil
import pytest
from starlette.testclient import TestClient

import v2f
from tests.kiosk.conftest import OpenKiosk
from tests.kiosk.served import Served, served
from tests.support.browser import EXAMPLES, free_port
from v2f.errors import MicrophoneError
from v2f.kiosk import status_page
from v2f.kiosk.problems import Problem, answer_problems
from v2f.kiosk.settings import Settings
from v2f.kiosk.status import Status
from v2f.kiosk.status_page import StatusPage
from v2f.kiosk.texts import HOST, LANGUAGES, TEXTS

NOON = datetime(2026, 11, 29, 12)


class Clock:
    """A clock on the wall that tests set."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def status(clock: Clock) -> Status:
    return Status(clock)


@pytest.fixture
def forgotten() -> list[str]:
    return []


def page_of(status: Status, forgotten: list[str], **settings: object) -> StatusPage:
    return StatusPage(status, Settings(**settings), "model.safetensors", lambda: forgotten.append("all"))  # type: ignore[arg-type]


@pytest.fixture
def host(status: Status, forgotten: list[str]) -> TestClient:
    """A browser at this machine."""
    application = page_of(status, forgotten).application()
    return TestClient(application, base_url="http://127.0.0.1:7861", follow_redirects=False)


def recorded(problem: str | None = None) -> object:
    """A question of the page that ends a recording, well or by a problem."""

    @answer_problems
    def finish_recording() -> dict[str, object]:
        if problem:
            raise Problem(problem)
        return {"session": "token", "whole": "face"}

    return finish_recording


# What is counted


def test_visits_are_counted_until_midnight(status: Status, clock: Clock) -> None:
    for _ in range(3):
        status.count_visit()
    assert status.today().visits == 3
    clock.now += timedelta(hours=12)
    assert status.today().visits == 0


def test_problems_are_counted_by_kind_wherever_they_are_met(status: Status) -> None:
    for problem in ("quiet", "busy", "quiet", None):
        status.watched(recorded(problem))()  # type: ignore[arg-type]
    status.report_problem(problem="permission")
    assert status.today().problems == {"quiet": 2, "busy": 1, "permission": 1}


def test_a_forgotten_recording_is_no_problem(status: Status) -> None:
    status.watched(recorded("gone"))()  # type: ignore[arg-type]
    assert status.today().problems == {} and status.today().last_problem is None


def test_what_the_page_may_report_is_a_problem_of_its_microphone(status: Status) -> None:
    ask = {question.__name__: question for question in status.questions()}
    for said in ("my name is Ann", "trouble", "", 7):
        assert ask["report_problem"](problem=said) == {"problem": "trouble"}
    assert status.today().problems == {}


def test_the_microphone_is_as_the_last_recording_found_it(status: Status, clock: Clock) -> None:
    assert status.today().heard is None
    status.watched(recorded("no_speech"))()  # type: ignore[arg-type]
    status.watched(recorded("busy"))()  # type: ignore[arg-type]
    assert status.today().heard == ("no_speech", NOON)
    clock.now += timedelta(minutes=1)
    status.watched(recorded())()  # type: ignore[arg-type]
    assert status.today().heard == ("", clock.now)


# The page


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_says_what_is_known_in_the_booths_language(
    status: Status, forgotten: list[str], language: str
) -> None:
    column = LANGUAGES.index(language)
    page = page_of(status, forgotten, language=language)
    status.count_visit()
    status.watched(recorded("quiet"))()  # type: ignore[arg-type]
    facts = dict(page.facts())
    assert facts[HOST["visits"][column]] == "1"
    assert facts[HOST["model"][column]] == "model.safetensors"
    assert facts[TEXTS["mic"][column]] == f"12:00: {TEXTS['e_quiet'][column]}"
    assert facts[HOST["problems"][column]].startswith(f"{TEXTS['e_quiet'][column]}: 1\n")
    text = TestClient(page.application(), base_url="http://127.0.0.1").get("/").text
    assert all(name in text for name in facts) and f'lang="{language}"' in text


def test_it_names_the_machines_microphones_where_the_machine_records(
    status: Status, forgotten: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    page = page_of(status, forgotten, local=True)
    monkeypatch.setattr(status_page, "list_microphones", lambda: [])
    assert dict(page.facts())[TEXTS["mic"][0]] == TEXTS["micnone"][0]

    def broken() -> list[object]:
        raise MicrophoneError("PortAudio is not installed.")

    monkeypatch.setattr(status_page, "list_microphones", broken)
    assert dict(page.facts())[TEXTS["mic"][0]] == "PortAudio is not installed."


def test_the_button_forgets_all_and_has_every_page_begin_anew(
    host: TestClient, status: Status, forgotten: list[str]
) -> None:
    before = status.alive()
    answer = host.post("/reset", headers={"origin": "http://127.0.0.1:7861"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert forgotten == ["all"] and status.alive() != before
    assert host.post("/reset").status_code == 303, "curl sends no origin"


def test_a_page_that_is_only_looked_at_changes_nothing(
    host: TestClient, status: Status, forgotten: list[str]
) -> None:
    before = status.alive()
    assert host.get("/").status_code == 200 and host.get("/reset").status_code == 405
    assert not forgotten and status.alive() == before and status.today().visits == 0


# From elsewhere


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:7860", "http://localhost:7861"]
)
def test_another_site_cannot_press_the_button(host: TestClient, forgotten: list[str], origin: str) -> None:
    assert host.post("/reset", headers={"origin": origin}).status_code == 403
    assert not forgotten


@pytest.mark.parametrize("name", ["evil.example", "127.0.0.1.evil.example", "192.168.1.20:7861", ""])
def test_a_name_that_somebody_else_leads_here_is_refused(host: TestClient, name: str) -> None:
    for answer in (host.get("/", headers={"host": name}), host.post("/reset", headers={"host": name})):
        assert answer.status_code == 400 and HOST["visits"][0] not in answer.text


def test_no_site_may_frame_it_and_nothing_is_stored(host: TestClient) -> None:
    headers = host.get("/").headers
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-frame-options"] == "DENY" and headers["cache-control"] == "no-store"


@pytest.fixture(scope="module")
def page(random_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    engine = v2f.load(random_weights, device="cpu", exact=True)
    with served(engine, tmp_path_factory.mktemp("uploads")) as page:
        yield page


@pytest.mark.parametrize(
    "path", ["/status", "/reset", "/host", "/status/", "/kiosk/../reset", "/kiosk/status"]
)
def test_it_is_not_to_be_found_at_the_kiosks_own_port(page: Served, path: str) -> None:
    assert page.client.get(path).status_code == 404
    assert page.client.post(path).status_code in (404, 405)


def test_forgetting_all_leaves_no_visitors_session(page: Served) -> None:
    token = page.ask("read_upload", {"path": page.upload(EXAMPLES[0])}).json()["session"]
    assert len(page.sessions) == 1
    page.app.state.forget_all()
    assert len(page.sessions) == 0
    assert page.ask("noise_study", {"session": token}).json() == {"problem": "gone"}


@pytest.mark.browser
def test_a_kiosk_open_to_the_network_keeps_it_to_this_machine(open_kiosk: OpenKiosk) -> None:
    port = free_port()
    kiosk = open_kiosk("--host", "0.0.0.0", "--status-port", str(port))
    listening = {
        connection.laddr
        for connection in psutil.Process(kiosk.process.pid).net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    }
    assert {(ip, at) for ip, at in listening if at == port} == {("127.0.0.1", port)}
    assert ("0.0.0.0", kiosk.port) in listening
    with socket.create_connection(("127.0.0.2", kiosk.port)), pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", port))
