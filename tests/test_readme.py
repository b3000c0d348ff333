"""The commands that README.md and docs/ print: each is understood, those on bundled recordings run as they stand."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import v2f
from benchmarks.__main__ import build_parser as benchmarks_parser
from tests.kiosk.served import served
from v2f.__main__ import build_parser

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "assets" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PROGRAMS = {  # how a printed command begins, and what the command line of v2f, or of the benchmarks, is given instead
    r"v2f |python -m v2f ": (build_parser, ()),
    r"python app\.py ?": (build_parser, ("kiosk",)),
    r"(python|torchrun .*) train\.py ": (build_parser, ("train",)),
    r"python -m benchmarks ": (benchmarks_parser, ()),
}


def commands() -> list[tuple[str, str]]:
    """Page and command of every line of an indented block, continued lines joined, comments left out."""
    found = []
    for page in PAGES:
        text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL).replace("\\\n", " ")
        for line in re.findall(r"^ {4}(\S.*)$", text, flags=re.MULTILINE):
            found.append((page.name, re.sub(r"\s+#.*", "", line).strip()))
    return found


OURS = [(page, line) for page, line in commands() if any(re.match(start, f"{line} ") for start in PROGRAMS)]
RUNNABLE = [
    line
    for page, line in OURS
    if page == "README.md" and re.match(r"v2f (examples|face|strip|study|weights show)", line)
]
BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), flags=re.DOTALL)


@pytest.mark.parametrize(("page", "line"), OURS)
def test_a_printed_command_is_understood(page: str, line: str) -> None:
    start, (parser, given) = next((s, p) for s, p in PROGRAMS.items() if re.match(s, f"{line} "))
    parser().parse_args([*given, *shlex.split(re.sub(start, "", f"{line} ", count=1))])


def test_the_script_for_slurm_is_understood() -> None:
    (script,) = re.findall(r"```bash\n(.*?)```", (ROOT / "docs" / "cluster.md").read_text("utf-8"), re.DOTALL)
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)
    commands = re.findall(r"(?:train\.py|v2f train) (.*)", script)
    assert [command.split()[0] for command in commands] == ["speaker", "pack", "gan"]
    for command in commands:
        build_parser().parse_args(["train", *shlex.split(re.sub(r"\$\(.*\)", "--resume", command))])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder, far from the repository, and a command `v2f` that runs this checkout."""
    return command_in(tmp_path)


def command_in(folder: Path) -> Path:
    program = folder / "bin" / "v2f"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m v2f "$@"\n')
    program.chmod(0o755)
    return folder


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the first of the commands leaves in an empty folder: the bundled recordings."""
    folder = command_in(tmp_path_factory.mktemp("recordings"))
    done = run(folder, "sh", "-c", RUNNABLE[0])
    assert (done.returncode, done.stderr) == (0, "")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("line", RUNNABLE[1:])
def test_a_command_on_bundled_recordings_runs_as_printed(line: str, recordings: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(recordings, tmp_path / "copy"))
    done = run(folder, "sh", "-c", line)
    assert (done.returncode, done.stderr) == (0, "")


def test_no_page_or_message_names_a_recording_by_a_path_of_the_repository() -> None:
    files = [*PAGES, *(ROOT / "v2f").rglob("*.py"), *(ROOT / "v2f").rglob("*.js")]
    assert not [file for file in files if "assets/examples" in file.read_text("utf-8")]


@pytest.mark.slow
@pytest.mark.parametrize("block", BLOCKS)
def test_a_python_example_runs_as_printed(block: str, folder: Path) -> None:
    if "7860" in block:
        with served(v2f.load(device="cpu"), folder / "uploads") as kiosk:
            done = run(folder, sys.executable, "-c", block.replace("http://127.0.0.1:7860", kiosk.address))
    else:
        done = run(folder, sys.executable, "-c", block)
    assert (done.returncode, done.stderr) == (0, "")
