"""Everything that a GPU is asked for, by one command in less than eight minutes, with torch and no audio package.

    python -m benchmarks gpu --out FILE.md
    python -m benchmarks gpu --device cpu --iterations 20 --batch 8    to try it where there is no GPU

A step of Algorithm 1 at the paper's batch and the paper's number of recordings, faces and people, made up and resident
on the GPU; the plain way on the same GPU; the paper's run from at least 2,000 iterations of train.py's own loop; faces
from log-mels; and what bfloat16 changes. Without a GPU a smaller made pack serves.
"""

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import mean, median, pstdev
from tempfile import TemporaryDirectory

import torch
from torch import Tensor

from benchmarks.drawing import PlainDrawing, drawing_work
from benchmarks.rates import Rates, waiting
from benchmarks.tables import Row, Titled, fact
from benchmarks.training import PlainWay, gradient_bytes, made_pack, make_task, step_work
from benchmarks.turns import beside, in_turns
from v2f.models import Inference, Runtime, load, unit
from v2f.training.loop import Schedule, train
from v2f.training.pack import Pack
from v2f.training.tasks.adversarial import AdversarialTask

PAPER_STEPS = 100_000  # Sec. 4
FACES, VOICES, PEOPLE = 106_584, 113_322, 924  # Table 1, training
ROUNDS = 5
STEPS_A_ROUND = {"cpu": 1, "cuda": 20}  # one after another, as in training: a GPU is told ahead of its work
DRAWN_A_ROUND = {"cpu": 1, "cuda": 20}
LENGTHS = (100, 200, 300, 500, 1000, 1200)  # frames of six log-mels, 10 ms each
COMPARED = 64  # faces in bfloat16 and in float32
LOSS_STEPS = 200
SEEDS = {"cpu": 2, "cuda": 5}
LOSSES = ("discriminator", "classifier", "fooling", "likeness")


def measure(
    device: str | None, iterations: int = 2000, batch: int = 128, weights: str | None = None
) -> Iterator[Titled]:
    """Tables as they come; on a GPU, those in exact float32 last, because that setting holds for the process."""
    runtime = Runtime.choose(device)
    large = runtime.device.type == "cuda"
    pack = made_pack(FACES, VOICES, PEOPLE) if large else made_pack()
    rates = Rates.measure(runtime)
    yield "What the device reaches", [fact("device", device_name(runtime)), *rates.rows()]
    yield "A training step", training(pack, batch, iterations, runtime, rates)
    yield "The paper's run", run(make_task(pack, batch, runtime), iterations)
    yield "From log-mels to faces", drawing(runtime, rates, weights)
    exact = Runtime.choose(device, exact=True)
    yield "Faces in bfloat16 against float32", [face_difference(runtime, exact, weights)]
    yield (
        "Losses in bfloat16 against float32",
        losses(pack, batch, min(LOSS_STEPS, iterations), runtime, exact),
    )


def device_name(runtime: Runtime) -> str:
    """What computes, by which torch, in which precision."""
    name = torch.cuda.get_device_name(runtime.device) if runtime.device.type == "cuda" else "processor"
    return f"{name}, torch {torch.__version__}, {runtime.precision}"


def training(pack: Pack, batch: int, iterations: int, runtime: Runtime, rates: Rates) -> list[Row]:
    """A step in both ways, with what the whole run would take by each."""
    task, by_hand = make_task(pack, batch, runtime), PlainWay(pack, batch, runtime.device)
    count = iter(range(10**9))
    ways: dict[str, Callable[[], object]] = {"ours": lambda: task.step(next(count)), "plain": by_hand.step}
    repeats = min(STEPS_A_ROUND[runtime.device.type], iterations)
    took = in_turns(ways, ROUNDS, repeats, waiting(runtime.device))
    row = beside(f"step of Algorithm 1, batch {batch}", took, step_work(batch, pack.identities), rates)
    ours, plain = (PAPER_STEPS * median(took[way]) / 60 for way in ("ours", "plain"))
    row["faces a second"] = f"{batch / median(took['ours']):,.0f}"
    row[f"{PAPER_STEPS:,} of ours, projected"] = f"{ours:,.1f} min"
    row["of the plain way"] = f"{plain:,.1f} min"
    return [row]


