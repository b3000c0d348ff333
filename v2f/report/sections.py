"""The report's sections and tables, before a template writes them as Markdown or HTML."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from v2f.report import wording
from v2f.report.results import Findings, Judge, LeftOut, People, Result
from v2f.report.wording import chance_of, people, texts

COUNTS = "trials / people / recordings"


@dataclass(frozen=True)
class Cell:
    """A number with its interval, and notes beside it; all may be empty. `ours`: it is v2f's number."""

    text: str = ""
    interval: str = ""
    notes: tuple[str, ...] = ()
    ours: bool = False


@dataclass(frozen=True)
class Row:
    """A row of a table. `about`: it holds the chance levels or the counts of the rows above it."""

    head: str
    cells: list[Cell]
    about: bool = False


@dataclass(frozen=True)
class Table:
    """headings[0] stands over the rows' heads."""

    caption: str
    headings: list[str]
    rows: list[Row]


@dataclass(frozen=True)
class Section:
    """One question: what is asked, the answers, and what could not be answered. `key`: `Result.question`."""

    key: str
    title: str
    lead: str
    tables: list[Table]
    left_out: list[LeftOut]

    @property
    def anchor(self) -> str:
        """The title as the target of a link."""
        return re.sub(r"[\W_]+", "-", self.title.lower()).strip("-")


def sections(findings: Findings) -> list[Section]:
    """A section for each question, answered or left out, in the order of texts.toml."""
    made = []
    for about in texts()["sections"]:
        key, title, tables = about["key"], about["title"], []
        for on in People:
            results = [r for r in findings.results if (r.question, r.on) == (key, on)]
            if results:
                table = partial(_across, field=about["across"]) if "across" in about else _listed
                tables.append(table(results, caption=f"{title}, on {people(on)}"))
        left_out = [line for line in findings.left_out if line.question == key]
        if tables or left_out:
            made.append(Section(key, title, about["lead"], tables, left_out))
    return made


def _listed(results: Sequence[Result], caption: str) -> Table:
    """A row for each number; empty columns are omitted."""
    columns: dict[str, Callable[[Result], Cell]] = {
        "by": lambda result: Cell(wording.judged(result)),
        "v2f": _number,
        "chance": lambda result: Cell(chance_of(result)),
        "paper": lambda result: Cell(wording.paper_of(result)),
        "Speech2Face": lambda result: Cell(*wording.speech2face_of(result)),
        COUNTS: lambda result: Cell(_counts(result)),
    }
    used = [name for name, cell in columns.items() if any(cell(result).text for result in results)]
    rows = [Row(wording.measure(result), [columns[name](result) for name in used]) for result in results]
    return Table(caption, ["measure", *used], rows)


def _across(results: Sequence[Result], field: str, caption: str) -> Table:
    """A column for each value of a field; chance levels and counts stand below the numbers they belong to."""
    columns = list(dict.fromkeys(_heading(result, field) for result in results))
    groups: dict[str, dict[str, dict[str, Result]]] = {}  # measure, head of the row, column
    for result in sorted(results, key=lambda r: (list(Judge).index(r.by) if r.by else -1, r.centred)):
        measure = wording.measure(result) if field == "seconds" else ""
        by = wording.judged(result, "judges" if measure else "descriptors")
        head = ", by ".join(filter(None, (measure, by)))
        groups.setdefault(measure, {}).setdefault(head, {})[_heading(result, field)] = result
    rows: list[Row] = []
    counts: list[Row] = []
    for group in groups.values():
        previous, counts = counts, _below(COUNTS, group, columns, _counts)
        if counts == previous:
            rows = rows[: len(rows) - len(counts)]  # once is enough, below all of them
        for head, row in group.items():
            rows.append(Row(head, [_number(row.get(column), others=True) for column in columns]))
        rows += _below("chance", group, columns, chance_of) + counts
    return Table(caption, ["measure" if field == "seconds" else "by", *columns], rows)


def _number(result: Result | None, others: bool = False) -> Cell:
    """A number; `others`: with the paper's and Speech2Face's, where these have no columns of their own."""
    if result is None:
        return Cell()
    notes = [wording.LIKE_CHANCE] if wording.like_chance(result) else []
    if others:
        paper, speech2face = wording.paper_of(result), " ".join(wording.speech2face_of(result)).strip()
        notes += [f"{name} {text}" for name, text in (("paper", paper), ("Speech2Face", speech2face)) if text]
    return Cell(wording.value_of(result), wording.interval_of(result), tuple(notes), ours=True)


def _below(
    head: str, rows: dict[str, dict[str, Result]], columns: Sequence[str], describe: Callable[[Result], str]
) -> list[Row]:
    """A row with what describes each column's numbers; none where nothing does."""
    cells = []
    for column in columns:
        different = dict.fromkeys(describe(row[column]) for row in rows.values() if column in row)
        cells.append(Cell(" or ".join(filter(None, different))))
    return [Row(head, cells, about=True)] if any(cell.text for cell in cells) else []


def _counts(result: Result) -> str:
    return " / ".join(map(wording.count, (result.trials, result.people, result.recordings))).rstrip(" /")


def _heading(result: Result, field: str) -> str:
    if field == "seconds":
        return "whole" if result.seconds is None else f"{result.seconds:g} s"
    if field == "stratum":
        return f"by {texts()['strata'][result.stratum]}" if result.stratum else "unstratified"
    return wording.measure(result)
