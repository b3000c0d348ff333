"""The numbers that stand first, in the report and in the README, and the facts of a run."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from v2f.report.results import Findings, Result
from v2f.report.wording import texts

LINES = 6  # of the summary, at most


@dataclass(frozen=True)
class Headline:
    """One of the numbers that stand first, in words, and the same number by other judges."""

    words: str
    result: Result
    others: list[Result]


def headlines(findings: Findings, wanted: Sequence[dict[str, Any]]) -> list[Headline]:
    """Those of the wanted numbers, as texts.toml lists them, that were measured."""
    lines = []
    for entry in wanted:
        fields = {name: value for name, value in entry.items() if name != "words"}
        result = findings.first(**fields)
        if result is not None:
            fields["among"] = [result.on]
            by_others = (
                findings.first(**(fields | {"by": by})) for by in texts()["other_judges"].get(result.by, [])
            )
            lines.append(Headline(entry["words"], result, [other for other in by_others if other]))
    return lines


def facts(findings: Findings) -> list[tuple[str, str]]:
    """What the results say of their run: its weights, store, seed, judges and date."""
    labels = texts()["facts"]
    names = [name for name in labels if name in findings.run]
    names += [name for name in findings.run if name not in labels]
    described = [(labels.get(name, name), _in_words(findings.run[name])) for name in names]
    return [(label, text) for label, text in described if text]


def _in_words(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{name} {_in_words(part)}" for name, part in value.items())
    if isinstance(value, int):
        return f"{value:,}"
    return "" if value is None else str(value)
