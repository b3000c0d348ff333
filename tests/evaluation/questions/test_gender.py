"""Gender and age of generated faces, against what is known of people or seen in their true faces."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from v2f.evaluation.judges import JUDGE, Verdicts
from v2f.evaluation.questions.age import age
from v2f.evaluation.questions.gender import agreement, gender
from v2f.models import Classifier, FaceTrunk, Runtime
from v2f.models.classifiers import GenderClassifier
from v2f.report.results import Judge, LeftOut, Measure, Part, Result

REAL, GENERATED = Measure.REAL_AGREE, Measure.GENERATED_AGREE
PARTS = (None, Part.WOMEN, Part.MEN)


@pytest.fixture
def classifier() -> GenderClassifier:
    torch.manual_seed(0)
    return GenderClassifier(FaceTrunk(), Classifier(2), Runtime.choose("cpu", exact=True))


def by_measure(found: list[Result | LeftOut]) -> dict[tuple, Result]:
    results = [result for result in found if isinstance(result, Result)]
    return {(result.measure, result.apparent, result.part, result.by): result for result in results}


def nobody_known(generated):
    people = [replace(person, gender="") for person in generated.subjects.people]
    return replace(generated, subjects=replace(generated.subjects, people=people, shown=False))


def test_one_who_knows_agrees_always_and_one_who_guesses_by_chance(make_generated, classifier) -> None:
    known = by_measure(gender(make_generated(knows=True), classifier, seed=0))
    assert set(known) == {
        (measure, False, part, by)
        for measure in (REAL, GENERATED)
        for part in PARTS
        for by in (JUDGE, Judge.CLASSIFIER)
    }
    everybody = {(measure, by): known[measure, False, None, by] for measure, _, _, by in known}
    assert everybody[GENERATED, JUDGE].value == everybody[REAL, JUDGE].value == 1
    papers = [everybody[measure, Judge.CLASSIFIER].paper for measure in (GENERATED, REAL)]
    assert papers == [0.9645, 0.9897]
    guesses = by_measure(gender(make_generated(knows=False, people=60), None, seed=0))
    guessed = guesses[GENERATED, False, None, JUDGE]
    assert guessed.low <= 0.5 <= guessed.high
    assert (guessed.trials, guessed.people) == (180, 60)


def test_where_nobody_is_known_the_true_faces_tell_and_the_judge_is_not_asked_twice(make_generated) -> None:
    generated = nobody_known(make_generated(knows=True))
    found = by_measure(gender(generated, None, seed=0))
    assert set(found) == {(GENERATED, True, part, JUDGE) for part in PARTS}
    assert found[GENERATED, True, None, JUDGE].speech2face == (0.895, 0.875, 0.913)


def test_chance_is_the_larger_gender_and_women_and_men_stand_apart() -> None:
    reference = np.array(["female"] * 6 + ["male"] * 4)
    agreed = agreement(np.full(10, "female"), reference, np.arange(10), seed=0)
    everybody, chance = agreed[None]
    assert everybody.value == chance == 0.6
    women, men = (agreed[part] for part in (Part.WOMEN, Part.MEN))
    assert (women[0].value, men[0].value) == (1, 0) and women[1] is men[1] is None
    assert (women[0].people, men[0].people) == (6, 4)
    assert agreement(reference[:3], reference[:3], np.arange(3), seed=0).keys() == {
        None
    }  # women alone are all


def test_a_judge_that_gives_a_descriptor_alone_is_asked_for_neither_gender_nor_age(make_generated) -> None:
    generated = make_generated(knows=True, second=True)

    def silent(verdicts):
        return verdicts | {Judge.FACERES: Verdicts(None, None, verdicts[Judge.FACERES].descriptor)}

    true = silent(generated.true_verdicts)
    generated = replace(generated, verdicts=silent(generated.verdicts), true_verdicts=true)
    for some in (generated, nobody_known(generated)):
        found = [*gender(some, None, seed=0), *age(some, seed=0)]
        assert {result.by for result in found if isinstance(result, Result)} == {JUDGE}


def test_the_second_judge_stands_beside_the_first_and_by_itself(make_generated) -> None:
    generated = make_generated(knows=True, second=True)
    for some in (generated, nobody_known(generated)):
        found = by_measure(gender(some, None, seed=0))
        assert {by for *_, by in found} == {JUDGE, Judge.FACERES}
        second = found[GENERATED, some is not generated, None, Judge.FACERES]
        assert (second.value, second.speech2face) == (1, None)
        ages = [result for result in age(some, seed=0) if isinstance(result, Result)]
        assert [result.by for result in ages] == [JUDGE, JUDGE, Judge.FACERES, Judge.FACERES]
        assert (
            ages[2].value == pytest.approx(1) and ages[3].value == 0
        )  # its ten years more are in either face


def test_what_is_missing_is_told(make_generated, classifier) -> None:
    without_faces = make_generated(
        knows=True, face_person=np.zeros(0, int), faces=np.zeros((0, 64, 64, 3), np.uint8)
    )
    lines = [line for line in gender(without_faces, None, seed=0) if isinstance(line, LeftOut)]
    assert [line.left_out for line in lines] == [
        "no gender classifier was given; `v2f train gender` makes one",
        "there are no true faces to see genders in",
    ]
    (line,) = gender(nobody_known(without_faces), classifier, seed=0)
    assert isinstance(line, LeftOut) and "nobody's gender is known" in line.left_out
    (line,) = age(without_faces, seed=0)
    assert isinstance(line, LeftOut)


def test_ages_follow_those_of_the_true_faces(make_generated) -> None:
    correlation, error = age(nobody_known(make_generated(knows=True)), seed=0)
    assert correlation.value == pytest.approx(1)
    assert correlation.speech2face == (0.32, None, None)
    assert error.value == 0 < error.chance
    guessed, error = age(make_generated(knows=False, people=60), seed=0)
    assert guessed.low <= 0 <= guessed.high
    assert guessed.speech2face is None


def test_ages_that_speakers_told_need_no_true_faces(make_generated) -> None:
    generated = make_generated(
        knows=True, second=True, face_person=np.zeros(0, int), faces=np.zeros((0, 64, 64, 3), np.uint8)
    )
    own = [str(20 + 5 * (i // 2)) if i > 1 else "" for i in range(len(generated.subjects.people))]
    people = [
        replace(person, age=years) for person, years in zip(generated.subjects.people, own, strict=True)
    ]
    generated = replace(generated, subjects=replace(generated.subjects, people=people))
    correlation, error, _, second_error = age(generated, seed=0)
    assert isinstance(correlation, Result) and isinstance(error, Result) and isinstance(second_error, Result)
    assert correlation.measure == Measure.RANK_CORRELATION_STATED
    assert correlation.value == pytest.approx(1) and correlation.people == len(people) - 2
    assert (error.value, second_error.value, second_error.by) == (0, 10, Judge.FACERES)


def test_faces_that_all_look_equally_old_have_no_rank(make_generated) -> None:
    generated = make_generated(knows=True)
    made = replace(generated.verdicts[JUDGE], age=np.full(len(generated.images), 40))
    error, line = age(replace(generated, verdicts={JUDGE: made}), seed=0)
    assert isinstance(line, LeftOut) and "equally old" in line.left_out
    assert error.measure == Measure.YEARS_APART
