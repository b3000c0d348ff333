"""Soft pairing: a map learned on true pairs, and how well each voice goes with each group by it."""

from dataclasses import replace

import numpy as np
import pytest

from v2f.demo.pairing import (
    REPORTED_SEX,
    Looks,
    Ridge,
    Speakers,
    TruePairs,
    pair,
    soft_pairing,
    speaker_means,
)
from v2f.errors import CorpusError

GROUPS, SPEAKERS, PAIRS = 12, 200, 1000
OUT, CHILD, DOUBTFUL, CLEAR = 0, 2, 4, 6  # speakers who are special: the even ones are women


@pytest.fixture(scope="module")
def world() -> tuple[Speakers, TruePairs, Looks, np.ndarray]:
    """Voices [448] and looks [128] that one hidden person [20] makes, sex and age first; and true predicted looks."""
    rng = np.random.default_rng(0)
    to_voice, to_looks = rng.standard_normal((20, 448)), rng.standard_normal((20, 128))

    def people(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        hidden = rng.standard_normal((count, 20))
        women = np.arange(count) % 2 == 0
        hidden[:, 0] = np.where(women, 2.0, -2.0)
        return hidden, np.where(women, "female", "male"), 45 + 10 * hidden[:, 1]

    hidden, gender, age = people(PAIRS)
    pairs = TruePairs(hidden @ to_voice, hidden @ to_looks, gender, age)
    hidden, gender, age = people(GROUPS)
    looks = Looks(hidden @ to_looks, gender, age)
    hidden, gender, age = people(SPEAKERS)
    age = np.maximum(age, 20)
    hidden[DOUBTFUL, 0] = 0.0
    gender[[DOUBTFUL, CLEAR]] = ""
    age[CHILD], age[10:] = 9, np.nan
    corpus = np.where(np.arange(SPEAKERS) % 3 == 0, "studio", "kitchen")
    voices = hidden @ to_voice + np.where(corpus == "studio", 5.0, 0.0)[:, None]
    return Speakers(voices, corpus, gender, age, np.arange(SPEAKERS) != OUT), pairs, looks, hidden @ to_looks


@pytest.fixture(scope="module")
def q(world) -> np.ndarray:
    return pair(*world[:3])


def test_ridge_learns_a_linear_relation() -> None:
    rng = np.random.default_rng(0)
    truth = rng.standard_normal((256, 128))
    x = rng.standard_normal((2000, 256)) + 3
    y = x @ truth + rng.standard_normal((2000, 128))
    predicted = Ridge.learn(x, y, 1.0)(x)
    assert np.corrcoef(predicted.ravel(), (y - y.mean(axis=0)).ravel())[0, 1] > 0.95
    assert np.abs(predicted.mean(axis=0)).max() < 1e-9


def test_recordings_count_by_their_length_up_to_ten_seconds() -> None:
    first, second = np.eye(448)[0] + np.eye(448)[256], np.eye(448)[1] + np.eye(448)[257]
    means = speaker_means(np.stack([first, second, second]), np.array([0, 0, 1]), np.array([30.0, 5.0, 2.0]))
    assert means[0, [0, 256]] == pytest.approx(2 / 5**0.5) and means[0, [1, 257]] == pytest.approx(1 / 5**0.5)
    for half in np.split(means, [256], axis=1):
        assert np.allclose(np.linalg.norm(half, axis=1), 1, atol=1e-6)


def test_a_row_sums_to_one_and_splits_by_sex() -> None:
    rng = np.random.default_rng(0)
    looks = Looks(rng.standard_normal((8, 128)), np.repeat(["female", "male"], 4), np.full(8, 40.0))
    female = np.array([0.95, 0.2, 0.5])
    q = soft_pairing(rng.standard_normal((3, 128)), female, np.full(3, 40.0), looks)
    assert np.allclose(q.sum(axis=1), 1) and np.allclose(q[:, :4].sum(axis=1), female)


def test_of_like_looks_the_nearest_in_age_goes_best() -> None:
    look = np.random.default_rng(0).standard_normal(128)
    centres = np.outer([1, 1, 1, -1, -1, -1], look)  # three of one look, three of its opposite
    ages = np.array([70.0, 50, 30, 70, 50, 30])
    looks = Looks(np.tile(centres, (2, 1)), np.repeat(["female", "male"], 6), np.tile(ages, 2))
    voices = np.outer([1, 1, -1, -1], look)
    q = soft_pairing(voices, np.full(4, 0.95), np.array([68.0, 31, 52, 68]), looks)
    assert q.argmax(axis=1).tolist() == [0, 2, 4, 3]


def test_a_voice_goes_best_with_groups_that_look_as_it_sounds(world, q) -> None:
    _, _, looks, truth = world
    used = q.any(axis=1)
    similar = np.corrcoef(truth[used] - truth[used].mean(axis=0), looks.centres - looks.centres.mean(axis=0))
    similar = similar[: used.sum(), used.sum() :]  # [speakers, groups]
    assert (q[used] * similar).sum(axis=1).mean() > similar.mean() + 0.2


def test_a_reported_sex_is_kept_to(world, q) -> None:
    speakers, _, looks, _ = world
    used = q.any(axis=1)
    women = q[:, looks.gender == "female"].sum(axis=1)
    assert (women[used & (speakers.gender == "female")] >= REPORTED_SEX - 1e-9).all()
    assert (women[used & (speakers.gender == "male")] <= 1 - REPORTED_SEX + 1e-9).all()


def test_who_is_kept_out_a_child_or_in_doubt_gets_no_face(q) -> None:
    without = np.flatnonzero(~q.any(axis=1))
    assert without.tolist() == [OUT, CHILD, DOUBTFUL]
    assert q[CLEAR].sum() == pytest.approx(1)


def test_the_microphone_of_a_corpus_decides_nothing(world, q) -> None:
    speakers, pairs, looks, _ = world
    shift = np.where(speakers.corpus == "studio", -30.0, 7.0)[:, None]
    moved = replace(speakers, dvectors=speakers.dvectors + shift)
    assert np.allclose(pair(moved, replace(pairs, dvectors=pairs.dvectors + 2), looks), q, atol=1e-4)


def test_a_corpus_without_women_is_one_sentence(world) -> None:
    speakers, pairs, looks, _ = world
    lonely = replace(
        speakers, corpus=np.where(speakers.gender == "male", speakers.corpus, "kitchen").astype(str)
    )
    with pytest.raises(CorpusError, match="Of studio .* women or men are missing"):
        pair(lonely, pairs, looks)
