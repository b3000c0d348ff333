"""Log filter banks, the input of CAM++ (v2f/models/campplus.py): Kaldi's, without dither.

Waveform float32 [samples] at 16 kHz, in [-1, 1] -> float32 [80, frames], 100 frames a second: the natural logarithm of
the power in 80 mel bands.
"""

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from v2f.audio.features import PRE_EMPHASIS, WINDOW, by_frame, power
from v2f.audio.vad import SAMPLE_RATE
from v2f.models.networks import FILTER_BANKS

FFT_SIZE = 512
LOWEST_HZ = 20.0
FLOOR = 1e-20  # of the power, before the logarithm: for digital silence only


def filter_banks(waveform: np.ndarray | Tensor, start: int = 0) -> Tensor:
    """[..., samples] -> [..., 80, frames], `whole_frames` frames of 25 ms, of which those before `start` are left out.

    Runs on the input's device, in float32 even under autocast.
    """
    signal = torch.as_tensor(waveform, dtype=torch.float32)
    return by_frame(signal, _log_power, FILTER_BANKS, start)


def _log_power(frames: Tensor) -> Tensor:
    """Frames [..., frames, 400] -> log power in the bands [..., frames, 80]."""
    frames = frames - frames.mean(dim=-1, keepdim=True)
    return (power(spectrum(frames)) @ filterbank(frames.device)).clamp_(min=FLOOR).log_()


def spectrum(frames: Tensor) -> Tensor:
    """Frames [..., 400] whose mean is zero -> spectra with pre-emphasis, complex [..., 257]; linear."""
    padded = frames.new_zeros((*frames.shape[:-1], FFT_SIZE))
    padded[..., 1:WINDOW] = torch.sub(frames[..., 1:], frames[..., :-1], alpha=PRE_EMPHASIS)
    padded[..., 0] = (1 - PRE_EMPHASIS) * frames[..., 0]
    padded[..., :WINDOW] *= _window(frames.device)
    return torch.fft.rfft(padded)


@lru_cache(maxsize=8)
def _window(device: torch.device) -> Tensor:
    """Kaldi's "povey" window [400]: the symmetric Hann window to the power of 0.85."""
    return torch.hann_window(WINDOW, periodic=False, dtype=torch.float64).pow(0.85).float().to(device)


@lru_cache(maxsize=8)
def filterbank(device: torch.device) -> Tensor:
    """Kaldi's triangles [257, 80] from 20 to 8,000 Hz, each of height one."""
    from v2f.audio.torchaudio_parts import kaldi

    triangles, _ = kaldi.get_mel_banks(
        num_bins=FILTER_BANKS,
        window_length_padded=FFT_SIZE,
        sample_freq=SAMPLE_RATE,
        low_freq=LOWEST_HZ,
        high_freq=SAMPLE_RATE / 2,
        vtln_low=100.0,  # without effect, the voices' tracts not being warped
        vtln_high=-500.0,
        vtln_warp_factor=1.0,
    )
    return torch.nn.functional.pad(triangles, (0, 1)).T.contiguous().to(device)
