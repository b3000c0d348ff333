"""How long programs take to start, their files in the disk's cache, beside importing every package at the top."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from tempfile import TemporaryDirectory

from benchmarks.timing import Row, Table, in_turns, speed_up, spread
from tests.support.browser import EXAMPLES, REPOSITORY, BenchError, serving

STARTS = 3
EAGER = (  # every package that some command uses
    "import gradio, uvicorn, sounddevice, joblib, v2f.pipeline, v2f.kiosk.page, v2f.data.corpus, v2f.data.faces,"
    " v2f.training.tasks.speaker, v2f.training.tasks.adversarial, torch.utils.tensorboard, face_alignment"
)


def measure(weights: str | None = None) -> Iterator[Table]:
    """`import v2f`, a face from a clip, and the kiosk until it answers, which needs nearly all packages."""
    chosen = ["--weights", weights] if weights else []
    with TemporaryDirectory() as folder:
        face = ["face", str(EXAMPLES[0]), "--out", folder, *chosen]
        eager = f"{EAGER}; from v2f.__main__ import main; main({face!r})"
        rows = [
            started("import v2f", ["-c", "import v2f"], ["-c", EAGER], ["-c", ""]),
            started("v2f face CLIP", ["-m", "v2f", *face], ["-c", eager], ["-c", "import torch"]),
        ]
    kiosk: list[float] = []
    for _ in range(STARTS):
        with serving(*chosen) as served:
            kiosk.append(served.start_seconds)
    packages = in_turns({"": partial(run, ["-c", "import torch, gradio"])}, STARTS)[""]
    yield "Starting", [*rows, row("app.py, until it answers", spread(kiosk), "", "", spread(packages))]


def started(name: str, ours: list[str], baseline: list[str], least: list[str]) -> Row:
    """Three programs in turns: ours, the same with everything imported at its top, and the least there can be."""
    programs = {"ours": ours, "baseline": baseline, "least": least}
    took = in_turns({way: partial(run, arguments) for way, arguments in programs.items()}, STARTS)
    ratio = speed_up(took["baseline"], took["ours"])
    return row(name, spread(took["ours"]), spread(took["baseline"]), ratio, spread(took["least"]))


def row(name: str, ours: str, baseline: str, ratio: str, least: str) -> Row:
    packages = "Python with the packages it needs"
    return {"measured": name, "ours": ours, "baseline": baseline, "speed-up": ratio, packages: least}


def run(arguments: Sequence[str]) -> None:
    """Run Python with these arguments to its end. Raises BenchError when it fails."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BenchError(f"python {' '.join(arguments)} fails: {done.stderr.strip()[-200:]}")
