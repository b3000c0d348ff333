"""What the report says, section by section, before it is written as Markdown or HTML."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from v2f.report.results import Findings, Result
from v2f.report.wording import (
    LIKE_CHANCE,
    ON,
    PEOPLE,
    chance_of,
    count,
    interval_of,
    like_chance,
    paper_of,
    speech2face_of,
    value_of,
)

COUNTS = "trials / people / recordings"
BY = {  # the rows of Table 3 that are v2f's
    "dlib": "v2f, by dlib's descriptor",
    "dlib, centred": "v2f, by dlib's descriptor, centred",
    "FaceRes": "v2f, by FaceRes' descriptor",
    "FaceRes, centred": "v2f, by FaceRes' descriptor, centred",
    "trunk": "v2f, by its own trunk",
    "trunk, centred": "v2f, by its own trunk, centred",
}


@dataclass(frozen=True)
class Cell:
    """A number with its interval, and what stands beside it in small; all may be empty. `ours`: it is v2f's."""

    text: str = ""
    interval: str = ""
    notes: tuple[str, ...] = ()
    ours: bool = False


@dataclass(frozen=True)
class Row:
    """A row of a table; `about` is one that tells chance or counts of the rows above it."""

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
    """One question: what was asked, the answers, and what could not be answered."""

    title: str
    lead: str
    tables: list[Table]
    left_out: list[str]
    question: str


@dataclass(frozen=True)
class _Question:
    key: str  # `Result.question`
    title: str
    lead: str
    across: str = ""  # the field of `Result` that makes the columns; "": one row for each number


QUESTIONS = (
    _Question(
        "closed-set identification",
        "Closed-set identification",
        "Is a training identity recognised in a face made from the end of one of their recordings, which no stage of "
        "training heard? By the model's own identity classifier; beside it the part that training did hear.",
    ),
    _Question(
        "gender",
        "Gender",
        "Does a generated face look of its speaker's gender? Chance is the larger of "
        "the two genders' shares; of women or men alone there is none, as always saying the same reaches 100 % or 0 %.",
    ),
    _Question(
        "age",
        "Age",
        "Does a generated face look as old as its speaker's true face, or as its speaker is? Chance, in years, is the "
        "error of always saying the median age.",
    ),
    _Question(
        "matching",
        "Matching, 1:2",
        "Of a speaker's true face and an imposter's, which is nearer to the generated face? Columns: what imposters "
        "have in common with the speaker. DIMNet and SVHF compare the voice itself with the faces, on the same trials.",
        "stratum",
    ),
    _Question(
        "identification",
        "Identification, 1:N",
        "Is the true face the nearest of N to the generated one?",
        "measure",
    ),
    _Question(
        "retrieval",
        "Retrieval",
        "Where in a gallery with one true face of everybody does the speaker's own stand, ordered by likeness to the "
        "generated face?",
        "measure",
    ),
    _Question(
        "verification",
        "Verification",
        "Can one tell from the likeness alone whether a generated and a true face are of one person? An equal error "
        "rate is better when low, an area under the curve when high.",
        "measure",
    ),
    _Question(
        "noise",
        "Voice against noise",
        "Does the model's own discriminator, or a face detector, tell faces made from three seconds of speech from "
        "faces made from three seconds of noise (white, pink, brown, hum) that goes past the voice detector? Sounds "
        "that are no voice go the whole way from the file, as a recording does.",
    ),
    _Question(
        "consistency",
        "Consistency",
        "Do different speakers get different faces, and one speaker the same face from either half of a recording?",
    ),
    _Question(
        "duration",
        "Duration",
        "What does more speech bring? After each length, on the recordings that are at least so long.",
        "seconds",
    ),
    _Question(
        "quality",
        "Quality",
        "Are generated faces like photographs, unlike each other, and no copies of training faces? In descriptors that "
        "were trained elsewhere; the rows about real and training faces say what could be reached. A face is no copy "
        "where its nearest training face is no nearer than two pictures of one person are in half of the cases.",
    ),
)


