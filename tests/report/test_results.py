"""Lines of JSON keep what was measured."""

import json
from pathlib import Path

import pytest

from v2f.errors import CorpusError
from v2f.report.results import (
    Estimate,
    Findings,
    Judge,
    LeftOut,
    Measure,
    Part,
    People,
    Question,
    Result,
    Stratum,
)

ESTIMATE = Estimate(0.62, 0.59, 0.65, trials=900, people=30)
MATCHING = Question.MATCHING, Measure.MATCHING, People.TRUE_PAIRS
RUN = {"weights": "w.safetensors", "weights_sha256": "ab", "store_sha256": "cd", "seed": 3}


def findings() -> Findings:
    fields = {"by": Judge.DLIB, "chance": 0.5, "speech2face": (0.735, 0.721, 0.75)}
    results = [
        Result.of(ESTIMATE, *MATCHING, recordings=45, **fields),
        Result.of(ESTIMATE, *MATCHING, stratum=Stratum.GENDER, **fields),
        Result(Question.QUALITY, Measure.FRECHET, People.TEST, value=0.1, share=False),
        Result(Question.GENDER, Measure.GENERATED_AGREE, People.TEST, part=Part.WOMEN, value=0.9),
    ]
    return Findings(RUN, results, [LeftOut(Question.AGE, People.TEST, "no ages are known")])


def test_what_is_saved_is_read_again(tmp_path: Path) -> None:
    findings().save(tmp_path / "r.jsonl")
    assert Findings.load(tmp_path / "r.jsonl") == findings()


def test_every_line_is_json_and_the_first_tells_the_run(tmp_path: Path) -> None:
    findings().save(tmp_path / "r.jsonl")
    run, *lines = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text().splitlines()]
    assert run == RUN
    assert [line["question"] for line in lines] == ["matching", "matching", "quality", "gender", "age"]


def test_the_first_number_of_a_question_is_of_the_first_people_it_was_taken_on() -> None:
    matching = {"question": "matching", "measure": "matching"}
    result = findings().first(["test", "true_pairs"], by="dlib", stratum="gender", **matching)
    assert result is not None
    assert (result.on, result.stratum, result.recordings) == (People.TRUE_PAIRS, Stratum.GENDER, 900)
    assert findings().first(["true_pairs"], by="trunk", **matching) is None
    assert findings().first(["test"], **matching) is None


def test_the_keys_of_a_line_are_short_and_of_a_closed_list(tmp_path: Path) -> None:
    findings().save(tmp_path / "r.jsonl")
    text = (tmp_path / "r.jsonl").read_text()
    line = json.loads(text.splitlines()[2])
    names = ("question", "measure", "on", "by", "stratum", "part")
    assert [line[name] for name in names] == ["matching", "matching", "true_pairs", "dlib", "gender", None]
    for known, unknown in (
        *(
            ('"true_pairs"', '"true pairs"'),
            ('"by": "dlib"', '"by": ""'),
            ('"stratum": "gender"', '"stratum": 1'),
        ),
        *(('"question": "age"', '"question": null'), ('"frechet"', '"distance"'), ('"women"', '"children"')),
    ):
        assert known in text
        (tmp_path / "r.jsonl").write_text(text.replace(known, unknown))
        with pytest.raises(CorpusError, match="holds no results"):
            Findings.load(tmp_path / "r.jsonl")


@pytest.mark.parametrize("content", ["", "no json", '{"seed": 1}\n{"question": 3}\n', "[1]\n[2]\n"])
def test_another_file_is_refused_in_one_sentence(tmp_path: Path, content: str) -> None:
    (tmp_path / "r.jsonl").write_text(content)
    with pytest.raises(CorpusError, match="holds no results"):
        Findings.load(tmp_path / "r.jsonl")
    with pytest.raises(CorpusError, match="cannot be read"):
        Findings.load(tmp_path / "none.jsonl")
