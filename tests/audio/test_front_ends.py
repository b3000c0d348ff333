"""The input of each voice encoder: whole frames, prefixes of prefixes; and mel power as others compute it."""

import numpy as np
import pytest
import torch

from v2f.audio import SAMPLE_RATE
from v2f.audio.features import FRAMES_AT_ONCE, whole_frames
from v2f.audio.front_ends import FRONT_ENDS
from v2f.audio.mel_power import filterbank, mel_power

ENCODERS = {"table2": 64, "fused": 121}  # and the bins that they take


def loudness(speech: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(speech, dtype=np.float64))))


def test_there_is_a_front_end_for_each_encoder() -> None:
    assert FRONT_ENDS.keys() == ENCODERS.keys()


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("samples", [0, 399, 400, 559, 560, 16_000])
def test_frames_are_whole_ones(encoder: str, samples: int, white: np.ndarray) -> None:
    features = FRONT_ENDS[encoder].features(white[:samples])
    assert features.shape == (ENCODERS[encoder], whole_frames(samples)) and features.dtype == torch.float32


@pytest.mark.parametrize("encoder", ENCODERS)
def test_the_frames_of_a_prefix_are_a_prefix_of_the_wholes(encoder: str, white: np.ndarray) -> None:
    whole, prefix = (FRONT_ENDS[encoder].frames(sound) for sound in (white, white[:SAMPLE_RATE]))
    torch.testing.assert_close(prefix, whole[:, : prefix.shape[1]], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("start", [0, FRAMES_AT_ONCE, 3 * FRAMES_AT_ONCE, 10_000])
def test_later_frames_alone_are_the_same_to_the_bit(encoder: str, start: int, white: np.ndarray) -> None:
    frames = FRONT_ENDS[encoder].frames
    assert torch.equal(frames(white, start), frames(white)[:, start:])


def test_a_quieter_recording_has_the_same_log_mel(white: np.ndarray) -> None:
    features = FRONT_ENDS["table2"].features
    torch.testing.assert_close(features(0.03 * white), features(white), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("encoder", ENCODERS)
def test_silence_is_finite(encoder: str) -> None:
    assert FRONT_ENDS[encoder].features(np.zeros(SAMPLE_RATE, np.float32)).isfinite().all()


@pytest.mark.parametrize("encoder", ENCODERS)
def test_a_batch_gives_what_its_members_give(encoder: str, white: np.ndarray) -> None:
    front_end = FRONT_ENDS[encoder]
    batch = torch.from_numpy(np.stack([white, 0.1 * white[::-1]]))
    alone = torch.stack([front_end.features(sound) for sound in batch])
    torch.testing.assert_close(front_end.features(batch), alone, rtol=1e-3, atol=1e-3)


def test_the_mel_filters_are_librosas() -> None:
    librosa = pytest.importorskip("librosa")
    theirs = librosa.filters.mel(sr=SAMPLE_RATE, n_fft=400, n_mels=40).T
    np.testing.assert_allclose(filterbank(torch.device("cpu")).numpy(), theirs, rtol=0, atol=1e-6)


def test_mel_power_is_librosas_without_the_filled_up_ends(white: np.ndarray) -> None:
    librosa = pytest.importorskip("librosa")
    theirs = librosa.feature.melspectrogram(
        y=white, sr=SAMPLE_RATE, n_fft=400, hop_length=160, n_mels=40, center=False
    )
    np.testing.assert_allclose(mel_power(white)[:40].numpy(), theirs, rtol=1e-3, atol=1e-6)


def test_the_last_row_is_the_frames_mean_square(white: np.ndarray) -> None:
    np.testing.assert_allclose(mel_power(white)[40, 0], loudness(white[:400]) ** 2, rtol=1e-4)


def test_autocast_does_not_coarsen_mel_power(white: np.ndarray) -> None:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = mel_power(white)
    assert torch.equal(inside, mel_power(white))
