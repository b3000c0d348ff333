"""What one clip, a strip of faces and a live update cost, against the plain way and against what the machine could do.

The plain way is the paper read to the letter: float32, every prefix of a recording by itself from its samples on, the
detector's frame objects, a loop over frames for the log-mel, batch normalisation as a layer, one face at a time.
"""

import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
import soundfile
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import v2f
from v2f.audio import SAMPLE_RATE, normalise, read_audio
from v2f.bench import plain
from v2f.bench.browser import EXAMPLES, REPOSITORY, BenchError
from v2f.bench.turns import Line, in_turns, ratio
from v2f.models import Model, load
from v2f.models.runtime import Precision
from v2f.pipeline import DURATIONS, LiveSession, VoiceToFace

SECONDS = 10  # of the clip
ROUNDS = 15
STARTS = 3  # of a whole program
MATRIX = 2048  # rows and columns of the product that the machine's matrix rate is measured by
COPIED = 1 << 28  # bytes whose copying measures its bandwidth


class PlainWay:
    """The paper's path from samples to a face, step by step."""

    def __init__(self, model: Model) -> None:
        self.encoder, self.generator = model.encoder.eval(), model.generator.eval()
        self.filters = plain.filterbank()

    @torch.no_grad()
    def face(self, waveform: np.ndarray) -> np.ndarray:
        """Samples [n] at 16 kHz -> uint8 [64, 64, 3]."""
        log_mel = torch.from_numpy(plain.log_mel_of(plain.speech_of(waveform), self.filters).T).float()
        embedding = F.normalize(self.encoder(normalise(log_mel)[None]), dim=1)
        face = self.generator(embedding)[0].permute(1, 2, 0).clamp(-1, 1)
        return (face * 127.5 + 127.5).round().to(torch.uint8).numpy()


def measure(weights: str | None = None) -> list[Line]:
    """A clip of ten seconds to its face, to a strip of six, and as one more update of a recording in progress."""
    engine, by_hand = v2f.load(weights), PlainWay(load(weights))
    with TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.wav"
        soundfile.write(clip, read_audio(EXAMPLES[0], SECONDS), SAMPLE_RATE, "PCM_16")
        waveform = read_audio(clip)
        prefixes = [waveform[: duration * SAMPLE_RATE] for duration in DURATIONS]
        live = LiveSession(engine, SECONDS)
        live.add(waveform)
        lines = [
            *compared("clip to face", lambda: engine.face(clip), lambda: by_hand.face(read_audio(clip))),
            *compared(
                "clip to strip of six",
                lambda: engine.strip(clip),
                lambda: [by_hand.face(part) for part in (*prefixes, read_audio(clip))],
            ),
            *compared("live update at ten seconds", live.face, lambda: by_hand.face(waveform)),
        ]
    return [*lines, *floor(engine, load(weights), waveform), *starts(weights)]


def compared(name: str, ours: Callable[[], object], plainly: Callable[[], object]) -> list[Line]:
    """Both ways in turns, and their ratio."""
    took = in_turns({"ours": ours, "plain": plainly}, ROUNDS)
    return [
        Line(name, milliseconds(took["ours"])),
        Line(f"{name}, the plain way", milliseconds(took["plain"])),
        Line(f"{name}, ours against the plain way", ratio(took["plain"], took["ours"])),
    ]


def milliseconds(times: Sequence[float]) -> str:
    """The median and its spread."""
    least, middle, most = (1000 * value for value in (min(times), median(times), max(times)))
    return f"{middle:.1f} ms ({least:.1f} to {most:.1f})"


def floor(engine: VoiceToFace, model: Model, waveform: np.ndarray) -> list[Line]:
    """What the networks' operations and weights would take at the rates that this machine reaches with both."""
    networks: list[nn.Module] = [
        part for part in (model.encoder, model.generator, model.trunk) if part is not None
    ]
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model.encoder(torch.zeros(1, 64, SECONDS * 100))
        face = model.generator(torch.zeros(1, 64))
        if model.trunk is not None:
            model.trunk(face)
    size = 2 if engine.runtime.precision == "bf16" else 4  # bytes of a weight
    weights = size * sum(parameter.numel() for network in networks for parameter in network.parameters())
    rate, bandwidth = machine_rates(engine.runtime.precision)
    seconds = max(counter.get_total_flops() / rate, weights / bandwidth)
    networks_alone = in_turns({"face": lambda: engine.face(waveform)}, ROUNDS)["face"]
    told = (
        f"{1000 * seconds:.1f} ms: {counter.get_total_flops() / 1e9:.1f} Gflop at {rate / 1e9:,.0f} Gflop/s,"
    )
    told += f" {weights / 1e6:.0f} MB at {bandwidth / 1e9:.0f} GB/s"
    return [
        Line("floor of the networks, one face", told),
        Line("its share of samples to face", f"{seconds / median(networks_alone):.0%}"),
    ]


def machine_rates(precision: Precision) -> tuple[float, float]:
    """Operations a second in a large matrix product, and bytes a second read and written in a large copy."""
    kind = torch.bfloat16 if precision == "bf16" else torch.float32
    matrix, source = torch.randn(MATRIX, MATRIX).to(kind), torch.zeros(COPIED, dtype=torch.uint8)
    into = torch.empty_like(source)
    took = in_turns({"product": lambda: matrix @ matrix, "copy": lambda: into.copy_(source)}, ROUNDS)
    return 2 * MATRIX**3 / min(took["product"]), 2 * COPIED / min(took["copy"])


def starts(weights: str | None) -> list[Line]:
    """Whole programs from a cold start, their files in the disk's cache."""
    chosen = ["--weights", weights] if weights else []
    with TemporaryDirectory() as folder:
        face = ["-m", "v2f", "face", str(EXAMPLES[0]), "--out", folder, *chosen]
        programs = {
            "python -m v2f face CLIP": face,
            "import v2f": ["-c", "import v2f"],
            "import nothing": ["-c", ""],
        }
        took = in_turns({name: partial(start, code) for name, code in programs.items()}, STARTS)
    lines = [Line(name, f"{median(times):.2f} s") for name, times in took.items() if name != "import nothing"]
    alone = median(took["import v2f"]) - median(took["import nothing"])
    return [*lines, Line("import v2f, less Python itself", f"{1000 * alone:.0f} ms")]


def start(arguments: Sequence[str]) -> None:
    """Run Python with these arguments to its end. Raises BenchError when it fails."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BenchError(f"python {' '.join(arguments)} fails: {done.stderr.strip()[-200:]}")
