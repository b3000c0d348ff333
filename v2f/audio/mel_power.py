"""Mel power, the input of the d-vector's network (v2f/models/dvector.py), as in Resemblyzer 0.1.4.

Waveform float32 [samples] at 16 kHz, in [-1, 1] -> float32 [41, frames], 100 frames a second: the power in 40 mel
bands, not its logarithm, and the mean square of the frame, by which v2f/models/windows.py brings windows to one level.
Resemblyzer's own frames are centred on multiples of 10 ms, the signal filled up with zeros; here: whole frames only,
so that those of a prefix are a prefix of the whole's.
"""

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from v2f.audio.features import WINDOW, by_frame, power
from v2f.audio.vad import SAMPLE_RATE
from v2f.models.networks import POWER_BANDS


def mel_power(waveform: np.ndarray | Tensor, start: int = 0) -> Tensor:
    """[..., samples] -> [..., 41, frames], `whole_frames` frames of 25 ms, of which those before `start` are left out.

    Runs on the input's device, in float32 even under autocast.
    """
    signal = torch.as_tensor(waveform, dtype=torch.float32)
    return by_frame(signal, _power, POWER_BANDS + 1, start)


def _power(frames: Tensor) -> Tensor:
    """Frames [..., frames, 400] -> power in the bands, and mean square, [..., frames, 41]."""
    bands = power(spectrum(frames)) @ filterbank(frames.device)
    return torch.cat([bands, frames.square().mean(dim=-1, keepdim=True)], dim=-1)


def spectrum(frames: Tensor) -> Tensor:
    """Frames [..., 400] -> their spectra, complex [..., 201]; linear."""
    return torch.fft.rfft(frames * _window(frames.device))


@lru_cache(maxsize=8)
def _window(device: torch.device) -> Tensor:
    """The periodic Hann window [400]."""
    return torch.hann_window(WINDOW, device=device)


@lru_cache(maxsize=8)
def filterbank(device: torch.device) -> Tensor:
    """Slaney's triangles [201, 40] from 0 to 8,000 Hz, each of area one."""
    from v2f.audio.torchaudio_parts import functional

    return functional.melscale_fbanks(
        n_freqs=WINDOW // 2 + 1,
        f_min=0.0,
        f_max=SAMPLE_RATE / 2,
        n_mels=POWER_BANDS,
        sample_rate=SAMPLE_RATE,
        norm="slaney",
        mel_scale="slaney",
    ).to(device)
