"""The charts of what more speech brings."""

import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import pytest

from tests.report.made_findings import made_findings
from v2f.report.chart import Chart, charts
from v2f.report.results import Findings, Question
from v2f.report.wording import texts

SVG = "{http://www.w3.org/2000/svg}"


def words(chart: Chart) -> list[str]:
    return [text.text or "" for text in ElementTree.fromstring(chart.svg).iter(f"{SVG}text")]


def test_each_measure_on_each_group_of_people_has_a_chart() -> None:
    made = charts(made_findings())
    assert [chart.file for chart in made] == [f"duration-{i}.svg" for i in range(1, 6)]
    assert [chart.title.rpartition(", on ")[2] for chart in made] == ["test people"] * 2 + [
        "AVSpeech true pairs"
    ] * 3


def test_a_chart_names_its_lines_chance_and_the_seconds() -> None:
    chart = charts(made_findings())[-1]
    assert ElementTree.fromstring(chart.svg).findtext(f"{SVG}title") == chart.title
    assert chart.title == "1:2 matching, on AVSpeech true pairs"
    assert {"dlib", "dlib, centred", "chance", "seconds of speech", "1", "2", "3", "5"} <= set(words(chart))
    assert any(word.endswith(" %") for word in words(chart))


def test_every_interval_has_a_bar() -> None:
    made = made_findings()
    without = [replace(result, low=None, high=None) for result in made.results]

    def bars(findings: Findings) -> int:
        return charts(findings)[-1].svg.count("LineCollection")

    assert (bars(made), bars(Findings({}, without, []))) == (8, 0)  # of two judges after four durations


def test_charts_are_in_the_pages_colours_light_or_dark() -> None:
    for chart in charts(made_findings()):
        style, _, drawing = chart.svg.partition("</style>")
        assert "prefers-color-scheme: dark" in style
        assert "var(--voice)" in drawing and "#" not in drawing.replace('xlink:href="#', "").replace(
            "url(#", ""
        )


def test_the_same_results_give_the_same_bytes() -> None:
    assert charts(made_findings()) == charts(made_findings())


def test_words_that_look_like_formulas_or_markup_stay_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(texts()["judges"], "dlib", "$x_1$ & <b>")
    assert "$x_1$ & <b>" in words(charts(made_findings())[-1])


def test_one_duration_alone_is_no_chart() -> None:
    alone = [r for r in made_findings().results if r.question != Question.DURATION or r.seconds == 3.0]
    assert charts(Findings({}, alone, [])) == []


def test_matplotlib_is_imported_only_for_a_chart() -> None:
    program = "import sys, v2f.__main__, v2f.report.report; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
