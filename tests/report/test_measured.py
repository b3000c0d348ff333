"""The few numbers that the page tells: of the judge that nothing was fitted to, and of these people before others."""

from dataclasses import replace
from pathlib import Path

from tests.report.made_findings import made_findings
from v2f.report.measured import measured, write
from v2f.report.results import Findings, Judge, Measure, People, Question, Result

ASKED = Question.MATCHING, Measure.MATCHING, People.TRUE_PAIRS


def findings(*results: Result) -> Findings:
    return Findings({"weights_sha256": "ab" * 32}, results, [])


def matching(by: Judge, value: float, **fields: object) -> Result:
    return Result(*ASKED, by=by, value=value, chance=0.5, **fields)  # type: ignore[arg-type]


def test_every_number_that_was_measured_is_there_with_its_judge_chance_and_counts() -> None:
    told = measured(made_findings())
    assert told["weights_sha256"] == made_findings().run["weights_sha256"]
    assert {"anyone", "same sex", "sex"} <= told.keys()
    assert told["anyone"]["value"] > told["same sex"]["value"] and told["anyone"]["chance"] == 0.5
    assert told["anyone"]["people"] == 283 and told["anyone"]["judge"] == "dlib"


def test_a_judge_that_nothing_was_fitted_to_comes_before_those_that_the_faces_please() -> None:
    told = measured(
        findings(
            matching(Judge.DLIB, 0.77, fitted=True),
            matching(Judge.MOBILEFACENET, 0.6, fitted=False, centred=True),
            matching(Judge.TRUNK, 0.57),
            matching(Judge.MOBILEFACENET, 0.55, fitted=False),
        )
    )
    assert told["anyone"]["judge"] == "MobileFaceNet" and told["anyone"]["value"] == 0.55
    assert told["anyone"]["fitted"] is False and "same sex" not in told


def test_what_was_measured_on_training_people_is_not_told() -> None:
    assert "anyone" not in measured(findings(replace(matching(Judge.DLIB, 0.9), on=People.TRAINING)))


def test_the_file_is_written_where_something_changed(tmp_path: Path) -> None:
    path, told = tmp_path / "measured.json", findings(matching(Judge.DLIB, 0.77))
    assert write(told, path) and not write(told, path)
    assert write(findings(matching(Judge.DLIB, 0.78)), path)
