"""The demonstration's commands: what they say before an hour of work, and whether a folder is as it should be."""

import subprocess
import sys
from pathlib import Path

import pytest

from v2f.__main__ import main


def prepare_demo(folder: Path, before: str = "pass") -> subprocess.CompletedProcess[str]:
    options = [
        f"--{name}={folder / name}"
        for name in ("portraits", "speech", "pairs", "common-voice", "speechocean", "faceres", "out")
    ]
    code = f"import sys; {before}; from v2f.__main__ import main; sys.exit(main(['prepare', 'demo', *{options}]))"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_a_missing_source_is_one_sentence(tmp_path):
    pytest.importorskip("sklearn")
    done = prepare_demo(tmp_path)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and "of the portraits" in done.stderr


def test_a_missing_package_is_one_sentence(tmp_path):
    done = prepare_demo(tmp_path, before="sys.modules['sklearn'] = None")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and "pip install scikit-learn" in done.stderr


def test_nothing_to_check_is_one_sentence(capsys) -> None:
    assert main(["prepare", "check"]) == 1
    assert "--common-voice" in capsys.readouterr().err


def test_whole_and_incomplete_sources_are_both_reported(shared_data: Path, tmp_path: Path, capsys) -> None:
    readers = shared_data / "speech" / "librispeech"
    assert main(["prepare", "check", f"--speech={readers}"]) == 0
    assert capsys.readouterr().out == "LibriSpeech's readers: 251 files, as they should be.\n"
    assert main(["prepare", "check", f"--speech={readers}", f"--speechocean={tmp_path}"]) == 1
    output = capsys.readouterr()
    assert "251 files" in output.out and output.err.count("\n") == 1
    assert "Of the 1,500 files of speechocean762, 1,500 are missing" in output.err