def sections(findings: Findings) -> list[Section]:
    """A section for each question that was asked, answered or not, in the order of the report."""
    known = {question.key for question in QUESTIONS}
    others = dict.fromkeys(result.question for result in findings.results if result.question not in known)
    found = []
    for question in (*QUESTIONS, *(_Question(key, key[:1].upper() + key[1:], "") for key in others)):
        tables = []
        for on in _in_order((r.on for r in findings.results if r.question == question.key), PEOPLE):
            results = [r for r in findings.results if (r.question, r.on) == (question.key, on)]
            caption = f"{question.title}, on {ON.get(on, on)}"
            tables.append(
                _across(results, question, caption) if question.across else _listed(results, caption)
            )
        left_out = [
            f"{ON.get(line.on, line.on)}: {line.left_out}"
            for line in findings.left_out
            if line.question == question.key
        ]
        if tables or left_out:
            found.append(Section(question.title, question.lead, tables, left_out, question.key))
    return found


def _listed(results: Sequence[Result], caption: str) -> Table:
    """One row for each number; columns in which nothing stands are left away."""
    columns: list[tuple[str, Callable[[Result], Cell]]] = [
        ("by", lambda result: Cell(result.by)),
        ("v2f", _cell),
        ("chance", lambda result: Cell(chance_of(result))),
        ("paper", lambda result: Cell(paper_of(result))),
        ("Speech2Face", lambda result: Cell(*speech2face_of(result))),
        (COUNTS, lambda result: Cell(_counts(result))),
    ]
    some = [(name, cell) for name, cell in columns if any(cell(result).text for result in results)]
    rows = [Row(result.measure, [cell(result) for _, cell in some]) for result in results]
    return Table(caption, ["measure", *(name for name, _ in some)], rows)


def _across(results: Sequence[Result], question: _Question, caption: str) -> Table:
    """Numbers side by side that differ in one field; chance and counts stand below those they are true for."""
    columns = list(dict.fromkeys(getattr(result, question.across) for result in results))
    grouped: dict[str, dict[str, list[Result | None]]] = {}
    for result in results:
        measure = result.measure if question.across == "seconds" else ""
        numbers = grouped.setdefault(measure, {}).setdefault(
            _row_head(result, measure), [None] * len(columns)
        )
        numbers[columns.index(getattr(result, question.across))] = result
    rows: list[Row] = []
    told: list[Row] = []
    for group in grouped.values():
        counts = _below(COUNTS, group.values(), _counts)
        if counts == told:
            rows = rows[: len(rows) - len(told)]  # once is enough, below all of them
        for head in _in_order(group, list(BY.values())):
            rows.append(Row(head, [_cell(result, beside=True) for result in group[head]]))
        rows += _below("chance", group.values(), chance_of) + counts
        told = counts
    first = "measure" if question.across == "seconds" else "by"
    return Table(caption, [first, *(_heading(column, question.across) for column in columns)], rows)


def _cell(result: Result | None, beside: bool = False) -> Cell:
    """A number; `beside`: with the paper's and Speech2Face's, which have no column of their own."""
    if result is None:
        return Cell()
    notes = [LIKE_CHANCE] if like_chance(result) else []
    if beside:
        others = (("paper", paper_of(result)), ("Speech2Face", " ".join(speech2face_of(result)).strip()))
        notes += [f"{name} {text}" for name, text in others if text]
    return Cell(value_of(result), interval_of(result), tuple(notes), ours=True)


def _below(name: str, rows: Iterable[list[Result | None]], tell: Callable[[Result], str]) -> list[Row]:
    """A row with what is told of each column's numbers, or none where nothing is."""
    told = [
        list(dict.fromkeys(tell(result) for result in column if result is not None))
        for column in zip(*rows, strict=True)
    ]
    cells = [Cell(" or ".join(text for text in texts if text)) for texts in told]
    return [Row(name, cells, about=True)] if any(cell.text for cell in cells) else []


def _counts(result: Result) -> str:
    return " / ".join(map(count, (result.trials, result.people, result.recordings))).rstrip(" /")


def _row_head(result: Result, group: str) -> str:
    if not group:
        return BY.get(result.by, result.by)
    return f"{group}, by {result.by}" if result.by else group


def _heading(value: str | float | None, across: str) -> str:
    if across == "seconds":
        return "whole" if value is None else f"{value:g} s"
    if across == "stratum":
        return f"by {value}" if value else "unstratified"
    return str(value)


def _in_order(values: Iterable[str], order: Sequence[str]) -> list[str]:
    """Different values, those of the order first and all others as they come."""
    different = list(dict.fromkeys(values))
    return [value for value in order if value in different] + [v for v in different if v not in order]
