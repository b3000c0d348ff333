"""python -m benchmarks KIND: inference, step, kernels, prepare, startup, crowd, all; kiosk, pictures; soak; gpu"""

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
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
    kinds = parser.add_subparsers(required=True, metavar="KIND")

    inference = kinds.add_parser("inference", help="a clip to its face, to a strip, and a live update")
    inference.set_defaults(run=lambda options: write(inference_tables(options), options))
    step = kinds.add_parser("step", help="a step of Algorithm 1: beside the baseline, by batch and processes")
    step.add_argument("--batch", type=between(2), default=64, help="default: 64")
    step.set_defaults(run=lambda options: write(step_tables(options.batch), options))
    kernels = kinds.add_parser("kernels", help="what each CPU kernel gains by itself")
    kernels.set_defaults(run=lambda options: write(kernel_tables(), options))
    startup = kinds.add_parser("startup", help="how long programs take to start")
    startup.set_defaults(run=lambda options: write(startup_tables(options), options))
    prepare = kinds.add_parser("prepare", help="how fast a corpus is prepared, and a store of full size read")
    prepare.add_argument(
        "--recordings", type=between(1), default=150_000, help="in that store (default: 150,000)"
    )
    prepare.add_argument("--faces", type=between(1), default=140_000, help="in that store (default: 140,000)")
    prepare.add_argument("--folder", type=Path, metavar="DIR", help="where it may take 20 GB for a while")
    prepare.set_defaults(run=lambda options: write(prepare_tables(options), options))
    crowd = kinds.add_parser("crowd", help="how many visitors can speak at once")
    crowd.set_defaults(run=lambda options: write(crowd_tables(options), options))
    everything = kinds.add_parser("all", help="all of the above, the store of `prepare` a small one")
    everything.set_defaults(run=lambda options: write(all_tables(options), options))

    gpu = kinds.add_parser("gpu", help="all that needs a GPU, with no audio package installed")
    gpu.add_argument("--device", help="cpu or cuda; by itself, CUDA where there is one")
    gpu.add_argument(
        "--iterations", type=between(1), default=2_000, help="of the measured run (default: 2,000)"
    )
    gpu.add_argument("--batch", type=between(2), default=128, help="default: 128, the paper's")
    gpu.set_defaults(run=lambda options: write(gpu_tables(options), options))
    kiosk = kinds.add_parser("kiosk", help="how fast visitors see their faces in a real browser")
    kiosk.add_argument("--visitors", type=between(1), default=3, help="how many speak at once (default: 3)")
    kiosk.add_argument("--repeats", type=between(1), default=5, help="of every measure (default: 5)")
    kiosk.set_defaults(run=lambda options: write(kiosk_tables(options), options))
    soak = kinds.add_parser("soak", help="whether a process stays as small as it starts, for hours")
    soak.add_argument("of", choices=("kiosk", "training"), help="one with visitors, or one that trains")
    soak.add_argument("--minutes", type=between(1, 10_000, float), default=120, help="default: 120")
    soak.add_argument("--samples", type=Path, metavar="FILE.json", help="also write all samples here")
    soak.set_defaults(run=run_soak)
    pictures = kinds.add_parser("pictures", help="the page in all its states, for eyes to judge")
    pictures.add_argument("--out", type=Path, required=True, metavar="DIR", help="for the JPEG files")
    pictures.add_argument("--all", action="store_true", help="every language, light and screen")
    pictures.set_defaults(run=run_pictures)

    for kind in (inference, step, kernels, startup, prepare, crowd, everything, gpu, kiosk, soak):
        kind.add_argument("--out", type=Path, metavar="FILE.md", help="also write the tables here")
    for kind in (inference, startup, crowd, everything, gpu, kiosk, soak, pictures):
        kind.add_argument(
            "--weights", metavar="W", help='a weights file or "released"; default: the bundled ones'
        )
    return parser


def inference_tables(options: argparse.Namespace) -> "Iterator[Table]":
    from benchmarks import inference

    return inference.measure(options.weights)


def step_tables(batch: int) -> "Iterator[Table]":
    from benchmarks import step

    return step.measure(batch)


def kernel_tables() -> "Iterator[Table]":
    from benchmarks import kernels

    return kernels.measure()


def startup_tables(options: argparse.Namespace) -> "Iterator[Table]":
    from benchmarks import startup

    return startup.measure(options.weights)


def prepare_tables(options: argparse.Namespace) -> "Iterator[Table]":
    from benchmarks import prepare

    return prepare.measure(options.recordings, options.faces, options.folder)


def crowd_tables(options: argparse.Namespace) -> "Iterator[Table]":
    from benchmarks import crowd

    return crowd.measure(options.weights)


def all_tables(options: argparse.Namespace) -> "Iterator[Table]":
    from benchmarks import prepare

    yield from inference_tables(options)
    yield from step_tables(64)
    yield from kernel_tables()
    yield from startup_tables(options)
    yield from prepare.measure(SMALL, SMALL, None)
    yield from crowd_tables(options)


def gpu_tables(options: argparse.Namespace) -> "Iterator[Table]":
    from benchmarks import gpu

    return gpu.measure(options.device, options.iterations, options.batch, options.weights)


def kiosk_tables(options: argparse.Namespace) -> "Iterator[Table]":
    from benchmarks import kiosk

    return kiosk.measure(options.visitors, options.repeats, options.weights)


def run_soak(options: argparse.Namespace) -> int:
    """Soak, print how the process changed; 1 if it grew or failed."""
    if options.of == "training":
        from benchmarks import soak_training

        trained = soak_training.run(options.minutes, options.samples)
        write(soak_training.tables(trained), options)
        return 0 if trained.passed() else 1
    from benchmarks import soak_kiosk

    visited = soak_kiosk.run(options.minutes, options.weights, options.samples)
    write(soak_kiosk.tables(visited), options)
    return 0 if visited.passed() else 1


def run_pictures(options: argparse.Namespace) -> int:
    from benchmarks import pictures

    pictures.take(options.out, options.weights, options.all)
    return 0


def write(tables: "Iterable[Table]", options: argparse.Namespace) -> int:
    from benchmarks import timing

    return timing.write(tables, options.out)


if __name__ == "__main__":
    sys.exit(main())
