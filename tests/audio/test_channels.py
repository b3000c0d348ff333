"""What is read of several channels: their mean, the louder one, or the one that somebody speaks in."""

import io
from pathlib import Path

import numpy as np
import pytest
import soxr

from tests.support.encode import encode
from tests.support.voices import RATE, encoded, likeness, voice
from v2f.audio import Channel, Sound, make_noise, read_audio, read_sound
from v2f.errors import UnreadableAudioError

ONE, OTHER = voice(0, 6.0), voice(1, 6.0)
TOLD = {
    "left": "two speakers, one a channel: this is the left one, --channel right is the other",
    "right": "two speakers, one a channel: this is the right one, --channel left is the other",
}


def stereo(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return np.stack([left, right], axis=1)


def read(sound: np.ndarray, channel: Channel | None = None, kind: str = "FLAC", rate: int = RATE) -> Sound:
    return read_sound(io.BytesIO(encoded(sound, rate, kind)), channel=channel)


@pytest.mark.parametrize("inverted", [1.0, 0.9, 0.7])
@pytest.mark.parametrize("kind", ["FLAC", "MP3", "OGG"])
def test_of_inverted_stereo_the_louder_channel_is_read(kind: str, inverted: float) -> None:
    found = read(stereo(inverted * ONE, -ONE), kind=kind)
    assert found.channel == "right" or inverted == 1
    assert likeness(found.waveform, ONE) > 0.95
    assert np.abs(found.waveform).max() > 0.8 * np.abs(ONE).max()


def test_also_with_noise_that_is_not_inverted() -> None:
    noise = 0.25 * np.std(ONE) * np.random.default_rng(0).standard_normal(ONE.size).astype(np.float32)
    found = read(stereo(ONE + noise, noise - ONE))
    assert found.channel and likeness(found.waveform, ONE) > 0.9


def test_also_where_only_a_part_is_inverted() -> None:
    polarity = np.where(np.arange(ONE.size) < ONE.size // 2, 1, -1)
    found = read(stereo(ONE, polarity * ONE))
    assert found.channel == "left" and likeness(found.waveform, ONE) > 0.99


def test_at_any_rate_and_from_a_phone() -> None:
    sound = soxr.resample(stereo(ONE, -ONE), RATE, 48_000)
    assert likeness(read(sound, rate=48_000).waveform, ONE) > 0.99


def test_an_aac_of_inverted_stereo(tmp_path: Path) -> None:
    sound = soxr.resample(stereo(ONE, -ONE), RATE, 44_100)
    found = read_sound(encode(tmp_path / "inverted.m4a", sound, 44_100))
    assert likeness(found.waveform, ONE) > 0.95 and found.channel


@pytest.mark.parametrize("other", [ONE, 0.3 * ONE, 0 * ONE, -0.2 * ONE])
def test_ordinary_stereo_is_averaged(other: np.ndarray) -> None:
    found = read(stereo(ONE, other))
    assert found.channel is None and found.notes == ()
    assert np.abs(found.waveform - (ONE + other) / 2).max() < 1e-4


def test_microphones_apart_hear_one_speaker() -> None:
    later = np.concatenate([np.zeros(24, np.float32), 0.8 * ONE[:-24]])  # half a metre
    hiss = make_noise("pink", 2 * ONE.size, seed=0).reshape(2, -1) * np.std(ONE) * 0.1
    assert read(stereo(ONE + hiss[0], later + hiss[1])).notes == ()


@pytest.mark.parametrize("milliseconds", [20, 100, 250])
@pytest.mark.parametrize("gain", [1.0, 0.1])
def test_a_channel_that_is_later_is_the_same_speaker(milliseconds: int, gain: float) -> None:
    later = np.concatenate([np.zeros(16 * milliseconds, np.float32), ONE])[: ONE.size]
    assert not read(stereo(ONE, gain * later)).two_speakers


@pytest.mark.parametrize("kind", ["FLAC", "MP3", "OGG"])
def test_two_speakers_are_told_and_can_be_chosen(kind: str) -> None:
    both = stereo(ONE, OTHER)
    found = read(both, kind=kind)
    assert found.two_speakers and found.channel in TOLD
    assert found.notes == (TOLD[found.channel],)
    chosen_and_own: list[tuple[Channel, np.ndarray]] = [("left", ONE), ("right", OTHER)]
    for channel, own in chosen_and_own:
        chosen = read(both, channel, kind)
        assert likeness(chosen.waveform, own) > 0.95 and chosen.channel == channel and chosen.notes == ()


@pytest.mark.parametrize(("left", "right"), [(0.05, 0.9), (0.9, 0.05), (0.03, 0.9)])
@pytest.mark.parametrize("in_turn", [False, True])
def test_one_of_them_may_be_fainter(left: float, right: float, in_turn: bool) -> None:
    turns = np.repeat([1, 0, 1, 0, 1, 0], RATE).astype(np.float32)
    one, other = (turns * ONE, (1 - turns) * OTHER) if in_turn else (ONE, OTHER)
    for sound in (stereo(left * one, right * other), stereo(left * other, right * one)):
        assert read(sound, kind="MP3").two_speakers


def test_faint_hiss_in_the_other_channel_is_nobody() -> None:
    for loudness in (1e-5, 1e-3, 1e-2):
        hiss = loudness * np.random.default_rng(0).standard_normal(ONE.size).astype(np.float32)
        found = read(stereo(ONE, 0.003 * ONE + hiss), kind="MP3")
        assert found.notes == () and likeness(found.waveform, ONE) > 0.95


def test_an_interview_with_some_of_each_in_both() -> None:
    turns = np.repeat([1, 0, 1, 0, 1, 0], RATE).astype(np.float32)
    one, other = turns * ONE, (1 - turns) * OTHER
    found = read(stereo(one + 0.15 * other, other + 0.15 * one))
    assert found.two_speakers and found.channel in ("left", "right")


def test_a_channel_of_noise_is_left_alone() -> None:
    noise = make_noise("white", ONE.size, seed=0) * np.std(ONE)
    for sound, channel in ((stereo(noise, ONE), "right"), (stereo(ONE, noise), "left")):
        found = read(sound)
        assert found.channel == channel and not found.two_speakers
        assert likeness(found.waveform, ONE) > 0.99


def test_a_mono_file_has_one_channel_whatever_is_asked_for() -> None:
    assert np.array_equal(read(ONE, "right").waveform, read(ONE).waveform)


# Floats beyond 1


@pytest.mark.parametrize("scale", [2.0**15, 2.0**23, 2.0**31, 40.0])
def test_integers_that_were_written_as_floats_are_scaled(scale: float) -> None:
    found = read_sound(io.BytesIO(encoded(ONE * np.float32(scale), subtype="FLOAT")))
    assert likeness(found.waveform, ONE) > 0.999 and np.abs(found.waveform).max() <= 1
    assert found.notes == (f"samples beyond 1 were divided by {found.scale:g}",)
    if scale > 256:
        assert found.scale == scale


def test_a_little_beyond_1_is_clipped() -> None:
    loud = ONE / np.abs(ONE).max() * 4
    found = read_sound(io.BytesIO(encoded(loud, subtype="FLOAT")))
    assert np.array_equal(found.waveform, loud.clip(-1, 1)) and found.notes == ()


def test_some_damaged_samples_become_silence() -> None:
    sound = ONE.copy()
    sound[[100, 20_000, 50_000]] = 1e30, -3e38, 700
    found = read_sound(io.BytesIO(encoded(sound, subtype="FLOAT")))
    assert found.notes == () and found.waveform[[100, 20_000, 50_000]].tolist() == [0, 0, 0]
    assert likeness(found.waveform, ONE) > 0.99


def test_numbers_that_are_no_sound_are_refused() -> None:
    bits = np.random.default_rng(0).integers(0, 2**32, RATE, dtype=np.uint32).view(np.float32)
    square = 3e4 * np.sign(ONE)
    for sound in (bits, square):
        with pytest.raises(UnreadableAudioError, match=r"^The recording holds values far beyond 1.*\.$"):
            read_audio(io.BytesIO(encoded(sound, subtype="FLOAT")))
