"""Log filter banks: Kaldi's, of whole frames, whatever the length of the recording."""

import numpy as np
import pytest
import torch

from v2f.audio.features import FRAMES_AT_ONCE, whole_frames
from v2f.audio.filter_banks import FLOOR, filter_banks
from v2f.audio.torchaudio_parts import kaldi


def kaldis(waveform: np.ndarray) -> torch.Tensor:
    """torchaudio's own, as CAM++ was trained on: of samples in [-1, 1], without dither."""
    sound = torch.from_numpy(waveform)[None]
    return kaldi.fbank(sound, num_mel_bins=80, sample_frequency=16_000.0, dither=0.0).T


def test_they_are_kaldis(white: np.ndarray) -> None:
    banks = filter_banks(white)
    assert banks.shape == (80, whole_frames(len(white))) and banks.dtype == torch.float32
    torch.testing.assert_close(banks, kaldis(white), rtol=0, atol=1e-3)


def test_they_are_kaldis_of_a_recording(speech: np.ndarray) -> None:
    audible = kaldis(speech) > np.log(1e-6)  # the sums of what is fainter are mostly rounding errors
    torch.testing.assert_close(filter_banks(speech)[audible], kaldis(speech)[audible], rtol=0, atol=0.01)


@pytest.mark.parametrize("start", [0, FRAMES_AT_ONCE, 10_000])
def test_those_from_a_later_frame_on_are_the_same_to_the_bit(start: int, white: np.ndarray) -> None:
    assert torch.equal(filter_banks(white, start), filter_banks(white)[:, start:])


def test_those_of_a_prefix_are_a_prefix(white: np.ndarray) -> None:
    torch.testing.assert_close(filter_banks(white[:16_000]), filter_banks(white)[:, :98], rtol=0, atol=1e-4)


def test_a_level_is_a_constant_and_an_offset_is_nothing(white: np.ndarray) -> None:
    banks = filter_banks(white)
    torch.testing.assert_close(filter_banks(0.1 * white), banks + 2 * np.log(0.1), rtol=0, atol=1e-3)
    torch.testing.assert_close(filter_banks(white + 0.1), banks, rtol=0, atol=1e-3)


def test_digital_silence_is_the_floor() -> None:
    assert (filter_banks(np.zeros(800, np.float32)) == torch.tensor(FLOOR).log()).all()


def test_autocast_does_not_coarsen_them(white: np.ndarray) -> None:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = filter_banks(white)
    assert torch.equal(inside, filter_banks(white))
