"""python -m v2f evaluate demo"""

import argparse
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from v2f.evaluation.demo import Measured

LISTS = Path(__file__).resolve().parents[1] / "data"  # the project's own lists of whom to measure on


def add_arguments(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `evaluate` and its kinds to the command line."""
    evaluate = subparsers.add_parser("evaluate", help="measure a model by independent judges")
    kinds = evaluate.add_subparsers(required=True, metavar="KIND")

    demo = kinds.add_parser("demo", help="the demonstration model: held-out readers, true pairs, noise")
    demo.add_argument(
        "--weights", metavar="W", help='a weights file or "released"; default: the bundled ones'
    )
    demo.add_argument(
        "--speech", type=Path, required=True, help="folder of LibriSpeech files and speakers.csv"
    )
    demo.add_argument("--pairs", type=Path, required=True, help="folder of true pairs: voices/ and faces/")
    demo.add_argument("--heldout", type=Path, default=LISTS / "heldout_readers.txt", help="one reader a line")
    demo.add_argument(
        "--pairs-split", type=Path, default=LISTS / "avspeech_split.csv", help="columns pair, person, part"
    )
    demo.add_argument(
        "--out", type=Path, required=True, help="folder for results.json, report.md and the sheets"
    )
    demo.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    demo.add_argument("--seed", type=int, default=0)
    demo.set_defaults(run=run_demo)


def run_demo(arguments: argparse.Namespace) -> int:
    """Measure a model, write the results and print the report."""
    import v2f
    from v2f.evaluation.demo import Sources, measure
    from v2f.evaluation.report import markdown
    from v2f.models.weights import file_hash, find

    path = find(arguments.weights)
    sources = Sources(arguments.speech, arguments.heldout, arguments.pairs, arguments.pairs_split)
    measured = measure(v2f.load(path), sources, arguments.seed, arguments.workers)
    results = {"weights": {"file": path.name, "sha256": file_hash(path)}, **measured.results}
    report = markdown(results)
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "results.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    (arguments.out / "report.md").write_text(report, encoding="utf-8")
    save_sheets(measured, arguments.out)
    print(report)
    return 0


def save_sheets(measured: "Measured", folder: Path) -> None:
    """Write readers-by-duration.png and readers.png, of held-out readers' generated faces."""
    from v2f.data.sheet import by_duration, gallery
    from v2f.pipeline import DURATIONS

    by_duration(
        [[face.image if face else None for face in strip.faces] for strip in measured.strips],
        [f"{strip.reader.speaker}\n{strip.reader.sex}" for strip in measured.strips],
        [*(f"{duration} s" for duration in DURATIONS), "whole"],
    ).save(folder / "readers-by-duration.png")
    gallery(
        [face.image for _, face in measured.gallery],
        [f"{reader.speaker} {reader.sex}" for reader, _ in measured.gallery],
    ).save(folder / "readers.png")
