"""v2f table RESULTS.jsonl README.md: the README's table of results, and what the page tells of them.

Reads the results of `v2f evaluate` and rewrites the lines of the README between <!-- results --> and
<!-- /results -->: the most important numbers, each with its 95 % interval. What was not measured has no row. Where the
results are those of the bundled weights, the numbers that come with these (v2f/report/measured.py) are written too.
"""

import argparse
import os
from pathlib import Path

from v2f.assets import MEASURED
from v2f.errors import V2FError
from v2f.report import measured
from v2f.report.results import Findings, People, Question
from v2f.report.summary import headlines
from v2f.report.wording import people, texts

START, END = "<!-- results -->", "<!-- /results -->"
REPORT = "report.md"  # beside the results


def add_arguments(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `table` to the command line."""
    table = subparsers.add_parser("table", help="rewrite the README's table of results")
    table.add_argument("results", type=Path, metavar="RESULTS.jsonl", help="by `v2f evaluate`")
    table.add_argument(
        "--paper-networks",
        type=Path,
        metavar="RESULTS.jsonl",
        help="those of Table 2's networks, for a column",
    )
    table.add_argument("readme", type=Path, metavar="README.md", help=f"has the lines {START} and {END}")
    table.set_defaults(run=run_table)


def run_table(arguments: argparse.Namespace) -> int:
    """Rewrite the table, and say whether anything changed."""
    from v2f.data.shards import write_atomically
    from v2f.models.weights import BUNDLED, file_hash

    readme: Path = arguments.readme
    findings = Findings.load(arguments.results)
    paper_networks = Findings.load(arguments.paper_networks) if arguments.paper_networks else None
    report = os.path.relpath(arguments.results.with_name(REPORT), readme.parent)
    before = readme.read_text("utf-8")
    after = replaced(before, block(findings, Path(report).as_posix(), paper_networks), readme.name)
    if after == before:
        print(f"{readme}: the table is as it was.")
    else:
        write_atomically(readme, after.encode())
        print(f"{readme}: the table was rewritten.")
    if findings.run.get("weights_sha256") == file_hash(BUNDLED) and measured.write(findings, MEASURED):
        print(f"{MEASURED}: the page's numbers were rewritten.")
    return 0


def replaced(text: str, new: str, name: str) -> str:
    """The text with something new between its markers; raises V2FError where these are not there once each."""
    start, end = text.find(START), text.find(END)
    if text.count(START) != 1 or text.count(END) != 1 or end < start:
        raise V2FError(f"{name} needs one line {START} and, below it, one line {END}.")
    return f"{text[: start + len(START)]}\n{new}\n{text[end:]}"


def block(findings: Findings, report: str, paper_networks: Findings | None = None) -> str:
    """The table in Markdown and, in small print, what it is made from.

    Args:
        findings: of the model.
        report: a link to all other numbers.
        paper_networks: findings of the paper's own networks on the same corpus, which have a column then.
    """
    from v2f.models.weights import BUNDLED, file_hash
    from v2f.report.report import render

    bundled = findings.run.get("weights_sha256") == file_hash(BUNDLED)
    lines = headlines(findings, texts()["readme"])
    values = {
        "lines": lines,
        "paper_networks": [paper_networks.same(line.result) for line in lines] if paper_networks else [],
        "counted": _counted(findings),
        "run": findings.run,
        "report": report,
        "model": "v2f, bundled" if bundled else "v2f",
    }
    return render("readme.md", values)


def _counted(findings: Findings) -> str:
    """How many people and trials the rows are about."""
    sentences = []
    for on in (People.TRAINING, People.TRUE_PAIRS):
        asked = (Question.GENDER, Question.MATCHING)
        results = [r for r in findings.results if r.on == on and r.question in asked]
        if results:
            trials = max(result.trials if result.question == Question.MATCHING else 0 for result in results)
            name = people(on).removesuffix(" people")
            sentence = f"{name[:1].upper()}{name[1:]}: {max(result.people for result in results):,} people"
            sentences.append(sentence + (f", {trials:,} trials of 1:2 matching" if trials else ""))
    return ". ".join(sentences)
