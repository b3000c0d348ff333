import numpy as np
import pytest

from v2f.audio import NOISE_KINDS, SAMPLE_RATE, detect_speech, make_noise, mix, read_audio

TEN_SECONDS = 10 * SAMPLE_RATE


def power(signal: np.ndarray) -> float:
    return float(np.mean(signal.astype(np.float64) ** 2))


def slope_in_db_per_octave(noise: np.ndarray) -> float:
    """The fall of the power spectrum between 100 Hz and 4 kHz."""
    spectrum = np.abs(np.fft.rfft(noise.astype(np.float64))) ** 2
    hz = np.fft.rfftfreq(len(noise), 1 / SAMPLE_RATE)
    starts = 100 * 2 ** np.arange(5.5, step=0.5)
    levels = [10 * np.log10(spectrum[(hz >= f) & (hz < f * 2**0.5)].mean()) for f in starts]
    return float(np.polyfit(np.log2(starts), levels, 1)[0])


def clips() -> list[np.ndarray]:
    """Seven stand-ins for voices, of several lengths and levels."""
    rng = np.random.default_rng(5)
    return [(rng.standard_normal(8000 + 999 * i) * 0.01 * (i + 1)).astype(np.float32) for i in range(7)]


@pytest.mark.parametrize("kind", NOISE_KINDS)
def test_every_kind_has_its_length_and_level(kind):
    noise = make_noise(kind, 12_345, seed=3, clips=clips())
    assert noise.shape == (12_345,)
    assert noise.dtype == np.float32
    assert power(noise) ** 0.5 == pytest.approx(0.1, rel=1e-4)


@pytest.mark.parametrize("kind", NOISE_KINDS)
def test_a_seed_reproduces_its_noise_and_another_gives_another(kind):
    first = make_noise(kind, 8000, seed=1, clips=clips())
    assert np.array_equal(first, make_noise(kind, 8000, seed=1, clips=clips()))
    assert not np.array_equal(first, make_noise(kind, 8000, seed=2, clips=clips()))


@pytest.mark.parametrize(("kind", "slope"), [("white", 0.0), ("pink", -3.01), ("brown", -6.02)])
def test_the_spectrum_falls_as_the_colour_says(kind, slope):
    assert slope_in_db_per_octave(make_noise(kind, TEN_SECONDS, seed=0)) == pytest.approx(slope, abs=0.3)


@pytest.mark.parametrize("mains", [50, 60])
def test_hum_is_the_mains_frequency_and_its_harmonics(mains):
    spectrum = (
        np.abs(np.fft.rfft(make_noise("hum", TEN_SECONDS, seed=0, mains_hz=mains).astype(np.float64))) ** 2
    )
    peaks = spectrum[:: 10 * mains]  # the multiples of the mains frequency: bins are 0.1 Hz apart
    assert spectrum.argmax() == 10 * mains
    assert peaks.sum() > 0.999 * spectrum.sum()
    assert peaks[2] > 0.1 * peaks[1]


def test_babble_is_made_of_several_of_the_clips():
    tones = [np.sin(2 * np.pi * hz * np.arange(SAMPLE_RATE) / SAMPLE_RATE) for hz in range(200, 1000, 100)]
    spectrum = np.abs(np.fft.rfft(make_noise("babble", SAMPLE_RATE, seed=0, clips=tones)))
    loud = spectrum[200:1000:100] > 0.1 * spectrum.max()
    assert loud.sum() == 6


def test_babble_needs_clips():
    with pytest.raises(ValueError, match="clips"):
        make_noise("babble", 1000, seed=0)
    with pytest.raises(ValueError, match="clips"):
        make_noise("babble", 1000, seed=0, clips=[np.zeros(500, np.float32)])


def test_an_unknown_kind_is_named():
    with pytest.raises(ValueError, match="'green'"):
        make_noise("green", 1000, seed=0)


@pytest.mark.parametrize("snr_db", [-5, 0, 10, 20])
def test_the_ratio_over_the_speech_is_as_wanted(speech, snr_db):
    voice = 0.2 * speech
    noise = make_noise("pink", len(voice), seed=0)
    frames = np.repeat(detect_speech(voice), 320)
    mixed = mix(voice, noise, snr_db)
    added = (mixed - voice)[: len(frames)][frames]
    assert np.abs(mixed).max() < 1  # nothing was turned down, so the difference is the noise
    assert 10 * np.log10(power(voice[: len(frames)][frames]) / power(added)) == pytest.approx(
        snr_db, abs=0.01
    )


def test_pauses_do_not_count_towards_the_ratio(speech):
    noise = make_noise("white", 2 * len(speech), seed=0)
    paused = np.concatenate([speech, np.zeros_like(speech)])
    only_speech, with_pause = mix(0.2 * speech, noise, 5), mix(0.2 * paused, noise, 5)
    quiet = slice(len(speech) - 8000, len(speech))
    assert power(with_pause[quiet]) == pytest.approx(power(only_speech[quiet]), rel=0.05)


def test_given_decisions_are_used(white):
    voice = np.concatenate([white, 0.1 * white])
    first_half = np.arange(len(voice) // 320) < len(white) // 320
    noise = make_noise("white", len(voice), seed=0)
    added = mix(voice, noise, 0, speech=first_half) - voice
    assert power(added[: len(white)]) == pytest.approx(power(white), rel=1e-3)


def test_without_any_speech_the_whole_voice_is_measured(white):
    noise = make_noise("brown", len(white), seed=0)
    added = mix(0.1 * white, noise, 0, speech=np.zeros(len(white) // 320, bool)) - 0.1 * white
    assert power(added) == pytest.approx(power(0.1 * white), rel=1e-3)


def test_a_short_noise_is_repeated_and_a_long_one_cut(white):
    short = mix(white, white[:1000], 10, speech=np.ones(150, bool)) - white
    assert np.allclose(short[:1000], short[1000:2000], atol=1e-6)
    assert mix(white, np.tile(white, 3), 10).shape == white.shape


def test_a_loud_mixture_is_turned_down_not_clipped(white):
    noise = make_noise("white", len(white), seed=1)
    mixed = mix(white, noise, -40)
    assert np.abs(mixed).max() == pytest.approx(1.0)
    assert (np.abs(mixed) > 0.999).sum() < 5


def test_silent_voices_and_silent_noises_stay_finite(white):
    silence = np.zeros_like(white)
    assert np.array_equal(mix(white, silence, 5), white)
    assert np.isfinite(mix(silence, white, 5)).all()


def test_noise_recordings_of_any_format_can_be_mixed(shared_data, speech):
    for file in sorted((shared_data / "noise").iterdir()):
        mixed = mix(speech, read_audio(file), 10)
        assert mixed.shape == speech.shape
        assert not np.array_equal(mixed, speech)
