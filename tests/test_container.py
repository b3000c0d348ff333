"""The container: what its linter says, who runs in it, and what can reach it. It is not built here."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import v2f
from tests.kiosk.served import served
from v2f.__main__ import build_parser

ROOT = Path(__file__).resolve().parents[1]
STEPS = re.findall(
    r"^([A-Z]+) (.*)$",
    (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", " "),
    flags=re.MULTILINE,
)
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))


def last(step: str) -> str:
    return [rest for name, rest in STEPS if name == step][-1]


def test_hadolint_finds_nothing() -> None:
    program = Path(sys.executable).with_name("hadolint")
    if not program.exists():
        pytest.skip("needs hadolint")
    done = subprocess.run([str(program), "Dockerfile"], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_all_that_is_copied_is_there_and_let_through() -> None:
    through = {
        line.lstrip("!")
        for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines()
        if line.startswith("!")
    }
    copied = {
        word
        for name, rest in STEPS
        if name == "COPY" and "--from" not in rest
        for word in shlex.split(rest)[:-1]
    }
    assert copied == through and all((ROOT / name).exists() for name in copied)


def test_it_runs_as_nobody_special_and_asks_itself_whether_it_is_well() -> None:
    assert last("USER") not in ("root", "0")
    assert "HEALTHCHECK" in dict(STEPS)


@pytest.mark.slow
def test_the_question_whether_it_is_well_is_answered_by_the_page_alone(
    random_weights: Path, tmp_path: Path
) -> None:
    [_, _, code] = json.loads(last("HEALTHCHECK").partition("CMD ")[2])
    with served(v2f.load(random_weights, device="cpu"), tmp_path) as page:
        asked = code.replace("7860", page.address.rpartition(":")[2])
        assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == 0
    assert subprocess.run([sys.executable, "-c", asked], stderr=subprocess.DEVNULL).returncode != 0


def test_the_page_is_reached_through_the_proxy_alone_and_writes_to_memory_alone() -> None:
    page, proxy = COMPOSE["services"]["v2f"], COMPOSE["services"]["caddy"]
    assert "ports" not in page and proxy["ports"] == ["80:80", "443:443"]
    assert page["networks"] == ["inside"] and COMPOSE["networks"]["inside"]["internal"]
    assert page["read_only"] and page["cap_drop"] == ["ALL"] and "volumes" not in page
    assert [place.split(":")[0] for place in page["tmpfs"]] == ["/tmp"]
    assert "reverse_proxy v2f:7860" in (ROOT / "Caddyfile").read_text("utf-8")


def test_the_command_of_the_page_is_understood() -> None:
    [_, *command] = json.loads(last("ENTRYPOINT")) + COMPOSE["services"]["v2f"]["command"]
    arguments = build_parser().parse_args(command)
    assert arguments.kiosk and arguments.host == "0.0.0.0" and arguments.port == int(last("EXPOSE"))


def test_caddy_takes_its_file(tmp_path: Path) -> None:
    caddy = shutil.which("caddy")
    if not caddy:
        pytest.skip("needs caddy")
    environment = {"V2F_NAME": "booth.local", "HOME": str(tmp_path)}
    command = [caddy, "validate", "--adapter", "caddyfile", "--config", "Caddyfile"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
