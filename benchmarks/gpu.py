"""Everything that needs a GPU, by one command in less than eight minutes, with torch and no audio package.

A step of Algorithm 1 with a pack as large as the paper's corpus; the loop of `v2f train gan`; faces from log-mels; and
what bfloat16 changes. `--device cpu --iterations 20 --batch 8` tries it where there is no GPU.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import mean, pstdev
from tempfile import TemporaryDirectory

import torch
from torch import Tensor
from torch.utils.benchmark import timer

from benchmarks.baseline import BaselineInference
from benchmarks.step import gradient_bytes, made_pack, make_task, step
from benchmarks.timing import Roofline, Row, Table, compare, fact, in_turns
from benchmarks.work import face_work, paper_model
from v2f.models import Inference, Model, Runtime, load, unit
from v2f.training.loop import Schedule, train
from v2f.training.pack import Pack
from v2f.training.tasks.adversarial import AdversarialTask

PAPER_STEPS = 100_000  # Sec. 4
FACES, VOICES, PEOPLE = 106_584, 113_322, 924  # Table 1, training
ROUNDS, REPEATS = 5, {"cpu": 1, "cuda": 20}
LENGTHS = (100, 200, 300, 500, 1000, 1200)  # frames of six log-mels, 10 ms each
COMPARED_FACES = 64
LOSS_STEPS, SEEDS = 200, {"cpu": 2, "cuda": 5}
LOSSES = ("loss_D", "loss_C", "loss_G_adv", "loss_G_id")


def measure(device: str | None, iterations: int, batch: int, weights: str | None) -> Iterator[Table]:
    """Tables as they come; those in exact float32 last, because on a GPU that setting holds for the process."""
    runtime = Runtime.choose(device)
    pack = made_pack(FACES, VOICES, PEOPLE) if runtime.device.type == "cuda" else made_pack()
    roofline = Roofline.measure(runtime)
    yield "The device", [fact("device", device_name(runtime)), *roofline.rows()]
    yield "A training step", [step(pack, batch, runtime, roofline)]
    yield "The paper's run", training_run(make_task(pack, batch, runtime), iterations)
    yield "Table 2's networks, from log-mels to faces", faces(paper_model, runtime, roofline)
    yield "The bundled model, from features to faces", faces(lambda: load(weights), runtime, roofline)
    exact = Runtime.choose(device, exact=True)
    yield "Faces in bfloat16 against float32", [face_difference(runtime, exact, weights)]
    yield (
        "Losses in bfloat16 against float32",
        losses(pack, batch, min(LOSS_STEPS, iterations), runtime, exact),
    )


def device_name(runtime: Runtime) -> str:
    name = torch.cuda.get_device_name(runtime.device) if runtime.device.type == "cuda" else "processor"
    return f"{name}, torch {torch.__version__}, {runtime.precision}"


def training_run(task: AdversarialTask, iterations: int) -> list[Row]:
    """The loop of `v2f train gan`, with its log, checkpoints and sample pictures."""
    with TemporaryDirectory() as folder:
        start = timer()
        train(task, Path(folder), Schedule(iterations))
        seconds = timer() - start
    sampler = task.sampler
    embeddings = sampler.embeddings
    rows = [
        fact(
            f"{iterations:,} iterations of batch {task.batch}, log and checkpoints included",
            f"{seconds:.1f} s",
        ),
        fact(f"{PAPER_STEPS:,} at this rate", f"{seconds / iterations * PAPER_STEPS / 60:,.1f} min"),
        fact("faces in memory, uint8", f"{len(sampler.faces):,}, {sampler.faces.faces.nbytes / 1e9:.2f} GB"),
        fact(
            "embeddings in memory, float16",
            f"{embeddings[..., 0].numel():,}, {embeddings.nbytes / 1e9:.2f} GB",
        ),
        fact("gradients of a step, that several GPUs would exchange", f"{gradient_bytes(task) / 1e6:.0f} MB"),
    ]
    if task.runtime.device.type == "cuda":
        peak = torch.cuda.max_memory_allocated(task.runtime.device)
        rows.append(fact("peak GPU memory", f"{peak / 1e9:.1f} GB"))
    return rows


def faces(make: Callable[[], Model], runtime: Runtime, roofline: Roofline) -> list[Row]:
    """The features of ten seconds to their face, and six to a strip: from the processor's memory and back to it."""
    ours, baseline = Inference(make(), runtime), BaselineInference(make(), runtime.device)

    def generate(recordings: list[Tensor]) -> object:
        return ours.faces(ours.embed(recordings))

    rows = []
    for name, lengths in (("10 s to a face", LENGTHS[4:5]), ("six durations to a strip", LENGTHS)):
        recordings = [torch.rand(ours.model.config.bins, length) for length in lengths]
        ways: dict[str, Callable[[], object]] = {
            "ours": partial(generate, recordings),
            "baseline": partial(baseline.faces, recordings),
        }
        took = in_turns(ways, ROUNDS, REPEATS[runtime.device.type])
        rows.append(compare(name, took, face_work(make(), lengths, runtime), roofline))
    return rows


def face_difference(runtime: Runtime, exact: Runtime, weights: str | None) -> Row:
    """Of faces of the same random unit embeddings."""
    embeddings = unit(torch.randn(COMPARED_FACES, 64, generator=torch.Generator().manual_seed(0))).numpy()
    fast, reference = (
        torch.from_numpy(Inference(load(weights), where).faces(embeddings)[0]).float()
        for where in (runtime, exact)
    )
    by_face = (fast - reference).abs().mean(dim=(1, 2, 3))
    return fact(
        f"{COMPARED_FACES} faces, mean absolute difference of 255",
        f"{by_face.mean():.2f}, at most {by_face.max():.2f}; the limit is 2",
    )


def losses(pack: Pack, batch: int, steps: int, runtime: Runtime, exact: Runtime) -> list[Row]:
    """The mean of each loss over the first steps, by seeds, in both precisions."""
    seeds = range(SEEDS[runtime.device.type])
    exact_means, means = (
        [mean_losses(make_task(pack, batch, where, seed), steps) for seed in seeds]
        for where in (exact, runtime)
    )
    rows = []
    for loss in LOSSES:
        reference, fast = ([seed[loss] for seed in by_seed] for by_seed in (exact_means, means))
        rows.append(
            {
                f"mean of {steps} steps": loss,
                f"float32, {len(seeds)} seeds": f"{mean(reference):.4f}",
                runtime.precision: f"{mean(fast):.4f}",
                "difference": f"{mean(fast) - mean(reference):+.4f}",
                "standard deviation among float32's seeds": f"{pstdev(reference):.4f}",
            }
        )
    return rows


def mean_losses(task: AdversarialTask, steps: int) -> dict[str, float]:
    """Train so many steps -> the mean of each loss, read once, at the end."""
    total = torch.zeros(len(LOSSES), device=task.runtime.device)
    for index in range(steps):
        values = task.step(index)
        total += torch.stack([values[loss] for loss in LOSSES])
    return dict(zip(LOSSES, (total / steps).tolist(), strict=True))
