"""The bench for a GPU runs on the CPU as well, with none of the packages that a GPU's machine may lack."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from benchmarks import gpu
from benchmarks.drawing import PlainDrawing
from tests.support.browser import REPOSITORY
from v2f.models import Inference, Runtime, load

pytestmark = pytest.mark.slow

MISSING = (
    *("webrtcvad", "soundfile", "sounddevice", "torchaudio", "scipy", "joblib"),
    *("gradio", "fastapi", "uvicorn", "pydantic", "dlib", "face_alignment", "playwright"),
)
SMALL = """
import sys
for name in {missing}:
    sys.modules[name] = None  # importing it fails
from benchmarks.__main__ import main
from benchmarks import gpu, rates
gpu.ROUNDS = rates.ROUNDS = 1
gpu.COMPARED = 4
rates.MATRIX["cpu"], rates.COPIED["cpu"] = 64, 1 << 16
sys.exit(main(["gpu", "--device", "cpu", "--iterations", "2", "--batch", "2", "--out", {out!r}]))
"""


def test_one_command_measures_everything_with_no_audio_package(tmp_path: Path) -> None:
    out = tmp_path / "gpu.md"
    program = SMALL.format(missing=MISSING, out=str(out))
    done = subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    told = out.read_text()
    for line in ("step of Algorithm 1, batch 2", "100,000 of them", "six log-mels to a strip", "fooling"):
        assert line in told
    assert "resident faces, uint8" in told and "the line is 2" in told
    assert told.strip() in done.stdout.replace("faces seen: 4\n", "")


def test_both_ways_draw_the_same_faces(random_weights: Path) -> None:
    log_mels = [torch.randn(64, length) for length in (100, 150)]
    exact = Runtime.choose("cpu", exact=True)
    model = Inference(load(random_weights), exact)
    ours, _ = model.faces(model.embed(log_mels))
    plainly = PlainDrawing(load(random_weights), exact.device).strip(log_mels)
    assert ours.shape == (2, 64, 64, 3)
    for mine, other in zip(ours, plainly, strict=True):
        assert abs(mine.astype(int) - other).max() <= 1


def test_losses_are_means_over_steps() -> None:
    task = gpu.make_task(gpu.made_pack(), 2, Runtime.choose("cpu", exact=True))
    again = gpu.make_task(gpu.made_pack(), 2, Runtime.choose("cpu", exact=True))
    told = gpu.mean_losses(task, 2)
    by_hand = [again.step(index)["fooling"].item() for index in range(2)]
    assert told["fooling"] == pytest.approx(sum(by_hand) / 2, rel=1e-5)
    assert told.keys() == set(gpu.LOSSES)
