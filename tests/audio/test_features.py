import math

import numpy as np
import pytest
import torch

from v2f.audio import SAMPLE_RATE, keep_speech, require_speech, to_waveform
from v2f.audio.features import FRAMES_AT_ONCE, _filterbank, log_mel, normalise
from v2f.errors import NoSpeechError


def reference_log_mel(waveform: np.ndarray) -> np.ndarray:
    """The log-mel once more, in float64 and loops, from its description alone -> [64, frames]."""
    x = [32768.0 * float(s) for s in waveform]
    y = np.array([x[0]] + [x[n] - 0.97 * x[n - 1] for n in range(1, len(x))])
    hamming = np.array([0.54 - 0.46 * math.cos(2 * math.pi * n / 399) for n in range(400)])
    top, bottom = 2595 * math.log10(1 + 7200 / 700), 2595 * math.log10(1 + 20 / 700)
    edges = []
    for i in range(66):
        mel = bottom + (top - bottom) * i / 65
        edges.append(round(700 * (10 ** (mel / 2595) - 1) / 16000 * 1024))
    rows = []
    start = 0
    while start + 400 <= len(y):
        power = np.abs(np.fft.fft(np.concatenate([y[start : start + 400] * hamming, np.zeros(624)]))) ** 2
        row = []
        for left, middle, right in zip(edges, edges[1:], edges[2:], strict=False):
            height = 2 / ((right - left) * 16000 / 1024)
            energy = 0.0
            for k in range(left, right):
                weight = (k - left) / (middle - left) if k <= middle else (right - k) / (right - middle)
                energy += height * weight * power[k]
            row.append(math.log(max(energy, 1e-5)))
        rows.append(row)
        start += 160
    return np.array(rows).T


def cosine(a: torch.Tensor, b: torch.Tensor) -> float:
    return float(torch.nn.functional.cosine_similarity(a.flatten(), b.flatten(), dim=0))


def test_log_mel_of_speech_agrees_with_the_reference(speech):
    waveform = speech[: 4 * SAMPLE_RATE]
    np.testing.assert_allclose(log_mel(waveform).numpy(), reference_log_mel(waveform), atol=1e-3, rtol=0)


def test_log_mel_of_noise_agrees_with_the_reference(white):
    np.testing.assert_allclose(log_mel(white).numpy(), reference_log_mel(white), atol=1e-3, rtol=0)


def test_digital_silence_lies_on_the_floor():
    assert torch.allclose(log_mel(np.zeros(SAMPLE_RATE, np.float32)), torch.tensor(math.log(1e-5)))


def test_a_louder_recording_is_only_shifted(white):
    torch.testing.assert_close(log_mel(2 * white), log_mel(white) + 2 * math.log(2), atol=1e-4, rtol=0)


@pytest.mark.parametrize(("samples", "frames"), [(0, 0), (399, 0), (400, 1), (559, 1), (560, 2), (16000, 98)])
def test_only_whole_frames_count(samples, frames):
    assert log_mel(np.zeros(samples, np.float32)).shape == (64, frames)


def test_a_batch_gives_what_its_members_give(white):
    batch = torch.from_numpy(np.stack([white, white[::-1]]))
    together = log_mel(batch)
    assert together.shape == (2, 64, 298)
    torch.testing.assert_close(together[1], log_mel(white[::-1].copy()), atol=1e-4, rtol=0)


def test_a_long_recording_is_not_cut_up(white):
    seconds = FRAMES_AT_ONCE // 100 + 2
    long = np.resize(white, seconds * SAMPLE_RATE)
    seam = FRAMES_AT_ONCE * 160
    whole, part = log_mel(long), log_mel(long[seam - 1600 : seam + 1600])
    assert whole.shape == (64, seconds * 100 - 2)
    # The part's first frame starts with another pre-emphasis sample than the whole's, so it is left out.
    start = FRAMES_AT_ONCE - 10
    torch.testing.assert_close(whole[:, start + 1 : start + 18], part[:, 1:], atol=1e-4, rtol=0)


def test_autocast_does_not_coarsen_the_features(white):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = log_mel(white)
    assert inside.dtype == torch.float32
    assert torch.equal(inside, log_mel(white))


def test_the_filters_peak_at_two_over_their_width():
    bank = _filterbank(torch.device("cpu"))
    assert bank.shape == (460, 64)  # bins 1 to 460: 15.6 to 7,188 Hz
    # A triangle of height 2 / width has an area of one: in bins of 15.625 Hz it sums to 1 / 15.625.
    torch.testing.assert_close(bank.sum(dim=0), torch.full((64,), 1 / 15.625))


def test_normalised_bins_have_zero_mean_and_unit_variance(white):
    normal = normalise(log_mel(white))
    torch.testing.assert_close(normal.mean(dim=1), torch.zeros(64), atol=1e-5, rtol=0)
    torch.testing.assert_close(normal.var(dim=1, unbiased=False), torch.ones(64), atol=1e-4, rtol=0)


def test_constant_bins_become_zero_not_nan():
    assert torch.equal(normalise(torch.full((64, 10), -3.0)), torch.zeros(64, 10))


def test_features_are_those_of_the_speech_alone(speech):
    pause = np.zeros(2 * SAMPLE_RATE, np.float32)
    kept = keep_speech(np.concatenate([pause, speech, pause]))
    assert normalise(log_mel(kept)).shape == (64, (len(kept) - 400) // 160 + 1)
    assert len(kept) <= len(speech) + SAMPLE_RATE // 2


def test_the_same_recording_gives_the_same_features(speech):
    first = normalise(log_mel(keep_speech(speech)))
    normalise(log_mel(keep_speech(speech[::-1].copy())))
    assert torch.equal(first, normalise(log_mel(keep_speech(speech))))


def test_a_48_khz_stereo_copy_has_nearly_the_same_features(speech):
    spectrum = np.fft.rfft(speech.astype(np.float64))
    upsampled = 3 * np.fft.irfft(
        spectrum, n=3 * len(speech)
    )  # exact, and independent of the resampler under test
    stereo = np.stack([upsampled, upsampled], axis=1)
    copy = to_waveform((stereo * 32767).round().clip(-32768, 32767).astype(np.int16), 48_000)
    assert cosine(normalise(log_mel(speech)), normalise(log_mel(copy))) > 0.995


def test_too_little_speech_is_one_sentence():
    require_speech(SAMPLE_RATE // 2)
    with pytest.raises(NoSpeechError, match=r"Only 0\.3 s .* half a second is needed"):
        require_speech(SAMPLE_RATE // 3)
    with pytest.raises(NoSpeechError, match=r"Only 0\.0 s"):
        require_speech(len(keep_speech(np.zeros(3 * SAMPLE_RATE, np.float32))))


def test_a_noise_has_features_of_all_of_it(white):
    assert normalise(log_mel(white)).shape == (64, 298)
