"""Every benchmark has its name, and nothing heavy is imported before it is needed."""

import subprocess
import sys

import pytest

from benchmarks.__main__ import main

HEAVY = ("torch", "numpy", "gradio", "soundfile", "playwright")


@pytest.mark.parametrize("module", ["v2f.__main__", "benchmarks.__main__"])
def test_the_command_line_imports_nothing_heavy(module: str) -> None:
    program = f"import sys, {module} as m; m.build_parser(); print([n for n in {HEAVY} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "kind",
    [
        "inference",
        "step",
        "kernels",
        "startup",
        "runtimes",
        "prepare",
        "feed",
        "crowd",
        "all",
        "gpu",
        "kiosk",
        "attract",
        "film",
        "soak",
        "pictures",
    ],
)
def test_every_kind_says_what_it_takes(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([kind, "--help"])
    assert ended.value.code == 0 and "--out" in capsys.readouterr().out


@pytest.mark.parametrize("kind", [["kiosk"], ["soak"]])
def test_without_playwright_the_command_says_what_to_install(
    kind: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "playwright.sync_api", None)
    assert main(kind) == 1
    assert capsys.readouterr().err == "v2f: Playwright is missing: pip install -r requirements-dev.txt.\n"


@pytest.mark.parametrize("kind", [["kiosk"], ["soak"]])
def test_without_chromium_the_command_says_what_to_install(
    kind: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("playwright")
    monkeypatch.setenv("PATH", "")
    assert main(kind) == 1
    assert capsys.readouterr().err == "v2f: Chromium is missing: install it with apt-get install chromium.\n"
