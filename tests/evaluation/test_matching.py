"""1:2 matching."""

import numpy as np
import pytest

from v2f.evaluation.matching import draw_trials, one_of_two

CLIPS = 90


def descriptors(seed: int, clips: int = CLIPS) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.1, 1.0, (clips, 16))


def people(clips: int = CLIPS) -> np.ndarray:
    return (np.arange(clips) * 2 // 3).astype(str)  # some with two clips


def sexes(clips: int = CLIPS) -> np.ndarray:
    return np.where(np.arange(clips) * 2 // 3 % 2, "female", "male")


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


@pytest.mark.parametrize("within_sex", [False, True])
@pytest.mark.parametrize("centred", [False, True])
def test_matching_agrees_with_brute_force(within_sex: bool, centred: bool) -> None:
    true, who, sex = descriptors(1, 30), people(30), sexes(30)
    generated = true + descriptors(2, 30)
    found = one_of_two(generated, true, who, sex, within_sex=within_sex, centred=centred, imposters=1000)
    if centred:
        generated, true = generated - generated.mean(axis=0), true - true.mean(axis=0)
    wins = [
        cosine(generated[i], true[i]) > cosine(generated[i], true[j])
        for i in range(30)
        for j in range(30)
        if who[i] != who[j] and (sex[i] == sex[j] or not within_sex)
    ]
    assert found.trials == len(wins)
    assert found.people == 20
    assert found.value == pytest.approx(np.mean(wins))
    assert 0.5 < found.value < 1  # neither chance nor certainty, or the comparison would show little


def test_one_who_knows_is_always_right() -> None:
    true = descriptors(1)
    known = one_of_two(true, true, people(), sexes(), within_sex=False)
    assert (known.value, known.low, known.high) == (1.0, 1.0, 1.0)


@pytest.mark.parametrize("within_sex", [False, True])
@pytest.mark.parametrize("centred", [False, True])
def test_one_who_guesses_is_at_chance(within_sex: bool, centred: bool) -> None:
    guessed = one_of_two(
        descriptors(1), descriptors(2), people(), sexes(), within_sex=within_sex, centred=centred
    )
    assert guessed.low <= 0.5 <= guessed.high


def test_shuffled_people_bring_matching_to_chance() -> None:
    true = descriptors(1)
    order = np.random.default_rng(0).permutation(CLIPS)
    shuffled = one_of_two(true[order], true, people(), sexes(), within_sex=False)
    assert shuffled.low <= 0.5 <= shuffled.high


def test_ties_count_one_half() -> None:
    alike = np.ones((CLIPS, 16))
    assert one_of_two(descriptors(1), alike, people(), sexes(), within_sex=False).value == 0.5


def test_knowing_the_sex_alone_helps_only_where_sexes_meet() -> None:
    sex = (sexes() == "female").astype(float)
    generated = np.stack([np.full(CLIPS, 0.1), sex - 0.5], axis=1)
    true = np.concatenate([generated, descriptors(3)[:, :4] * 0.01], axis=1)
    generated = np.concatenate([generated, np.zeros((CLIPS, 4))], axis=1)
    assert one_of_two(generated, true, people(), sexes(), within_sex=False).value > 0.65
    within = one_of_two(generated, true, people(), sexes(), within_sex=True)
    assert within.low <= 0.5 <= within.high


def test_centring_removes_what_one_side_has_in_common() -> None:
    true = descriptors(1)
    generated = true + 100.0 * descriptors(2)[0]
    plain = one_of_two(generated, true, people(), sexes(), within_sex=False)
    centred = one_of_two(generated, true, people(), sexes(), within_sex=False, centred=True)
    assert plain.value < 0.9 < centred.value


def test_an_imposter_is_another_person_and_drawn_once() -> None:
    who = people()
    trials = draw_trials(who, 20, seed=0)
    assert trials.shape == (CLIPS * 20, 2)
    assert (who[trials[:, 0]] != who[trials[:, 1]]).all()
    assert len(np.unique(trials, axis=0)) == len(trials)


def test_imposters_within_one_sex_are_of_it() -> None:
    trials = draw_trials(people(), 20, seed=0, within=sexes())
    assert (sexes()[trials[:, 0]] == sexes()[trials[:, 1]]).all()


def test_the_seed_decides_the_trials() -> None:
    np.testing.assert_array_equal(draw_trials(people(), 20, seed=1), draw_trials(people(), 20, seed=1))
    assert (draw_trials(people(), 20, seed=1) != draw_trials(people(), 20, seed=2)).any()


def test_one_person_alone_cannot_be_matched() -> None:
    with pytest.raises(ValueError, match="two people"):
        one_of_two(descriptors(1, 3), descriptors(2, 3), ["a"] * 3, ["male"] * 3, within_sex=False)
