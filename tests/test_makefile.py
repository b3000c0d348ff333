"""`make run` on a new machine says what it will fetch and names each step; the second time it only serves."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PYTHON = """\
#!/bin/sh
# Makes an environment whose python tells what it is asked to install and to run.
case "$*" in
    "-m venv"*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
    "-m pip"* | app.py*) echo "> $*" ;;
esac
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What `make` needs of this repository, with a Python that installs nothing."""
    for name in ("Makefile", "requirements.txt", "requirements-dev.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    python = tmp_path / "python3.11"
    python.write_text(PYTHON)
    python.chmod(0o755)
    return tmp_path


def make(checkout: Path, target: str) -> list[str]:
    """The lines that `make TARGET` prints, called from a shell and not from another make."""
    shell = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(
        ["make", target, "PYTHON=./python3.11"], cwd=checkout, env=shell, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def of_pip(lines: list[str], wanted: str) -> str:
    [line] = [line for line in lines if line.startswith("> -m pip") and wanted in line]
    return line


def test_the_first_time_it_says_how_much_it_fetches_and_pip_shows_its_progress(checkout: Path) -> None:
    lines = make(checkout, "run")
    packages = of_pip(lines, "-r requirements.txt")
    size = next(line for line in lines if "GB to download" in line)
    assert lines.index(size) < lines.index(packages) and "--quiet" not in packages
    steps = [line for line in lines if not line.startswith(">")]
    assert [step.split()[0] for step in steps] == ["Making", "Installing", "Once:", "Installing"]
    assert lines[-1].startswith("> app.py ")


def test_the_second_time_it_is_quiet(checkout: Path) -> None:
    make(checkout, "run")
    assert make(checkout, "run") == ["> app.py --host 127.0.0.1 --port 7860"]


def test_an_update_lists_no_packages_that_stay(checkout: Path) -> None:
    make(checkout, "install")
    later = time.time() + 1  # than what was just made, by more than a file system's clock ticks
    os.utime(checkout / "requirements.txt", (later, later))
    lines = make(checkout, "install")
    assert "--quiet" in of_pip(lines, "-r requirements.txt") and not any("GB" in line for line in lines)
