"""Every kind of bench has its name, and nothing is imported before it is asked for."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import __main__ as cli
from benchmarks import startup
from benchmarks.__main__ import main
from benchmarks.tables import Titled, fact

HEAVY = ("torch", "numpy", "gradio", "soundfile", "playwright")


@pytest.mark.parametrize("module", ["v2f.__main__", "benchmarks.__main__"])
def test_the_command_line_imports_nothing_heavy(module: str) -> None:
    program = f"import sys, {module} as m; m.build_parser(); print([n for n in {HEAVY} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "kind", ["train", "clip", "strip", "live", "startup", "prepare", "growth", "gpu", "all"]
)
def test_every_kind_says_what_it_takes(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([kind, "--help"])
    assert ended.value.code == 0 and "--out" in capsys.readouterr().out


def test_tables_are_told_and_written_as_they_come(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.md"

    def tables() -> Iterator[Titled]:
        yield "First", [fact("a", "1")]
        assert "## First" in out.read_text(), "what has been measured stays, whatever happens next"
        yield "Second", [fact("b", "2")]

    assert cli.tell(tables(), out) == 0
    assert out.read_text().count("## ") == 2 and "## Second" in capsys.readouterr().out


def test_all_is_each_of_them_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def stand_in(name: str):
        def tables(*arguments: object) -> Iterator[Titled]:
            asked.append(str(arguments[0]) if name == "faces" else name)
            yield name, [fact(name, "")]

        return tables

    for name in ("faces", "startup", "train", "prepare", "growth"):
        monkeypatch.setattr(cli, f"{name}_tables", stand_in(name))
    assert len(list(cli.all_tables(None))) == 7
    assert asked == ["clip", "strip", "live", "startup", "train", "prepare", "growth"]


def test_starts_stand_beside_importing_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(startup, "STARTS", 1)
    row = startup.started("nothing", 5, ["-c", ""], ["-c", "import json"], ["-c", ""])
    assert row["line"] == "5 s" and row["met"] == "yes" and row["times as fast"].endswith(")")
    with pytest.raises(startup.BenchError, match="fails"):
        startup.run(["-c", "import no_such_package"])


def test_the_eager_imports_exist() -> None:
    startup.run(["-c", startup.EAGER])
