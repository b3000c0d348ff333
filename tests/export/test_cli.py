"""`v2f export onnx` writes a graph, or says in a sentence why not; the graph makes faces where there is no torch."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support.browser import EXAMPLES, REPOSITORY
from v2f.__main__ import main
from v2f.pipeline import VoiceToFace

WITHOUT_TORCH = (
    "import sys; sys.modules.update(dict.fromkeys(['torch', 'torchaudio', 'safetensors', 'onnx']));"
    "from v2f.__main__ import main; sys.exit(main())"
)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("exported") / "new" / "v2f.onnx"
    assert main(["export", "onnx", "-o", str(path)]) == 0
    return path


@pytest.mark.slow
def test_faces_need_no_torch(exported: Path, tmp_path: Path, torch_model: VoiceToFace) -> None:
    command = ["face", str(EXAMPLES[0]), "-o", str(tmp_path), "--json", "--runtime", "onnx"]
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, *command, "--weights", str(exported)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    told, expected = json.loads(done.stdout), torch_model.face(EXAMPLES[0])
    picture = np.array(Image.open(told["image"])).astype(int)
    assert np.abs(picture - expected.image).max() <= 2
    assert told["score"] == pytest.approx(expected.score, abs=1e-3)
    assert (told["seconds"], told["duration"]) == (expected.seconds, expected.duration)
    assert set(told["timings"]) == {"read", "vad", "graph"}


@pytest.mark.slow
def test_the_parts_are_six_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "onnx", "--parts", "--type", "int8", "-o", str(tmp_path / "parts")]) == 0
    parts = ("dvectors", "campplus", "embedding", "places", "drawing", "judging")
    names = {f"{part}.onnx" for part in parts}
    assert {path.name for path in (tmp_path / "parts").iterdir()} == names
    assert capsys.readouterr().out.count(" MB\n") == len(names)
    command = ["face", str(EXAMPLES[0]), "-o", str(tmp_path), "--runtime", "onnx"]
    assert main([*command, "--weights", str(tmp_path / "parts" / "drawing.onnx")]) == 1
    assert "is not a graph from voice to face" in capsys.readouterr().err


def test_weights_of_another_kind_are_one_sentence(
    random_weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "v2f.onnx"
    assert main(["export", "onnx", "--weights", str(random_weights), "-o", str(out)]) == 1
    assert capsys.readouterr().err.count("\n") == 1 and not out.exists()


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ([], "v2f export onnx"),
        (["--weights", "no.onnx"], "There is no file no.onnx"),
        (["--weights", str(EXAMPLES[0])], "is not an ONNX graph"),
        (["--weights", "no.onnx", "--exact"], "leave --exact out"),
    ],
)
def test_what_is_no_graph_is_one_sentence(
    options: list[str], why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["face", str(EXAMPLES[0]), "-o", str(tmp_path / "faces"), "--runtime", "onnx", *options]
    assert main(command) == 1
    stderr = capsys.readouterr().err
    assert why in stderr and stderr.count("\n") == 1 and not (tmp_path / "faces").exists()
