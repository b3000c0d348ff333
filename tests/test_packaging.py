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
