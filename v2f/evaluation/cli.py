"""v2f evaluate"""

import argparse
import os
from pathlib import Path

PAIRS_SPLIT = Path(__file__).resolve().parents[1] / "data" / "demo" / "avspeech_split.csv"
TEST_TRIALS = 2_353_560  # Sec. 4.2; as in trials.py, which takes a second to import


def add_arguments(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `evaluate` to the command line."""
    evaluate = subparsers.add_parser("evaluate", help="every number and figure of the paper, for one model")
    evaluate.add_argument("--data", type=Path, required=True, metavar="STORE", help="by `v2f prepare`")
    evaluate.add_argument(
        "--weights", metavar="W", help='a weights file or "released"; default: the bundled ones'
    )
    evaluate.add_argument("--out", type=Path, required=True, metavar="REPORT", help="folder for the report")
    evaluate.add_argument("--gender", type=Path, metavar="FILE", help="the classifier, by `v2f train gender`")
    evaluate.add_argument(
        "--matcher",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="another row of Table 3, by `v2f train matcher`; may be given several times",
    )
    evaluate.add_argument(
        "--second-judge",
        type=Path,
        metavar="FOLDER",
        help="with faceres.json and faceres.bin, another judge of faces: package/models after "
        "`npm pack @vladmandic/human@3.3.6 && tar xf vladmandic-human-3.3.6.tgz`",
    )
    evaluate.add_argument(
        "--sounds",
        type=Path,
        metavar="DIR",
        help="sounds that are no voice (animals, traffic, instruments), which should get no face",
    )
    evaluate.add_argument(
        "--pairs", type=Path, metavar="DIR", help="true pairs to measure on as well: voices/ and faces/"
    )
    evaluate.add_argument(
        "--pairs-split", type=Path, default=PAIRS_SPLIT, metavar="CSV", help="columns pair, person, part"
    )
    evaluate.add_argument(
        "--trials",
        type=Path,
        metavar="DIR",
        help="lists of 1:2 trials: used if there, else drawn and written",
    )
    evaluate.add_argument(
        "--count", type=int, default=TEST_TRIALS, help="of 1:2 trials (default: %(default)s)"
    )
    evaluate.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    evaluate.add_argument("--seed", type=int, default=0)
    evaluate.add_argument(
        "--exact", action="store_true", help="compute in float32, also where bfloat16 is faster"
    )
    evaluate.set_defaults(run=run_evaluate)


def run_evaluate(arguments: argparse.Namespace) -> int:
    """Measure a model; write results.jsonl, the report and the figures."""
    from v2f.evaluation.evaluate import Evaluation, Options
    from v2f.report.report import write
    from v2f.report.results import RESULTS

    options = Options(
        store=arguments.data,
        weights=arguments.weights,
        pairs=arguments.pairs,
        pairs_split=arguments.pairs_split,
        gender=arguments.gender,
        second_judge=arguments.second_judge,
        matchers=arguments.matcher,
        sounds=arguments.sounds,
        trials=arguments.trials,
        count=arguments.count,
        seed=arguments.seed,
        workers=arguments.workers,
        exact=arguments.exact,
    )
    arguments.out.mkdir(parents=True, exist_ok=True)  # fails now, and not after all the work
    findings, figures = Evaluation(options).run()
    findings.save(arguments.out / RESULTS)
    write(findings, figures, arguments.out)
    print(arguments.out / "report.html")
    return 0
