"""The wheel asks for the packages that requirements.txt pins."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_the_wheel_and_make_install_the_same_packages() -> None:
    def names(lines: list[str]) -> set[str]:
        return {re.split(r"[~=<>]", line)[0] for line in lines if line and not line.startswith(("#", "-"))}

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert names(project["dependencies"]) == names(
        (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    )


def test_the_lock_holds_the_same_versions_each_with_hashes() -> None:
    pins = [line.split()[0] for line in _lines("requirements.txt") if line[:1].isalpha()]
    lock = _lines("requirements.lock")
    locked = {line.split()[0]: lock[place + 1] for place, line in enumerate(lock) if line[:1].isalpha()}
    missing = [pin for pin in pins if pin not in locked]
    assert not missing, "run `make lock`"
    assert all(following.lstrip().startswith("--hash=sha256:") for following in locked.values())


def _lines(name: str) -> list[str]:
    return (ROOT / name).read_text("utf-8").splitlines()
