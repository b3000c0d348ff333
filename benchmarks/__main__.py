"""python -m benchmarks KIND; --help names the kinds, such as inference, step, feed, kiosk and gpu."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from v2f.cli import between, run

if TYPE_CHECKING:
    from benchmarks.timing import Table

SMALL = 3_000  # recordings and faces of the store that `all` writes


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one benchmark; returns the exit code."""
    return run(build_parser().parse_args(arguments))


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure speed and size.")
    kinds = parser.add_subparsers(required=True, metavar="KIND", dest="kind")

    inference = kinds.add_parser("inference", help="a clip to its face, to a strip, and a live update")
    step = kinds.add_parser("step", help="a step of Algorithm 1: beside the baseline, by batch and processes")
    step.add_argument("--batch", type=between(2), default=64, help="default: 64")
    kernels = kinds.add_parser("kernels", help="what each CPU kernel gains by itself")
    startup = kinds.add_parser("startup", help="how long programs take to start")
    runtimes = kinds.add_parser("runtimes", help="PyTorch beside onnxruntime: a face, and a start")
    prepare = kinds.add_parser("prepare", help="how fast a corpus is prepared, and a store of full size read")
    prepare.add_argument(
        "--recordings", type=between(1), default=150_000, help="in that store (default: 150,000)"
    )
    prepare.add_argument("--faces", type=between(1), default=140_000, help="in that store (default: 140,000)")
    prepare.add_argument("--folder", type=Path, metavar="DIR", help="where it may take 20 GB for a while")
    feed = kinds.add_parser("feed", help="training from a store that is larger than memory may hold")
    feed.add_argument("--folder", type=Path, metavar="DIR", help="where it may take 3 GB for a while")
    crowd = kinds.add_parser("crowd", help="how many visitors can speak at once")
    everything = kinds.add_parser("all", help="all of the above, the store of `prepare` a small one")
    gpu = kinds.add_parser("gpu", help="all that needs a GPU, with no audio package installed")
    gpu.add_argument("--device", help="cpu or cuda; by itself, CUDA where there is one")
    gpu.add_argument(
        "--iterations", type=between(1), default=2_000, help="of the measured run (default: 2,000)"
    )
    gpu.add_argument("--batch", type=between(2), default=128, help="default: 128, the paper's")
    kiosk = kinds.add_parser("kiosk", help="how fast visitors see their faces in a real browser")
    kiosk.add_argument("--visitors", type=between(1), default=3, help="how many speak at once (default: 3)")
    kiosk.add_argument("--repeats", type=between(1), default=5, help="of every measure (default: 5)")
    attract = kinds.add_parser("attract", help="what a booth costs while nobody is there")
    attract.add_argument("--minutes", type=between(0.1, 100, float), default=3, help="default: 3")
    speeds = (
        inference,
        step,
        kernels,
        startup,
        runtimes,
        prepare,
        feed,
        crowd,
        everything,
        gpu,
        kiosk,
        attract,
    )
    for kind in speeds:
        kind.set_defaults(run=run_measures)

    soak = kinds.add_parser(
        "soak", help="whether a kiosk with visitors stays as small as it starts, for hours"
    )
    soak.add_argument("--minutes", type=between(1, 10_000, float), default=120, help="default: 120")
    soak.add_argument("--samples", type=Path, metavar="FILE.json", help="also write all samples here")
    soak.set_defaults(run=run_soak)
    pictures = kinds.add_parser("pictures", help="the page in all its states, for eyes to judge")
    pictures.add_argument("--out", type=Path, required=True, metavar="DIR", help="for the JPEG files")
    pictures.add_argument("--all", action="store_true", help="every language, light and screen")
    pictures.set_defaults(run=run_pictures)
    film = kinds.add_parser("film", help="a visit as a short moving picture, for the README")
    film.add_argument("--out", type=Path, required=True, metavar="FILE.webp", help="3 MB at most")
    film.set_defaults(run=run_film)

    for kind in (*speeds, soak):
        kind.add_argument("--out", type=Path, metavar="FILE.md", help="also write the tables here")
    for kind in (inference, startup, runtimes, crowd, everything, gpu, kiosk, attract, pictures, film):
        kind.add_argument(
            "--weights", metavar="W", help='a weights file or "released"; default: the bundled ones'
        )
    return parser


def run_measures(options: argparse.Namespace) -> int:
    """Write what `measure` of the benchmark's module gives for the options of its name."""
    from benchmarks import timing

    arguments = {k: v for k, v in vars(options).items() if k not in ("kind", "run", "out")}
    tables = measure_all(**arguments) if options.kind == "all" else measure(options.kind, **arguments)
    return timing.write(tables, options.out)


def measure(kind: str, **arguments: object) -> "Iterator[Table]":
    tables: Iterator[Table] = import_module(f"benchmarks.{kind}").measure(**arguments)
    return tables


def measure_all(weights: str | None) -> "Iterator[Table]":
    yield from measure("inference", weights=weights)
    yield from measure("step", batch=64)
    yield from measure("kernels")
    yield from measure("startup", weights=weights)
    yield from measure("runtimes", weights=weights)
    yield from measure("prepare", recordings=SMALL, faces=SMALL, folder=None)
    yield from measure("feed", folder=None)
    yield from measure("crowd", weights=weights)


def run_soak(options: argparse.Namespace) -> int:
    """Soak, and write how the process changed; 1 if it grew or failed."""
    from benchmarks import soak, timing

    done = soak.run(options.minutes, options.samples)
    timing.write(done.tables(), options.out)
    return 0 if done.passed() else 1


def run_pictures(options: argparse.Namespace) -> int:
    from benchmarks import pictures

    pictures.take(options.out, options.weights, options.all)
    return 0


def run_film(options: argparse.Namespace) -> int:
    from benchmarks import film

    film.take(options.out, options.weights)
    return 0


if __name__ == "__main__":
    sys.exit(main())
