"""The report: one page and one Markdown file, made from findings."""

import xml.etree.ElementTree as ElementTree
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from tests.report.made_findings import ORDER, made_findings
from v2f.report.report import write
from v2f.report.results import Figure, Findings, LeftOut, People, Question
from v2f.report.wording import texts

VOID = {"meta", "img", "br"}


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
        Figure(f"figure-{n}.png", f"Figure {n}", "As they came.", Image.new("RGB", (8, 6))) for n in "25"
    ]
    write(made_findings(), figures, tmp_path / "report")
    return tmp_path / "report"


@pytest.fixture
def page(folder: Path) -> Reader:
    return Reader((folder / "report.html").read_text("utf-8"))


def test_the_page_its_figures_and_its_charts_lie_side_by_side(folder: Path, page: Reader) -> None:
    pictures = [*(f"duration-{i}.svg" for i in range(1, 6)), "figure-2.png", "figure-5.png"]
    assert {path.name for path in folder.iterdir()} == {*pictures, "report.html", "report.md"}
    assert [image["src"] for image in page.every("img")] == pictures
    assert Image.open(folder / "figure-2.png").size == (8, 6)
    text = (folder / "report.md").read_text("utf-8")
    assert "(<figure-2.png>)" in text and all(f"(duration-{i}.svg)" in text for i in range(1, 6))


def test_the_page_asks_nothing_of_anybody_and_runs_nothing(folder: Path, page: Reader) -> None:
    assert not {"script", "link", "iframe", "object", "form"} & {tag for tag, _ in page.elements}
    sources = [attributes.get(name) for _, attributes in page.elements for name in ("src", "href")]
    assert all(source.startswith(("#", "figure-", "duration-")) for source in sources if source)
    assert "url(" not in (folder / "report.html").read_text("utf-8")


def test_tables_and_pictures_have_names_that_can_be_read_aloud(page: Reader) -> None:
    count = Counter(tag for tag, _ in page.elements)
    assert count["table"] == count["caption"] == count["thead"] > 10
    assert {attributes.get("scope") for attributes in page.every("th")} == {"col", "row"}
    assert all(image.get("alt") for image in page.every("img"))
    assert "1:2 matching, on AVSpeech true pairs, against seconds of speech" in [
        i["alt"] for i in page.every("img")
    ]
    assert [a["lang"] for a in page.every("html")] == ["en"] and count["h1"] == count["main"] == 1


def test_links_of_the_contents_lead_somewhere(page: Reader) -> None:
    names = [attributes["id"] for attributes in page.every("section")]
    assert len(names) == len(set(names))
    inside = [a["href"] for a in page.every("a") if (a["href"] or "").startswith("#")]
    assert inside == [f"#{name}" for name in names]


def test_both_forms_hold_the_run_what_was_left_out_and_how_to_read_it(folder: Path, page: Reader) -> None:
    markdown = (folder / "report.md").read_text("utf-8").replace("\\", "")
    for text in (page.text, markdown):
        for words in (
            *(
                "52f977826ac3ef6b9c4cf0094e82539b8fd2f24a9b6062897796854a94699187",
                "dlib-bin 20.0.1",
                "2025-11-24",
            ),
            "Matching, AVSpeech true pairs: 1:2 by nationality: no two people are alike in it.",
            *("not wholly independent", "not a ranking", "60.4 % [57.0, 63.6]", "As they came."),
        ):
            assert words in text, words
        places = [text.index(f"{title}, on ") for title in ORDER]
        assert places == sorted(places)
        assert places[-1] < text.index("As they came.") < text.rindex("Left out") < text.rindex("How to read")


def test_whatever_findings_figures_and_texts_say_stays_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evil = "<script>alert('\"&')</script>"
    for table in ("questions", "people", "strata", "measures", "parts", "judges"):
        for name in texts()[table]:
            monkeypatch.setitem(texts()[table], name, f"{name} {evil}")
    results = made_findings().results
    left_out = [LeftOut(question, People.TEST, evil) for question in (Question.FIGURES, Question.AGE)]
    run = {"weights": evil, evil: {evil: [evil, 1, None]}}
    write(Findings(run, results, left_out), [Figure("f.png", evil, evil, Image.new("L", (1, 1)))], tmp_path)
    page = Reader((tmp_path / "report.html").read_text("utf-8"))
    assert "script" not in {tag for tag, _ in page.elements} and evil in page.text
    ElementTree.parse(tmp_path / "duration-1.svg")
    assert "<script" not in (tmp_path / "report.md").read_text("utf-8")


def test_every_line_of_a_markdown_table_has_as_many_cells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, words in texts()["measures"].items():
        monkeypatch.setitem(texts()["measures"], name, f"{words} | a")
    write(Findings({}, made_findings().results, []), [], tmp_path)
    lines = (tmp_path / "report.md").read_text("utf-8").replace("\\|", "").split("\n")
    blocks = "\n".join(line if line.startswith("|") else "" for line in lines).split("\n\n")
    sizes = [{line.count("|") for line in block.split("\n") if line} for block in blocks]
    assert max(map(len, sizes)) == 1


def test_findings_of_nothing_make_a_report(tmp_path: Path) -> None:
    write(Findings({}, [], []), [], tmp_path)
    Reader((tmp_path / "report.html").read_text("utf-8"))
    assert {path.name for path in tmp_path.iterdir()} == {"report.html", "report.md"}
