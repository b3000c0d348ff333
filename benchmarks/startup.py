"""How long programs take to start, their files in the disk's cache, beside importing every package that runs v2f.

The floor of a program is Python with those packages that it cannot do without, and nothing of ours.
"""

import subprocess
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.tables import Row, Titled
from benchmarks.turns import in_turns, ratio
from tests.support.browser import EXAMPLES, REPOSITORY, BenchError, serving

STARTS = 3
EAGER = (  # what the plain way imports at the top, whichever of them a command then uses
    "import gradio, uvicorn, sounddevice, joblib, v2f.pipeline, v2f.kiosk.page, v2f.data.corpus, v2f.data.faces,"
    " v2f.training.tasks.speaker, v2f.training.tasks.adversarial, torch.utils.tensorboard, face_alignment"
)


def measure(weights: str | None = None) -> list[Titled]:
    """`import v2f`, a face from a clip, and the kiosk until it answers."""
    chosen = ["--weights", weights] if weights else []
    with TemporaryDirectory() as folder:
        face = ["face", str(EXAMPLES[0]), "--out", folder, *chosen]
        eager = f"{EAGER}; from v2f.__main__ import main; main({face!r})"
        rows = [
            started("import v2f", 0.3, ["-c", "import v2f"], ["-c", EAGER], ["-c", ""]),
            started("v2f face CLIP", 4, ["-m", "v2f", *face], ["-c", eager], ["-c", "import torch"]),
        ]
    return [("Starting", [*rows, kiosk(chosen)])]


def started(name: str, limit: float, ours: list[str], plain: list[str], floor: list[str]) -> Row:
    """Three programs in turns: ours, the same with everything imported at its top, and the least there can be."""
    programs = {"ours": ours, "plain": plain, "floor": floor}
    took = in_turns({way: partial(run, arguments) for way, arguments in programs.items()}, STARTS)
    return row(
        name, limit, took["ours"], seconds(took["plain"]), ratio(took["plain"], took["ours"]), took["floor"]
    )


def kiosk(chosen: Sequence[str]) -> Row:
    """app.py until its first answer; it needs nearly all packages, so there is no plainer way."""
    took, floor = [], []
    for _ in range(STARTS):
        with serving(*chosen) as served:
            took.append(served.start_seconds)
        began = time.perf_counter()
        run(["-c", "import torch, gradio"])
        floor.append(time.perf_counter() - began)
    return row("app.py, until it answers", 10, took, "", "", floor)


def row(
    name: str, limit: float, took: Sequence[float], plain: str, faster: str, floor: Sequence[float]
) -> Row:
    return {
        "measured": name,
        "ours": seconds(took),
        "the plain way": plain,
        "times as fast": faster,
        "floor": seconds(floor),
        "its share of ours": f"{median(floor) / median(took):.0%}",
        "line": f"{limit:g} s",
        "met": "yes" if max(took) <= limit else "**no**",
    }


def seconds(times: Sequence[float]) -> str:
    """The median and its spread."""
    return f"{median(times):.2f} s ({min(times):.2f} to {max(times):.2f})"


def run(arguments: Sequence[str]) -> None:
    """Run Python with these arguments to its end. Raises BenchError when it fails."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=Path(REPOSITORY), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BenchError(f"python {' '.join(arguments)} fails: {done.stderr.strip()[-200:]}")
