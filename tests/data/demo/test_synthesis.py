"""Blends of text-to-speech voices: seeded, of one sex, and told clearly when they cannot be made."""

import numpy as np
import pytest

from v2f.data.demo.synthesis import SENTENCES, STYLE_SHAPE, load_styles, plan_blends
from v2f.errors import SynthesisError

VOICES = ["af_a", "af_b", "bf_c", "am_d", "bm_e", "zm_f"]


def test_blends_are_seeded():
    assert plan_blends(VOICES, 5, seed=1) == plan_blends(VOICES, 5, seed=1)
    assert plan_blends(VOICES, 5, seed=1) != plan_blends(VOICES, 5, seed=2)


def test_more_blends_leave_the_first_ones_as_they_were():
    few, many = plan_blends(VOICES, 2), plan_blends(VOICES, 6)
    assert few[:2] == many[:2] and few[2:] == many[6:8]


def test_a_blend_has_two_or_three_parents_of_its_sex():
    for blend in plan_blends(VOICES, 20):
        assert len(blend.parents) in (2, 3) and len(set(blend.parents)) == len(blend.parents)
        assert {parent[1] for parent in blend.parents} == {blend.sex[0]}
        assert sum(blend.weights) == pytest.approx(1, abs=1e-3)


def test_styles_are_read_by_name(tmp_path):
    style = np.arange(np.prod(STYLE_SHAPE), dtype="<f4").reshape(STYLE_SHAPE)
    style.tofile(tmp_path / "af_a.bin")
    assert np.array_equal(load_styles(tmp_path)["af_a"], style)


def test_missing_voices_are_one_sentence(tmp_path):
    with pytest.raises(SynthesisError, match="npm pack kokoro-js"):
        load_styles(tmp_path)


def test_every_sentence_has_its_phonemes():
    lines = SENTENCES.read_text("utf-8").splitlines()
    assert len(lines) >= 30
    assert all(len(line.split("\t")) == 2 and all(line.split("\t")) for line in lines)
