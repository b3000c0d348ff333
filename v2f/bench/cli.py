"""python -m v2f bench kiosk | soak | pictures | faces | training | prepare"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from v2f.bench.turns import Line


def add_arguments(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `bench` and its kinds to the command line."""
    bench = subparsers.add_parser("bench", help="measure the kiosk in a real browser, and the rest")
    kinds = bench.add_subparsers(required=True, metavar="KIND")

    kiosk = kinds.add_parser("kiosk", help="how fast visitors see their faces, alone and several at once")
    kiosk.add_argument("--visitors", type=int, default=3, help="how many speak at once (default: 3)")
    kiosk.add_argument("--repeats", type=int, default=5, help="of every measure (default: 5)")
    kiosk.add_argument("--out", type=Path, metavar="FILE.md", help="also write the table here")
    kiosk.set_defaults(run=run_kiosk)

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

    faces = kinds.add_parser(
        "faces", help="what a clip, a strip, a live update and a start cost, beside the plain way"
    )
    faces.add_argument("--out", type=Path, metavar="FILE.md", help="also write the table here")
    faces.set_defaults(run=run_faces)

    training = kinds.add_parser("training", help="what a step of Algorithm 1 costs, beside the plain way")
    training.add_argument("--batch", type=int, default=64, help="default: 64")
    training.add_argument("--out", type=Path, metavar="FILE.md", help="also write the table here")
    training.set_defaults(run=run_training)

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
    prepare.add_argument("--out", type=Path, metavar="FILE.md", help="also write the table here")
    prepare.set_defaults(run=run_prepare)

    for parser in (kiosk, soak, pictures, faces):
        parser.add_argument(
            "--weights", metavar="W", help='a weights file or "released"; default: the bundled ones'
        )


def run_pictures(arguments: argparse.Namespace) -> int:
    """Draw the states in English, dark, on a landscape screen, or in every way."""
    from v2f.bench.pictures import draw

    draw(arguments.out, arguments.weights, arguments.all)
    return 0


def run_kiosk(arguments: argparse.Namespace) -> int:
    """Measure, print the table and write it with the machine and the day."""
    from v2f.bench.figures import machine, table
    from v2f.bench.kiosk import measure

    where = machine()  # before this bench keeps it busy
    figures = measure(arguments.visitors, arguments.repeats, arguments.weights)
    report = f"{where}\n\n{table(figures)}"
    print(report)
    if arguments.out:
        arguments.out.write_text(f"# The kiosk's speed\n\n{report}\n")
    return 0


def run_soak(arguments: argparse.Namespace) -> int:
    """Soak, print how the process changed; 1 if it grew."""
    from v2f.bench.footprint import table
    from v2f.bench.soak import run

    soak = run(arguments.minutes, arguments.seed, arguments.weights, arguments.out)
    changes = soak.changes()
    print(f"{soak.visits} visits, {len(soak.failures)} failed\n{table(changes)}")
    return 0 if all(change.passed for change in changes) else 1


def run_faces(arguments: argparse.Namespace) -> int:
    """Measure and tell."""
    from v2f.bench.faces import measure

    return tell("What a face costs", lambda: measure(arguments.weights), arguments.out)


def run_training(arguments: argparse.Namespace) -> int:
    """Measure and tell."""
    from v2f.bench.training import measure

    return tell("What a training step costs", lambda: measure(arguments.batch), arguments.out)


def run_prepare(arguments: argparse.Namespace) -> int:
    """Measure and tell."""
    from v2f.bench.prepare import measure

    return tell(
        "Preparing a corpus",
        lambda: measure(arguments.recordings, arguments.faces, arguments.folder),
        arguments.out,
    )


def tell(title: str, measure: "Callable[[], Sequence[Line]]", out: Path | None) -> int:
    """Measure, print the table and write it with the machine and the day."""
    from v2f.bench.figures import machine
    from v2f.bench.turns import table

    where = machine()  # before this bench keeps it busy
    report = f"{where}\n\n{table(measure())}"
    print(report)
    if out:
        out.write_text(f"# {title}\n\n{report}\n")
    return 0
