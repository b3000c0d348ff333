"""v2f kiosk --booth: units that systemd takes, a policy that Chromium takes, and the commands for them."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from v2f.__main__ import main
from v2f.kiosk import booth


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def written(*options: str) -> dict[str, str]:
    """The files of a booth named hall, by name."""
    assert main(["kiosk", "--booth", "hall", *options]) == 0
    return {file.name: file.read_text("utf-8") for file in Path("hall").iterdir()}


def value(unit: str, name: str) -> str:
    [found] = re.findall(rf"^{name}=(.*)$", unit, flags=re.MULTILINE)
    return found


def test_a_booth_has_a_page_a_screen_a_policy_and_commands(capsys: pytest.CaptureFixture[str]) -> None:
    files = written()
    assert set(files) == {"hall.service", "hall-screen.service", "hall.json", "README.txt"}
    assert capsys.readouterr().out == files["README.txt"]
    start = f"{sys.executable} -m v2f kiosk --kiosk --status-port 7861"
    assert value(files["hall.service"], "ExecStart") == start
    screen = value(files["hall-screen.service"], "ExecStart")
    assert screen.startswith("/usr/bin/cage -- /usr/bin/chromium --kiosk ")
    assert screen.endswith(" http://127.0.0.1:7860")


def test_the_page_gets_the_options_that_were_given(random_weights: Path) -> None:
    options = ["--port", "8000", "--language", "es", "--weights", str(random_weights), "--exact"]
    names = ["--allowed-host", "booth.local", "--allowed-host", "booth.example", "--host", "0.0.0.0"]
    files = written(*options, *names)
    command = value(files["hall.service"], "ExecStart").split(" --kiosk ")[1].split()
    assert sorted(command) == sorted([*options, *names, "--status-port", "8001"])
    assert value(files["hall-screen.service"], "ExecStart").endswith(" http://127.0.0.1:8000")
    assert json.loads(files["hall.json"])["AudioCaptureAllowedUrls"] == ["http://127.0.0.1:8000"]


def test_the_hosts_page_is_at_the_next_port_unless_another_is_given() -> None:
    assert "http://127.0.0.1:7861\n" in written()["README.txt"]
    files = written("--status-port", "9000")
    assert "--status-port 9000" in files["hall.service"] and "127.0.0.1:9000" in files["README.txt"]


def test_no_visitor_reaches_the_hosts_page_by_the_booths_browser() -> None:
    policy = json.loads(written()["hall.json"])
    assert policy["URLAllowlist"] == ["http://127.0.0.1:7860"] and policy["URLBlocklist"] == ["*"]


def test_the_page_is_cut_off_from_the_network_unless_others_are_to_reach_it() -> None:
    assert value(written()["hall.service"], "IPAddressDeny") == "any"
    assert "IPAddress" not in written("--host", "0.0.0.0")["hall.service"]


def test_the_page_may_use_the_sound_card_only_where_it_records() -> None:
    assert "audio" not in written()["hall.service"]
    local = written("--microphone", "local", "--device", "2")["hall.service"]
    assert value(local, "SupplementaryGroups") == "audio" and "--device 2" in value(local, "ExecStart")


def test_the_browser_hears_the_microphone_unasked_and_goes_nowhere_else() -> None:
    policy = json.loads(written()["hall.json"])
    assert policy["AudioCaptureAllowedUrls"] == policy["URLAllowlist"] == ["http://127.0.0.1:7860"]
    assert policy["AutoplayAllowlist"] == ["http://127.0.0.1:7860"]
    assert policy["URLBlocklist"] == ["*"] and policy["AllowFileSelectionDialogs"] is False


def test_a_booth_that_gives_cards_prints_them_unasked_and_writes_no_file() -> None:
    assert json.loads(written()["hall.json"])["PrintingEnabled"] is False
    files = written("--card-address", "https://cards.example")
    policy = json.loads(files["hall.json"])
    assert policy["PrintingEnabled"] is True and policy["DownloadRestrictions"] == 3
    assert "--kiosk-printing" in value(files["hall-screen.service"], "ExecStart").split()
    assert "--card-address https://cards.example" in value(files["hall.service"], "ExecStart")


def test_files_are_read_and_written_at_a_booth_where_the_host_wants_it() -> None:
    policy = json.loads(written("--files")["hall.json"])
    assert policy["AllowFileSelectionDialogs"] is True and policy["DownloadRestrictions"] == 0


@pytest.mark.parametrize("options", [[], ["--host", "0.0.0.0", "--microphone", "local"]])
def test_systemd_takes_the_units(options: list[str]) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("needs systemd-analyze")
    written(*options)
    units = [str(unit) for unit in Path("hall").resolve().glob("*.service")]
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True)
    complaints = [line for line in done.stderr.splitlines() if "hall" in line]
    assert [line for line in complaints if not re.search("Command /usr/bin/.* is not executable", line)] == []


def test_a_word_with_what_systemd_would_read_otherwise_is_quoted() -> None:
    assert booth.quoted("--port=7860") == "--port=7860"
    assert booth.quoted('my "100 %" $x.safetensors') == r'"my \"100 %%\" $$x.safetensors"'


def test_a_checkout_is_updated_by_git_and_a_wheel_by_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    assert re.fullmatch(r"git -C (\S+) pull && make -C \1 install", booth.how_to_update())
    monkeypatch.setattr(booth, "ASSETS", Path("env", "v2f", "_assets"))
    assert booth.how_to_update() == f'{sys.executable} -m pip install --upgrade "v2f[kiosk]"'


@pytest.mark.parametrize(
    "options",
    [
        ["Hall"],
        ["../hall"],
        [""],
        ["h" * 21],
        ["hall", "--host", "192.0.2.1"],
        ["hall", "--auth", "me:secret"],
    ],
)
def test_what_makes_no_booth_is_refused(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["kiosk", "--booth", *options])
    assert ended.value.code == 2 and "--booth" in capsys.readouterr().err
    assert not list(Path().iterdir())


def test_a_file_in_the_way_or_missing_weights_are_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["kiosk", "--booth", "hall", "--weights", "none.safetensors"]) == 1
    Path("hall").touch()
    assert main(["kiosk", "--booth", "hall"]) == 1
    assert capsys.readouterr().err.count("\n") == 2
