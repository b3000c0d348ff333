"""The numbers that stand first, in the report and in the README, and the facts of a run."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from v2f.report.results import Findings, Result
from v2f.report.wording import chance_of, interval_of, like_chance, people, speech2face_of, texts, value_of

LINES = 6  # of the summary, at most


@dataclass(frozen=True)
class Headline:
    """One of the numbers that stand first: what it is, on whom, and the same by the second judge."""

    words: str
    result: Result
    second: Result | None

    @property
    def about(self) -> str:
        """What is measured, on whom and by whom."""
        judge = texts()["judges"].get(self.result.by, self.result.by)
        return f"{self.words}, on {people(self.result.on)}" + (f", by {judge}" if judge else "")

    @property
    def comparison(self) -> str:
        """Chance, the second judge's number and Speech2Face's, up to the end of the sentence."""
        chance, (speech2face, _) = chance_of(self.result), speech2face_of(self.result)
        text = f"; chance {chance}" if chance else ""
        if like_chance(self.result):
            text = f", not distinguishable from chance ({chance})"
        if self.second is not None:
            text += f"; by {self.second.by} {value_of(self.second)} {interval_of(self.second)}".rstrip()
        return text + (f"; Speech2Face {speech2face}." if speech2face else ".")


def headlines(findings: Findings, wanted: Sequence[dict[str, Any]]) -> list[Headline]:
    """Those of the wanted numbers, as texts.toml lists them, that were measured."""
    lines = []
    for entry in wanted:
        fields = {name: value for name, value in entry.items() if name != "words"}
        result = findings.first(**fields)
        if result is not None:
            judge = texts()["second_judge"].get(result.by)
            fields |= {"by": judge, "among": [result.on]}
            lines.append(Headline(entry["words"], result, findings.first(**fields) if judge else None))
    return lines


def facts(findings: Findings) -> list[tuple[str, str]]:
    """What the results say of their run: its weights, store, seed, judges and date."""
    labels = texts()["facts"]
    names = [name for name in labels if name in findings.run]
    names += [name for name in findings.run if name not in labels]
    described = [(labels.get(name, name), _in_words(findings.run[name])) for name in names]
    return [(label, text) for label, text in described if text]


def left_out(findings: Findings) -> list[str]:
    """What could not be measured, and why."""
    lines = (f"{line.question}, {people(line.on)}: {line.left_out}" for line in findings.left_out)
    return [f"{line[:1].upper()}{line[1:]}." for line in dict.fromkeys(lines)]


def _in_words(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{name} {_in_words(part)}" for name, part in value.items())
    if isinstance(value, int):
        return f"{value:,}"
    return "" if value is None else str(value)