def run(task: AdversarialTask, iterations: int) -> list[Row]:
    """The loop of train.py, with its log, checkpoints and sample pictures."""
    with TemporaryDirectory() as folder:
        began = time.perf_counter()
        train(task, Path(folder), Schedule(iterations))
        took = time.perf_counter() - began
    held = task.faces.faces.nbytes, task.embeddings.nbytes
    facts = [
        fact(
            f"{iterations:,} iterations of batch {task.batch}, log and checkpoints included", f"{took:.1f} s"
        ),
        fact(f"{PAPER_STEPS:,} of them at this rate", f"{took / iterations * PAPER_STEPS / 60:,.1f} min"),
        fact("resident faces, uint8", f"{len(task.faces):,}, {held[0] / 1e9:.2f} GB"),
        fact("resident embeddings, float16", f"{task.embeddings[..., 0].numel():,}, {held[1] / 1e9:.2f} GB"),
        fact("gradients of a step, for several GPUs to add up", f"{gradient_bytes(task) / 1e6:.0f} MB"),
    ]
    if task.runtime.device.type == "cuda":
        most = torch.cuda.max_memory_allocated(task.runtime.device)
        facts.append(fact("most GPU memory", f"{most / 1e9:.1f} GB"))
    return facts


def drawing(runtime: Runtime, rates: Rates, weights: str | None) -> list[Row]:
    """One log-mel of ten seconds to its face, and six of a strip: from the processor's memory and back to it."""
    model = load(weights)
    bins = model.config.bins
    ours, plainly = Inference(model, runtime), PlainDrawing(load(weights), runtime.device)

    def drawn(log_mels: list[Tensor]) -> object:
        return ours.faces(ours.embed(log_mels))

    rows = []
    for name, lengths in (
        ("a log-mel of 10 s to its face", LENGTHS[4:5]),
        ("six log-mels to a strip", LENGTHS),
    ):
        log_mels = [torch.rand(bins, length) for length in lengths]
        ways: dict[str, Callable[[], object]] = {
            "ours": partial(drawn, log_mels),
            "plain": partial(plainly.strip, log_mels),
        }
        took = in_turns(ways, ROUNDS, DRAWN_A_ROUND[runtime.device.type], waiting(runtime.device))
        work = drawing_work(load(weights), lengths, 2 if runtime.precision == "bf16" else 4)
        rows.append(beside(name, took, work, rates))
    return rows


def face_difference(runtime: Runtime, exact: Runtime, weights: str | None) -> Row:
    """Mean absolute difference of 255, over faces of the same random unit embeddings, and the largest of a face."""
    embeddings = unit(torch.randn(COMPARED, 64, generator=torch.Generator().manual_seed(0))).numpy()
    quick, slow = (
        torch.from_numpy(Inference(load(weights), where).faces(embeddings)[0]).float()
        for where in (runtime, exact)
    )
    by_face = (quick - slow).abs().mean(dim=(1, 2, 3))
    return fact(
        f"{COMPARED} faces, mean absolute difference of 255",
        f"{by_face.mean():.2f}, at most {by_face.max():.2f}; the line is 2",
    )


def losses(pack: Pack, batch: int, steps: int, runtime: Runtime, exact: Runtime) -> list[Row]:
    """The mean of each loss over the first steps, by seeds, in both precisions."""
    seeds = SEEDS[runtime.device.type]
    by_precision = [
        [mean_losses(make_task(pack, batch, where, seed=seed), steps) for seed in range(seeds)]
        for where in (runtime, exact)
    ]
    rows = []
    for loss in LOSSES:
        quick, slow = ([told[loss] for told in by_seed] for by_seed in by_precision)
        deviation = pstdev(slow)
        rows.append(
            {
                f"mean of {steps} steps": loss,
                f"float32, {seeds} seeds": spread(slow),
                f"{runtime.precision}, {seeds} seeds": spread(quick),
                "difference": f"{mean(quick) - mean(slow):+.4f}",
                "deviation among float32's seeds": f"{deviation:.4f}",
            }
        )
    return rows


def mean_losses(task: AdversarialTask, steps: int) -> dict[str, float]:
    """Train so many steps -> the mean of each loss, read once, at the end."""
    total = torch.zeros(len(LOSSES), device=task.runtime.device)
    for index in range(steps):
        values: dict[str, Tensor] = task.step(index)
        total += torch.stack([values[loss] for loss in LOSSES])
    return dict(zip(LOSSES, (total / steps).tolist(), strict=True))


def spread(values: list[float]) -> str:
    return f"{mean(values):.4f} ({min(values):.4f} to {max(values):.4f})"
