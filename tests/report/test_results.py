"""Lines of JSON keep what was measured."""

import json
from pathlib import Path

import pytest

from v2f.errors import CorpusError
from v2f.report.results import Estimate, Findings, LeftOut, Result

ESTIMATE = Estimate(0.62, 0.59, 0.65, trials=900, people=30)
RUN = {"weights": "w.safetensors", "weights_sha256": "ab", "store_sha256": "cd", "seed": 3}


def findings() -> Findings:
    fields = {"by": "dlib", "chance": 0.5, "speech2face": (0.735, 0.721, 0.75)}
    results = [
        Result.of(ESTIMATE, "matching", "1:2", "true pairs", recordings=45, **fields),
        Result.of(ESTIMATE, "matching", "1:2", "true pairs", stratum="gender", **fields),
        Result("quality", "Fréchet distance", "test", value=0.1, share=False),
    ]
    return Findings(RUN, results, [LeftOut("age", "test", "no ages are known")])


def test_what_is_saved_is_read_again(tmp_path: Path) -> None:
    findings().save(tmp_path / "r.jsonl")
    assert Findings.load(tmp_path / "r.jsonl") == findings()


def test_every_line_is_json_and_the_first_tells_the_run(tmp_path: Path) -> None:
    findings().save(tmp_path / "r.jsonl")
    run, *lines = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text().splitlines()]
    assert run == RUN
    assert [line["question"] for line in lines] == ["matching", "matching", "quality", "age"]


def test_the_first_number_of_a_question_is_of_the_first_people_it_was_taken_on() -> None:
    result = findings().first("matching", "1:", ["test", "true pairs"], by="dlib", stratum="gender")
    assert result is not None and (result.on, result.stratum, result.recordings) == (
        "true pairs",
        "gender",
        900,
    )
    assert findings().first("matching", "1:2", ["true pairs"], by="trunk") is None
    assert findings().first("matching", "1:2", ["test"]) is None


@pytest.mark.parametrize("content", ["", "no json", '{"seed": 1}\n{"question": 3}\n', "[1]\n[2]\n"])
def test_another_file_is_refused_in_one_sentence(tmp_path: Path, content: str) -> None:
    (tmp_path / "r.jsonl").write_text(content)
    with pytest.raises(CorpusError, match="holds no results"):
        Findings.load(tmp_path / "r.jsonl")
    with pytest.raises(CorpusError, match="cannot be read"):
        Findings.load(tmp_path / "none.jsonl")
