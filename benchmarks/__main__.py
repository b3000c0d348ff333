"""python -m benchmarks KIND: train, clip, strip, live, startup, prepare, growth, gpu, all, kiosk, soak, pictures"""

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from v2f.cli import run

if TYPE_CHECKING:
    from benchmarks.tables import Titled

FACES = {  # one bench, three measures
    "clip": "a recording of ten seconds to its face, beside the plain way",
    "strip": "a recording to six faces, beside the plain way",
    "live": "one more face of a recording in progress, beside the plain way",
}
SMALL = 3_000  # recordings and faces of the store that `all` writes


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one benchmark; returns the exit code."""
    return run(build_parser().parse_args(arguments))


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure speed and size.")
    kinds = parser.add_subparsers(required=True, metavar="KIND")

    train = kinds.add_parser("train", help="a step of Algorithm 1, beside the plain way")
    train.add_argument("--batch", type=int, default=64, help="default: 64")
    train.set_defaults(run=lambda options: tell(train_tables(options.batch), options.out))
    faces = [kinds.add_parser(kind, help=text) for kind, text in FACES.items()]
    for kind, faces_parser in zip(FACES, faces, strict=True):
        faces_parser.set_defaults(
            run=lambda options, kind=kind: tell(faces_tables(kind, options.weights), options.out)
        )
    startup = kinds.add_parser("startup", help="how long programs take to start, beside importing everything")
    startup.set_defaults(run=lambda options: tell(startup_tables(options.weights), options.out))
    prepare = kinds.add_parser(
        "prepare", help="how fast a corpus is prepared, and a store of full size is read"
    )
    prepare.add_argument("--recordings", type=int, default=150_000, help="in that store (default: 150,000)")
    prepare.add_argument("--faces", type=int, default=140_000, help="in that store (default: 140,000)")
    prepare.add_argument(
        "--folder",
        type=Path,
        metavar="DIR",
        help="where it may take 20 GB for the time being (default: a temporary one)",
    )
    prepare.set_defaults(
        run=lambda options: tell(
            prepare_tables(options.recordings, options.faces, options.folder), options.out
        )
    )
    growth = kinds.add_parser(
        "growth", help="cost by iterations, batch, processes, hours of recordings and visitors at once"
    )
    growth.set_defaults(run=lambda options: tell(growth_tables(options.weights), options.out))
    every = kinds.add_parser("all", help="all of the above, the store of `prepare` a small one")
    every.set_defaults(run=lambda options: tell(all_tables(options.weights), options.out))

    gpu = kinds.add_parser("gpu", help="all that a GPU is asked for, with no audio package installed")
    gpu.add_argument("--device", help="cpu or cuda; by itself, CUDA where there is one")
    gpu.add_argument("--iterations", type=int, default=2_000, help="of the measured run (default: 2,000)")
    gpu.add_argument("--batch", type=int, default=128, help="default: 128, the paper's")
    gpu.set_defaults(run=lambda options: tell(gpu_tables(options), options.out))

    kiosk = kinds.add_parser("kiosk", help="how fast visitors see their faces in a real browser")
    kiosk.add_argument("--visitors", type=int, default=3, help="how many speak at once (default: 3)")
    kiosk.add_argument("--repeats", type=int, default=5, help="of every measure (default: 5)")
    kiosk.set_defaults(
        run=lambda options: tell(
            kiosk_tables(options.visitors, options.repeats, options.weights), options.out
        )
    )
    soak = kinds.add_parser(
        "soak", help="whether the kiosk stays as small as it starts, for hours of visitors"
    )
    soak.add_argument("--minutes", type=float, default=120, help="default: 120")
    soak.add_argument("--seed", type=int, default=0, help="of the visitors' choices")
    soak.add_argument(
        "--out", type=Path, metavar="FILE.json", help="also write all samples here, as they come"
    )
    soak.set_defaults(run=run_soak)
    pictures = kinds.add_parser("pictures", help="the page in all its states, for eyes to judge")
    pictures.add_argument("--out", type=Path, required=True, metavar="DIR", help="for the JPEG files")
    pictures.add_argument(
        "--all", action="store_true", help="every language, light and screen, not English on a dark landscape"
    )
    pictures.set_defaults(run=run_pictures)

    for kind_parser in (train, *faces, startup, prepare, growth, every, gpu, kiosk):
        kind_parser.add_argument("--out", type=Path, metavar="FILE.md", help="also write the tables here")
    for kind_parser in (*faces, startup, growth, every, gpu, kiosk, soak, pictures):
        kind_parser.add_argument(
            "--weights", metavar="W", help='a weights file or "released"; default: the bundled ones'
        )

    return parser


def train_tables(batch: int) -> "Iterator[Titled]":
    from benchmarks.training import measure

    yield from measure(batch)


def faces_tables(kind: str, weights: str | None) -> "Iterator[Titled]":
    from benchmarks.faces import measure

    yield from measure(kind, weights)


def startup_tables(weights: str | None) -> "Iterator[Titled]":
    from benchmarks.startup import measure

    yield from measure(weights)


def prepare_tables(recordings: int, faces: int, folder: Path | None = None) -> "Iterator[Titled]":
    from benchmarks.prepare import measure

    yield from measure(recordings, faces, folder)


def growth_tables(weights: str | None) -> "Iterator[Titled]":
    from benchmarks import growth, serving

    yield from growth.measure()
    yield from serving.measure(weights)


def all_tables(weights: str | None) -> "Iterator[Titled]":
    for kind in FACES:
        yield from faces_tables(kind, weights)
    yield from startup_tables(weights)
    yield from train_tables(64)
    yield from prepare_tables(SMALL, SMALL)
    yield from growth_tables(weights)


def kiosk_tables(visitors: int, repeats: int, weights: str | None) -> "Iterator[Titled]":
    from benchmarks.figures import rows
    from benchmarks.kiosk import measure

    yield "The kiosk's speed", rows(measure(visitors, repeats, weights))


def gpu_tables(options: argparse.Namespace) -> "Iterator[Titled]":
    from benchmarks.gpu import measure

    yield from measure(options.device, options.iterations, options.batch, options.weights)


def run_soak(options: argparse.Namespace) -> int:
    """Soak, print how the process changed; 1 if it grew."""
    from benchmarks.footprint import table
    from benchmarks.soak import run

    soak = run(options.minutes, options.seed, options.weights, options.out)
    changes = soak.changes()
    print(f"{soak.visits} visits, {len(soak.failures)} failed\n{table(changes)}")
    return 0 if all(change.passed for change in changes) else 1


def run_pictures(options: argparse.Namespace) -> int:
    """Draw the states in English, dark, on a landscape screen, or in every way."""
    from benchmarks.pictures import draw

    draw(options.out, options.weights, options.all)
    return 0


def tell(tables: "Iterable[Titled]", out: Path | None) -> int:
    """Print the machine and the day, and each table as it comes; write them to a file as well."""
    from benchmarks.figures import machine
    from benchmarks.tables import table

    said = [machine()]  # before this bench keeps it busy
    print(said[0], flush=True)
    for title, rows in tables:
        said.append(f"## {title}\n\n{table(rows)}")
        print(f"\n{said[-1]}", flush=True)
        if out:
            out.write_text("\n\n".join(said) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
