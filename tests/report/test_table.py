"""The README's table of results."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.report.made_findings import made_findings
from v2f.errors import V2FError
from v2f.models import weights
from v2f.report.results import Findings, Question
from v2f.report.table import END, START, add_arguments, block, replaced


def rows(findings: Findings) -> list[list[str]]:
    """The cells of every row of numbers."""
    lines = [line for line in block(findings, "report.md").splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def cells(findings: Findings, words: str) -> list[str]:
    """What stands beside the first row that begins so."""
    row, *_ = [row for row in rows(findings) if row[0].startswith(words)]
    return row[1:]


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


def test_the_weakest_measures_stand_first() -> None:
    assert [row[0].split(",")[0] for row in rows(made_findings())] == [
        *("closed-set identification", "1:2 matching", "1:2 matching", "apparent age"),
        *("1:2 matching", "1:2 matching", "apparent sex agrees"),
    ]


def test_the_outside_judges_row_follows_dlibs_and_says_what_it_is() -> None:
    outside = "AVSpeech true pairs, by MobileFaceNet's descriptor (outside judge: nothing was fitted to it)"
    heads = [row[0] for row in rows(made_findings())]
    assert heads[1:3] == [
        "1:2 matching, imposters of the same sex, AVSpeech true pairs",
        f"1:2 matching, imposters of the same sex, {outside}",
    ]
    assert heads[4:6] == ["1:2 matching, AVSpeech true pairs", f"1:2 matching, {outside}"]


def test_only_the_bundled_weights_are_called_so_whatever_their_file_is_called() -> None:
    name, digest = weights.BUNDLED.name, weights.file_hash(weights.BUNDLED)
    for told, called in (
        ({"weights": name, "weights_sha256": "0" * 64}, "v2f"),
        ({"weights": "a-copy.safetensors", "weights_sha256": digest}, "v2f, bundled"),
    ):
        made = made_findings()
        head = block(replace(made, run={**made.run, **told}), "report.md").splitlines()[0]
        assert head.split(" | ")[1] == called


def test_a_number_stands_beside_chance_speech2face_and_the_paper() -> None:
    assert cells(made_findings(), "1:2 matching, AVSpeech true pairs") == [
        *("60.4 % [57.0, 63.6]", "50 %", "73.5 % [72.1, 75.0]", "76.07 %")
    ]


def test_the_papers_networks_have_a_column_of_their_own_with_the_same_measures() -> None:
    made = made_findings()
    kept = [r for r in made.results if r.question != Question.AGE]
    theirs = Findings(made.run, [replace(r, value=0.5, low=0.4, high=0.6) for r in kept], made.left_out)
    head, _, *lines = block(made, "report.md", theirs).splitlines()
    assert head.split(" | ")[1:3] == ["v2f", "the paper's networks"]
    columns = {line.split(" | ")[0]: line.split(" | ")[2].strip() for line in lines if line.startswith("|")}
    assert len(columns) == len(rows(made))
    assert columns["| 1:2 matching, AVSpeech true pairs"].startswith("50.0 % [40.0, 60.0]")
    assert columns["| apparent age, rank correlation, AVSpeech true pairs"] == ""


def test_a_number_that_is_not_distinguishable_from_chance_says_so() -> None:
    same_sex = cells(made_findings(), "1:2 matching, imposters of the same sex, AVSpeech true pairs")
    assert same_sex[0] == "53.1 % [49.9, 56.1] ≈ chance"
    assert cells(made_findings(), "apparent age")[:3] == ["0.07 [−0.03, 0.19] ≈ chance", "0", "0.32"]


@pytest.mark.parametrize("question", ["closed_set_identification", "matching", "age", "gender"])
def test_what_was_not_measured_has_no_row(question: str) -> None:
    made = made_findings()
    kept = Findings(made.run, [r for r in made.results if r.question != question], made.left_out)
    assert 0 < len(rows(kept)) < len(rows(made)) and rows(Findings({}, [], [])) == []


def test_every_row_has_a_cell_under_every_heading() -> None:
    assert {len(row) for row in rows(made_findings())} == {5}


def test_the_last_line_tells_counts_weights_and_where_all_of_it_is() -> None:
    last = block(made_findings(), "docs/demo/report.md").splitlines()[-1]
    assert last.startswith("<sub>") and last.endswith("</sub>")
    assert "AVSpeech true pairs: 283 people, 15,050 trials of 1:2 matching" in last
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
