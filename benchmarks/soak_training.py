"""Hours of Algorithm 1 by `v2f train gan`, and what its process takes from the machine meanwhile.

It trains on a made pack and saves a checkpoint every hundred steps. Of its files only the checkpoints are watched: the
log and the sample pictures grow, as they should.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from safetensors import SafetensorError, safe_open

from benchmarks.soak import Soak
from benchmarks.step import save_made_pack
from benchmarks.timing import Table, fact
from tests.support.browser import REPOSITORY, BenchError, stop
from v2f.cli import INTERRUPTED
from v2f.training.checkpoint import CHECKPOINT

SAVE_EVERY = 100  # steps
ENDLESS = 10**9  # steps
STEP_SECONDS = 1.0  # between two looks at the run's folder


@dataclass
class TrainingSoak(Soak):
    """Also counts the checkpoints that replaced another."""

    checkpoints: int = 0
    steps: int = 0  # of the last checkpoint

    def look(self, folder: Path) -> None:
        """Read the step of the checkpoint that lies there, if any. Raises BenchError when it is not a later one."""
        try:
            with safe_open(folder / CHECKPOINT, framework="pt") as file:
                step = int(file.metadata()["step"])
        except (OSError, SafetensorError, RuntimeError):  # the last is torch's for a file that has just gone
            return  # there is none yet, or the next one is just taking its place
        if step < self.steps:
            raise BenchError(f"A checkpoint of step {step} has replaced one of step {self.steps}.")
        self.checkpoints += step > self.steps
        self.steps = step

    def passed(self) -> bool:
        return super().passed() and self.checkpoints > 1


def tables(soak: TrainingSoak) -> Iterator[Table]:
    yield (
        "Training",
        [fact("steps", f"{soak.steps:,}"), fact("checkpoints written", f"{soak.checkpoints:,}")],
    )
    yield "What the process takes", soak.rows()


def run(minutes: float, out: Path | None = None) -> TrainingSoak:
    """Train for so long. Raises BenchError when training stops by itself."""
    soak = TrainingSoak(minutes, out)
    with TemporaryDirectory(prefix="v2f-soak-") as place, training(Path(place)) as (process, folder):
        start, passed = time.monotonic(), 0.0
        while passed < minutes:
            time.sleep(STEP_SECONDS)
            passed = (time.monotonic() - start) / 60
            soak.look(folder)
            if soak.due(passed):
                soak.sample(process, folder.glob("*.safetensors"), passed)
    return soak


@contextmanager
def training(place: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """Train until the context ends -> the process and the run's folder. Raises BenchError when it fails."""
    pack, encoder = save_made_pack(place)
    folder, errors = place / "run", place / "stderr"
    command = [sys.executable, "train.py", "gan", "--device", "cpu", "--steps", str(ENDLESS)]
    command += ["--save-every", str(SAVE_EVERY), "--data", str(pack), "--encoder", str(encoder)]
    with errors.open("w") as stderr:
        process = subprocess.Popen(
            [*command, "--out", str(folder)],
            cwd=REPOSITORY,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            text=True,
        )
        try:
            yield process, folder
        finally:
            stop(process)
            if process.returncode != INTERRUPTED:
                raise BenchError(f"Training fails: {errors.read_text().strip()[-300:]}")
