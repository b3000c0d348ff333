"""Matching, and what else is asked of likenesses: by one who knows, by one who guesses, and with data missing."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from v2f.errors import CorpusError
from v2f.evaluation.questions.matching import galleries, matching, strata, trials_of, verification
from v2f.evaluation.trials import distinct, sample_each
from v2f.report.results import Judge, LeftOut, Measure, People, Result, Stratum

MANY = dict(people=60, recordings=4, pictures=4)
WAYS = {(by, centred) for by in (Judge.DLIB, Judge.TRUNK) for centred in (False, True)}


def test_one_who_knows_is_always_right(make_generated) -> None:
    generated = make_generated(knows=True)
    lists, left_out = trials_of(generated, 2000, seed=0)
    found = list(matching(generated, lists, seed=0))
    assert not left_out
    assert {(result.by, result.centred) for result in found} == WAYS
    assert {result.stratum for result in found} == {None, *Stratum}
    assert all((result.value, result.low, result.high) == (1, 1, 1) for result in found)
    ranked = [result for result in galleries(generated, seed=0) if isinstance(result, Result)]
    for result in ranked:
        assert result.value == pytest.approx(0 if result.measure == Measure.PLACE else 1)
    for result in verification(generated, lists[None], seed=0):
        assert result.value == (1 if result.measure == Measure.AREA_UNDER_CURVE else 0)


@pytest.mark.parametrize("seed", range(3))
def test_one_who_guesses_is_at_chance_within_the_interval(make_generated, seed: int) -> None:
    generated = make_generated(knows=False, seed=seed, **MANY)
    lists, _ = trials_of(generated, 20_000, seed)
    found = [
        *matching(generated, lists, seed),
        *galleries(generated, seed),
        *verification(generated, lists[None], seed),
    ]
    at_chance = [result.low <= result.chance <= result.high for result in found]
    assert np.mean(at_chance) > 0.85  # of 95 % intervals, many of which share what they are made of


@pytest.mark.parametrize("seed", range(5))
def test_which_of_a_persons_faces_are_in_the_gallery_makes_no_difference(make_generated, seed: int) -> None:
    """Of everybody's four faces one is as it was generated, the others are anybody's."""
    generated = make_generated(knows=True, **MANY)
    rng, rows = np.random.default_rng(9), np.unique(generated.subjects.face_person, return_index=True)[1]
    trunk = rng.standard_normal(generated.true_trunk.shape)
    trunk[rows] = generated.true_trunk[rows]
    generated = replace(generated, true_trunk=trunk)
    lines = galleries(generated, 1000 * seed)
    found = {(r.by, r.centred, r.measure, r.k): (r.value, r.gallery) for r in lines}
    value, gallery = found[Judge.TRUNK, False, Measure.RECALL, 1]
    assert gallery == 60 and value == pytest.approx(1 / 4 + 3 / 4 / 60, abs=0.02)


def test_shuffled_faces_of_one_who_knows_give_chance(make_generated) -> None:
    generated = make_generated(knows=True, **MANY)
    shuffled = np.random.default_rng(1).permutation(60)[generated.subjects.face_person]
    generated = replace(generated, subjects=replace(generated.subjects, face_person=shuffled))
    lists, _ = trials_of(generated, 20_000, seed=0)
    for result in matching(generated, {None: lists[None]}, seed=0):
        assert result.low <= 0.5 <= result.high


def test_published_figures_stand_beside_the_scores_they_were_made_with(make_generated) -> None:
    generated = make_generated(knows=True)
    lists, _ = trials_of(generated, 500, seed=0)
    papers = {(r.by, r.centred, r.stratum): r.paper for r in matching(generated, lists, 0) if r.paper}
    assert papers == {
        (by, False, stratum): paper
        for by in (Judge.DLIB, Judge.TRUNK)
        for stratum, paper in ((None, 0.7607), (Stratum.GENDER, 0.5969))
    }
    pairs = make_generated(knows=True, name=People.TRUE_PAIRS, shown=False)
    beside = list(matching(pairs, lists, 0))
    assert {result.by for result in beside if result.speech2face} == {Judge.DLIB}
    pairs = make_generated(knows=True, second=True, name=People.TRUE_PAIRS, shown=False)
    beside = {
        (result.by, result.centred, result.stratum): result.speech2face[0]
        for result in matching(pairs, lists, 0)
        if result.speech2face
    }
    assert beside == {
        **{(Judge.DLIB, False, None): 0.735, (Judge.DLIB, False, Stratum.GENDER): 0.649},
        **{(Judge.FACERES, False, None): 0.712, (Judge.FACERES, False, Stratum.GENDER): 0.608},
        **{(Judge.FACERES, True, None): 0.769, (Judge.FACERES, True, Stratum.GENDER): 0.665},
    }


def test_what_is_not_known_narrows_the_strata_with_a_line(make_generated) -> None:
    generated = make_generated(knows=True)
    people = [replace(person, gender="female", nationality="") for person in generated.subjects.people]
    generated = replace(generated, subjects=replace(generated.subjects, people=people))
    lists, left_out = trials_of(generated, 500, seed=0)
    assert set(lists) == {None, Stratum.GENDER, Stratum.APPARENT_AGE}
    assert [line.left_out[:18] for line in left_out] == ["1:2 by nationality"]


def test_one_person_leaves_nothing_to_match_and_says_so(make_generated) -> None:
    generated = make_generated(knows=True, people=1)
    lists, left_out = trials_of(generated, 500, seed=0)
    assert not lists and len(left_out) == 4
    assert all(isinstance(line, LeftOut) for line in galleries(generated, 0))


def test_nobodys_known_gender_is_seen_in_their_faces(make_generated) -> None:
    generated = make_generated(knows=True)
    known = strata(generated)[Stratum.GENDER]
    people = [replace(person, gender="") for person in generated.subjects.people]
    generated = replace(generated, subjects=replace(generated.subjects, people=people))
    np.testing.assert_array_equal(strata(generated)[Stratum.GENDER], known)


def test_trials_are_written_and_read_again(make_generated, tmp_path: Path) -> None:
    generated = make_generated(knows=False)
    first, _ = trials_of(generated, 300, seed=0, folder=tmp_path)
    again, _ = trials_of(generated, 999, seed=1, folder=tmp_path)
    for stratum, trials in first.items():
        np.testing.assert_array_equal(trials.imposter, again[stratum].imposter)
    other = make_generated(knows=False, recordings=2)
    with pytest.raises(CorpusError, match="other recordings"):
        trials_of(other, 300, seed=0, folder=tmp_path)


def test_no_more_trials_than_there_are_different_ones(make_generated) -> None:
    generated = make_generated(knows=True, people=3, recordings=1, pictures=2)
    lists, _ = trials_of(generated, 10_000, seed=0)
    assert len(lists[None].probe) == 3 * 2 * 4


def test_distinct_trials_agree_with_brute_force() -> None:
    rng = np.random.default_rng(0)
    voices, faces, group = rng.integers(-1, 6, 20), rng.integers(-1, 6, 15), rng.integers(-1, 3, 6)
    counted = sum(
        voice >= 0 and voice == true != other and other >= 0 and group[voice] >= 0
        and group[voice] == group[other] and other in voices
        for voice in voices for true in faces for other in faces
    )  # fmt: skip
    assert distinct(voices, faces, group) == counted > 0


def test_few_recordings_get_each_imposter_once() -> None:
    person = np.arange(30) * 2 // 3  # some with two clips
    trials = sample_each(person, person, 10, seed=0)
    pairs = set(zip(trials.probe.tolist(), trials.imposter.tolist(), strict=True))
    assert len(pairs) == len(trials.probe) == 300
    everybody = sample_each(person, person, 1000, seed=0, stratum=np.arange(20) % 2)
    assert ((everybody.speaker % 2) == (everybody.stranger % 2)).all()
    brute = sum((person != p).sum() - ((person % 2) != (p % 2)).sum() for p in person)
    assert len(everybody.probe) == brute
