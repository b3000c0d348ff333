"""Who gets which voice: a map learned on true pairs, and a fair assignment by it."""

import numpy as np
import pytest

from v2f.data.demo import heldout_readers, pairs_part
from v2f.data.pairing import VoiceToLooks, assign


def test_a_linear_relation_is_found():
    rng = np.random.default_rng(0)
    truth = rng.standard_normal((256, 128))
    voices = rng.standard_normal((2000, 256))
    looks = voices @ truth + rng.standard_normal((2000, 128))
    fresh = rng.standard_normal((50, 256))
    predicted = VoiceToLooks.learn(voices, looks)(fresh)
    assert np.corrcoef(predicted.ravel(), (fresh @ truth).ravel())[0, 1] > 0.95


def test_a_voice_goes_to_the_group_it_sounds_like():
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((10, 128))
    truth = np.repeat(np.arange(10), 3)
    predicted = centres[truth] + 0.2 * rng.standard_normal((30, 128))
    assert np.array_equal(assign(predicted, centres), truth)


@pytest.mark.parametrize("voices", [20, 23, 29])
def test_every_group_gets_its_even_share(voices):
    rng = np.random.default_rng(1)
    groups = assign(rng.standard_normal((voices, 128)), rng.standard_normal((10, 128)))
    counts = np.bincount(groups, minlength=10)
    assert counts.min() >= voices // 10 and counts.max() <= -(-voices // 10)


def test_no_person_is_on_both_sides_of_the_split():
    learned = {row["person"] for row in pairs_part("map")}
    measured = {row["person"] for row in pairs_part("measure")}
    assert learned and measured and not learned & measured
    assert len(measured) == 310 and len(learned) == 621  # a third and two thirds of 931 people


def test_fifty_readers_are_held_out():
    assert len(heldout_readers()) == 50
