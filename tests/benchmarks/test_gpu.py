"""The benchmark of a GPU runs on the CPU as well, with none of the packages that a GPU's machine may lack."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import gpu
from benchmarks.step import made_pack, make_task
from tests.support.browser import REPOSITORY
from v2f.models import Runtime

pytestmark = pytest.mark.slow

MISSING = (
    *("webrtcvad", "soundfile", "sounddevice", "torchaudio", "scipy", "joblib", "av"),
    *("gradio", "fastapi", "uvicorn", "pydantic", "dlib", "face_alignment", "playwright"),
)
SMALL = """
import sys
for name in {missing}:
    sys.modules[name] = None  # importing it fails
from benchmarks.__main__ import main
from benchmarks import gpu, timing
gpu.ROUNDS = timing.ROUNDS = 1
gpu.COMPARED_FACES, gpu.SEEDS["cpu"], gpu.LENGTHS = 4, 1, (100,) * 6
timing.MATRIX_SIZE["cpu"], timing.COPY_BYTES["cpu"] = 64, 1 << 16
sys.exit(main(["gpu", "--device", "cpu", "--iterations", "2", "--batch", "2", "--out", {out!r}]))
"""


def test_one_command_measures_everything_with_no_audio_package(tmp_path: Path) -> None:
    out = tmp_path / "gpu.md"
    program = SMALL.format(missing=MISSING, out=str(out))
    done = subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    text = out.read_text()
    for part in (
        "step of Algorithm 1, batch 2",
        "100,000 at this rate",
        "six durations to a strip",
        "loss_G_adv",
    ):
        assert part in text


def test_losses_are_means_over_steps() -> None:
    task, again = (make_task(made_pack(), 2, Runtime.choose("cpu", exact=True)) for _ in range(2))
    means = gpu.mean_losses(task, 2)
    by_hand = [again.step(index)["loss_G_adv"].item() for index in range(2)]
    assert means["loss_G_adv"] == pytest.approx(sum(by_hand) / 2, rel=1e-5)
    assert means.keys() == set(gpu.LOSSES)
