"""The same model by PyTorch and, exported, by onnxruntime: how large, how fast, how near; and what a start costs."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.startup import STARTS, run
from benchmarks.timing import Row, Table, in_turns, speed_up, spread
from tests.support.browser import EXAMPLES, REPOSITORY, BenchError
from v2f.export.onnx_graphs import parts, voice_to_face
from v2f.export.storage import NUMBERS
from v2f.models import Runtime, load
from v2f.pipeline import VoiceToFace
from v2f.pipeline.onnx_runtime import OnnxVoiceToFace

ROUNDS = 7
TORCH = "PyTorch"
LAUNCHER = (  # a small process of its own: a new one begins with the peak of the one that starts it
    "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True);"
    " print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
)


def measure(weights: str | None = None) -> Iterator[Table]:
    """A clip to its face in every type, the size of files, and `v2f face` from its start to its end."""
    with TemporaryDirectory() as folder:
        files = {number: Path(folder) / f"{number}.onnx" for number in NUMBERS}
        for number, file in files.items():
            file.write_bytes(voice_to_face(load(weights), number).SerializeToString())
        yield "A clip to its face", rows(files, weights)
        yield (
            "Parts",
            [
                {"type": number, **{name: megabytes(part.ByteSize()) for name, part in sizes.items()}}
                for number, sizes in ((number, parts(load(weights), number)) for number in NUMBERS)
            ],
        )
        yield "v2f face CLIP", starts(files["float32"], weights)


def rows(files: dict, weights: str | None) -> list[Row]:
    """Each type beside PyTorch, in turns."""
    model = VoiceToFace(load(weights), Runtime.choose("cpu"))
    exact = VoiceToFace(load(weights), Runtime.choose("cpu", exact=True))
    graphs = {number: OnnxVoiceToFace(file) for number, file in files.items()}
    clip = EXAMPLES[0]
    ways: dict[str, Callable[[], object]] = {TORCH: partial(model.face, clip)}
    took = in_turns(ways | {number: partial(graph.face, clip) for number, graph in graphs.items()}, ROUNDS)
    result = []
    for number, graph in graphs.items():
        pairs = [(graph.face(example), exact.face(example)) for example in EXAMPLES]
        farthest = max(np.abs(ours.image.astype(int) - theirs.image).max() for ours, theirs in pairs)
        result.append(
            {
                "type": number,
                "file": megabytes(files[number].stat().st_size),
                "onnxruntime": spread(took[number]),
                TORCH: spread(took[TORCH]),
                "speed-up": speed_up(took[TORCH], took[number]),
                "a pixel moves by at most": f"{farthest} of 255",
                "cosine of embeddings": f"{min(float(a.embedding @ b.embedding) for a, b in pairs):.6f}",
            }
        )
    return result


def starts(graph: Path, weights: str | None) -> list[Row]:
    """A process for each face: how long it takes, and how much memory at most."""
    with TemporaryDirectory() as folder:
        face = ["-m", "v2f", "face", str(EXAMPLES[0]), "--out", folder]
        by_torch = [*face, "--weights", weights] if weights else face
        ways = {TORCH: by_torch, "onnxruntime": [*face, "--runtime", "onnx", "--weights", str(graph)]}
        took = in_turns({name: partial(run, arguments) for name, arguments in ways.items()}, STARTS)
        ratio = {TORCH: "1", "onnxruntime": speed_up(took[TORCH], took["onnxruntime"])}
        return [
            {
                "by": name,
                "time": spread(took[name]),
                "speed-up": ratio[name],
                "memory at most": megabytes(memory(arguments)),
            }
            for name, arguments in ways.items()
        ]


def memory(arguments: Sequence[str]) -> int:
    """The most bytes that Python with these arguments has in memory. Raises BenchError when it fails."""
    command = [sys.executable, "-c", LAUNCHER, sys.executable, *arguments]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"python {' '.join(arguments)} fails: {done.stderr.strip()[-200:]}")
    return int(done.stdout.split()[-1]) * 1024


def megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
