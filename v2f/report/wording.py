"""How the report and the README write numbers, and their texts from texts.toml."""

import math
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from v2f.report.results import Result

MINUS = "\N{MINUS SIGN}"
LIKE_CHANCE = "≈ chance"


@cache
def texts() -> dict[str, Any]:
    """The report's labels and explanations."""
    return tomllib.loads(Path(__file__).with_name("texts.toml").read_text("utf-8"))


def people(on: str) -> str:
    """What the people of `Result.on` are called."""
    return texts()["people"][on]


def measure(result: "Result") -> str:
    """What is measured, and of which part."""
    words = [texts()["measures"][result.measure].format(**vars(result))]
    if result.apparent:
        words.append(texts()["apparent"])
    if result.part:
        words.append(texts()["parts"][result.part])
    return ", ".join(words)


def judge(result: "Result", names: str = "judges") -> str:
    """The judge's name, from a table of the texts if it is in it; nothing without a judge."""
    if result.by is None:
        return ""
    name = texts()[names].get(result.by, texts()["judges"][result.by])
    return f"{name}, {texts()['centred']}" if result.centred else name


def judged(result: "Result", names: str = "judges") -> str:
    """The judge's name with whether the model's faces were fitted to it, in brackets where the result tells."""
    if result.fitted is None:
        return judge(result, names)
    return f"{judge(result, names)} ({texts()['fitted'][str(result.fitted).lower()]})"


def value_of(result: "Result") -> str:
    """60.4 % or 0.45; nothing for a number that is not defined."""
    return number(result.value, result.share, _digits(result.value, result.low, result.high))


def interval_of(result: "Result") -> str:
    """[57.0, 63.6], with the digits of the value; nothing without an interval."""
    return _interval(result.low, result.high, result.share, _digits(result.value, result.low, result.high))


def chance_of(result: "Result") -> str:
    """50 %, 0.4 % or 12.3; nothing without a chance level."""
    if result.chance is None or math.isnan(result.chance):
        return ""
    if not result.share:
        return signed(f"{round(result.chance, _digits(result.chance)):g}")
    below = 0 < result.chance < 0.001
    return f"{100 * result.chance:.1g} %" if below else f"{round(100 * result.chance, 1):g} %"


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
    """Whether the interval includes chance, so that the number is not distinguishable from it."""
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
    """The number with a minus sign instead of a hyphen, and none before zero."""
    return text.replace("-", MINUS) if any(digit in text for digit in "123456789") else text.lstrip("-")


def _interval(low: float | None, high: float | None, share: bool, digits: int) -> str:
    if low is None or high is None or math.isnan(low + high):
        return ""
    return f"[{number(low, share, digits)}, {number(high, share, digits)}]".replace(" %", "")


def _digits(*values: float | None) -> int:
    """So many that the largest of the values has three figures that count, within reason."""
    largest = max((abs(value) for value in values if value is not None), default=0.0)
    return 3 if largest < 0.1 else 2 if largest < 10 else 1 if largest < 100 else 0
