"""What the data, or what is known of a model's training, cannot answer: the report leaves it out with a line."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.support.made_report import COUNT, EACH, PEOPLE, TRAINED, evaluate
from v2f.data.store import Store
from v2f.evaluation.evaluate import Evaluation
from v2f.evaluation.options import Options
from v2f.models import load_networks, save_networks
from v2f.models.pixels import as_input
from v2f.models.weights import HELD_OUT
from v2f.report.results import Findings, LeftOut, People, Question, Result

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("quick_reports")]


@pytest.mark.parametrize(
    ("change", "faces", "missing"),
    [
        (lambda person: replace(person, nationality=""), EACH, "1:2 by nationality"),
        (lambda person: replace(person, gender="male"), EACH, ""),
        (lambda person: replace(person, gender=""), EACH, ""),
        (lambda person: person, 1, ""),
        (lambda person: person, 0, "there are no true faces"),
        (lambda person: replace(person, split="test" if person.name == "new 0" else ""), EACH, "two"),
        (lambda person: replace(person, split="validation"), EACH, "there are no recordings"),
    ],
    ids=["no nationality", "one gender", "no gender", "one face", "no faces", "one person", "nobody"],
)
def test_what_the_data_cannot_answer_is_left_out_with_a_line(
    make_store, make_weights, tmp_path: Path, change, faces: int, missing: str
) -> None:
    folder, out = make_store(change, faces), tmp_path / "report"
    assert evaluate(folder, make_weights(folder, PEOPLE), out) == 0
    findings = Findings.load(out / "results.jsonl")
    told = [line.left_out for line in findings.left_out]
    assert any(missing in line for line in told)
    assert any(line.on == People.TRUE_PAIRS for line in findings.left_out)
    page = (out / "report.html").read_text()
    assert all(line[:20] in page for line in told if "'" not in line[:20])


def lines_of_training(folder: Path, weights: Path) -> list[Result | LeftOut]:
    """What the report says of those whom the model was trained on."""
    evaluation = Evaluation(Options(folder, weights=str(weights), count=COUNT))
    evaluation.training_faces()
    return evaluation.lines


@pytest.mark.parametrize("knows", [True, False], ids=["knows its faces", "knows none of its faces"])
def test_a_model_of_another_store_is_asked_about_training_if_its_classifier_knows_the_faces(
    make_store, make_weights, knows: bool
) -> None:
    folder = make_store()
    weights = make_weights(folder, PEOPLE)
    networks, config, provenance = load_networks(weights)
    networks["classifier"].weight.data.zero_()
    if knows:
        faces = torch.from_numpy(Store.open(folder).faces[: TRAINED * EACH].copy())
        with torch.no_grad():
            features = networks["trunk"](as_input(faces))
        labels = torch.eye(TRAINED).repeat_interleave(EACH, dim=0)
        networks["classifier"].weight.data = torch.linalg.lstsq(features, labels).solution.T.contiguous()
    save_networks(weights, networks, config, {**provenance, "store": "other"}, half=False)
    others = {
        line.question
        for line in lines_of_training(folder, weights)
        if isinstance(line, LeftOut) and line.left_out == "the weights were trained on other identities"
    }
    assert others == (set() if knows else {Question.CLOSED_SET_IDENTIFICATION, Question.MATCHING})


def test_known_people_are_not_identified_where_other_recordings_were_held_out(
    make_store, make_weights
) -> None:
    folder = make_store()
    lines = lines_of_training(folder, make_weights(folder, PEOPLE, **{HELD_OUT: "of another store"}))
    [line] = [line for line in lines if line.question == Question.CLOSED_SET_IDENTIFICATION]
    assert isinstance(line, LeftOut) and "other recordings were held out" in line.left_out
