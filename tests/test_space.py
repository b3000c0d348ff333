"""The folder for Hugging Face Spaces: it is whole, and starts with the variables that Spaces sets."""

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

import v2f
from tests.kiosk.served import served
from tests.support.browser import PATIENCE, free_port, stop
from v2f.kiosk.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
SPACE = ROOT / "space"
NAME = "somebody-v2f.hf.space"
PROXIED = {
    "host": NAME,
    "x-forwarded-host": NAME,
    "x-forwarded-proto": "https",
    "x-forwarded-for": "192.0.2.1",
}


def pins(file: Path) -> dict[str, str]:
    return dict(
        line.split()[0].split("==") for line in file.read_text("utf-8").splitlines() if line[:1].isalpha()
    )


def test_its_pins_are_those_of_the_page() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["kiosk"]]
    everywhere = pins(ROOT / "requirements.txt")
    assert pins(SPACE / "requirements.txt") == {
        name: everywhere[name] for name in (re.split(r"[~=<>]", package)[0] for package in asked)
    }


def test_its_header_names_the_same_gradio_and_the_program() -> None:
    header = (SPACE / "README.md").read_text("utf-8").split("---\n")[1]
    values = dict(line.split(": ") for line in header.splitlines())
    assert values["sdk"] == "gradio" and (SPACE / values["app_file"]).is_file()
    assert values["sdk_version"] == pins(SPACE / "requirements.txt")["gradio"]
    assert values["python_version"] == '"3.11"' and len(values["short_description"]) <= 60


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """app.py of the folder that `make space` makes, as Spaces starts it, and its proxy."""
    folder, port = tmp_path_factory.mktemp("space"), free_port()
    subprocess.run(["make", "--silent", "space", f"SPACE={folder}"], cwd=ROOT, check=True)
    variables = {
        **{"SYSTEM": "spaces", "SPACE_ID": "somebody/v2f", "SPACE_HOST": NAME},
        **{"GRADIO_SERVER_NAME": "0.0.0.0", "GRADIO_SERVER_PORT": str(port)},
    }
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"} | variables
    process = subprocess.Popen(
        [sys.executable, "app.py"], cwd=folder, env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout and str(port) in process.stdout.readline()
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=PROXIED, timeout=PATIENCE) as client:
            yield client
    finally:
        stop(process)


@pytest.mark.slow
def test_the_page_is_there_under_the_spaces_name_and_in_its_frame(started: httpx.Client) -> None:
    answer = started.get("/")
    assert answer.status_code == 200
    assert "frame-ancestors https://huggingface.co;" in answer.headers["content-security-policy"] + ";"
    assert "x-frame-options" not in answer.headers
    assert started.get("/config").json()["root"] == f"https://{NAME}"
    assert started.get("/kiosk/kiosk.js").status_code == 200
    assert started.get("/", headers={"host": "elsewhere.example"}).status_code == 421


@pytest.mark.slow
def test_it_hears_a_visitor_of_the_space_and_no_other_site(started: httpx.Client) -> None:
    [page] = [part["id"] for part in started.get("/config").json()["components"] if part["type"] == "html"]
    question = {
        "data": {"seconds": 3},
        "component_id": page,
        "session_hash": "a1",
        "fn_name": "start_recording",
    }
    for origin, status in ((f"https://{NAME}", 200), ("https://huggingface.co", 403)):
        answer = started.post("/gradio_api/component_server", json=question, headers={"origin": origin})
        assert answer.status_code == status
        assert ("session" in answer.text) == (status == 200)


@pytest.mark.slow
def test_a_root_path_that_a_proxy_cuts_off_is_part_of_the_pages_address(
    random_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADIO_ROOT_PATH", "/v2f")
    engine = v2f.load(random_weights, device="cpu", exact=True)
    with served(engine, tmp_path, Settings(names=(NAME,))) as page:
        assert page.client.get("/config", headers=PROXIED).json()["root"] == f"https://{NAME}/v2f"
        html = page.client.get("/", headers=PROXIED).text
        assert not re.findall(r'(?:src|href)="/(?!manifest)', html), (
            "all else is found from where the page is"
        )
