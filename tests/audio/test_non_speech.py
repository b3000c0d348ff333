"""Sounds that are no voice."""

import numpy as np
import pytest

from v2f.audio.non_speech import SOUNDS, make_sound

CLIPS = [np.random.default_rng(i).uniform(-0.3, 0.3, 32_000).astype(np.float32) for i in range(6)]


@pytest.mark.parametrize("kind", SOUNDS)
def test_a_sound_has_its_length_lies_in_range_and_is_seeded(kind):
    sound = make_sound(kind, 12_345, 3, CLIPS)
    assert sound.shape == (12_345,) and sound.dtype == np.float32
    assert 0.01 < np.abs(sound).max() <= 1
    assert np.array_equal(sound, make_sound(kind, 12_345, 3, CLIPS))
    assert not np.array_equal(sound, make_sound(kind, 12_345, 4, CLIPS)) or kind == "hum"


def test_strings_ring_at_a_pitch_and_knocks_die_away():
    strings, knocks = make_sound("strings", 32_000, 0), make_sound("knocks", 32_000, 0)
    spectrum = np.abs(np.fft.rfft(strings))
    assert spectrum.max() > 20 * np.median(spectrum)
    loud = np.abs(knocks) > 0.05
    assert 0.01 < loud.mean() < 0.5  # most of the time nothing is struck
