"""python -m v2f prepare: mistakes cost one sentence."""

import subprocess
import sys
from pathlib import Path

import pytest


def prepare_demo(folder: Path, before: str = "pass") -> subprocess.CompletedProcess[str]:
    options = [
        f"--{name}={folder / name}" for name in ("portraits", "speech", "pairs", "kokoro-voices", "out")
    ]
    code = f"import sys; {before}; from v2f.__main__ import main; sys.exit(main(['prepare', 'demo', *{options}]))"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_a_missing_source_is_one_sentence(tmp_path):
    pytest.importorskip("sklearn")
    done = prepare_demo(tmp_path)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and "portraits.csv" in done.stderr


def test_a_missing_package_is_one_sentence(tmp_path):
    done = prepare_demo(tmp_path, before="sys.modules['sklearn'] = None")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and "pip install -r requirements-dev.txt" in done.stderr
