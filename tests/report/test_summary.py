"""The numbers that stand first, and the facts of a run."""

import pytest

from tests.report.made_findings import made_findings
from v2f.evaluation.faceres import NAME
from v2f.evaluation.questions import gender
from v2f.report.results import Findings, Result
from v2f.report.summary import facts, headlines
from v2f.report.wording import texts


def sentences(findings: Findings) -> list[str]:
    return [line.about + line.comparison for line in headlines(findings, texts()["summary"])]


def test_a_headline_says_on_whom_by_whom_and_what_is_reached_by_chance_and_by_speech2face() -> None:
    assert sentences(made_findings())[0] == (
        "1:2 matching, on AVSpeech true pairs, by dlib's descriptor; chance 50 %; Speech2Face 73.5 %."
    )


def test_a_number_that_is_not_distinguishable_from_chance_says_so() -> None:
    assert sentences(made_findings())[1].endswith(
        ", not distinguishable from chance (50 %); Speech2Face 64.9 %."
    )


def test_the_second_judge_stands_beside_the_first() -> None:
    result = {"question": "matching", "measure": "1:2", "on": "test", "low": 0.6, "high": 0.8}
    both = [Result(value=0.7, by="dlib", **result), Result(value=0.65, by="FaceRes", **result)]
    assert sentences(Findings({}, both, [])) == [
        "1:2 matching, on test people, by dlib's descriptor; by FaceRes 65.0 % [60.0, 80.0]."
    ]
    assert texts()["second_judge"] == {"dlib": NAME, gender.JUDGE: NAME}


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
