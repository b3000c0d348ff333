"""Log-mel features, the input of the paper's voice encoder (Sec. 4; constants: decision 2 of docs/design.md).

Waveform float32 [samples] at 16 kHz, in [-1, 1] -> log-mel float32 [64, frames], 100 frames a second.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from v2f.audio.vad import FULL_SCALE, SAMPLE_RATE
from v2f.models.networks import MEL_BINS

PRE_EMPHASIS = 0.97
WINDOW = SAMPLE_RATE * 25 // 1000  # 400 samples, 25 ms
HOP = SAMPLE_RATE * 10 // 1000  # 160 samples, 10 ms
FRAMES_PER_SECOND = SAMPLE_RATE // HOP  # 100, 10 ms per frame
FFT_SIZE = 1024
BINS = FFT_SIZE // 2 + 1  # 513
BIN_HZ = SAMPLE_RATE / FFT_SIZE  # 15.625 Hz per bin
LOWEST_HZ, HIGHEST_HZ = 20.0, 7200.0
FLOOR = 1e-5  # of the mel energies, before the logarithm
REACHED = slice(int(LOWEST_HZ / BIN_HZ), int(HIGHEST_HZ / BIN_HZ) + 1)  # bins that some filter weighs
FRAMES_AT_ONCE = 128  # whose spectra stay in a processor's cache


def whole_frames(samples: int) -> int:
    """The number of frames in the log-mel of so many samples: whole ones only, none below 400 samples."""
    return max(0, 1 + (samples - WINDOW) // HOP)


def log_mel(waveform: np.ndarray | Tensor, start: int = 0) -> Tensor:
    """Natural logarithm of 64 mel energies: [samples] -> [64, frames], or [batch, samples] -> [batch, 64, frames].

    There are `whole_frames` of them, of which those before `start` are left out. Runs on the input's device, in float32
    even under autocast. The log-mel of a prefix is a prefix of the whole's.
    """
    signal = torch.as_tensor(waveform, dtype=torch.float32) * FULL_SCALE
    emphasised = torch.sub(signal[..., 1:], signal[..., :-1], alpha=PRE_EMPHASIS)
    signal = torch.cat([signal[..., :1], emphasised], dim=-1)
    return by_frame(signal, _log_energies, MEL_BINS, start)


def by_frame(signal: Tensor, compute: Callable[[Tensor], Tensor], bins: int, start: int) -> Tensor:
    """Features [..., bins, frames] of a signal [..., samples]; `compute` gives those of frames [..., frames, 400].

    It does so in float32, as [..., frames, bins]. Those before `start` are left out. The rest are the same to the bit
    where that is a multiple of FRAMES_AT_ONCE.
    """
    if whole_frames(signal.shape[-1]) <= start:
        return signal.new_empty((*signal.shape[:-1], bins, 0))
    frames = signal.unfold(-1, WINDOW, HOP)[..., start:, :]  # a view
    with torch.autocast(signal.device.type, enabled=False):
        computed = torch.cat([compute(part) for part in frames.split(FRAMES_AT_ONCE, dim=-2)], dim=-2)
    return computed.transpose(-1, -2).contiguous()


def _log_energies(frames: Tensor) -> Tensor:
    """Frames [..., frames, 400] -> log mel energies [..., frames, 64]."""
    padded = frames.new_zeros((*frames.shape[:-1], FFT_SIZE))
    torch.mul(frames, _window(frames.device), out=padded[..., :WINDOW])
    reached = torch.fft.rfft(padded)[..., REACHED]
    return (power(reached) @ _filterbank(frames.device)).clamp_(min=FLOOR).log_()


def power(spectra: Tensor) -> Tensor:
    """The power of complex spectra, which are overwritten, of the same shape; `sum` over the two parts is slow."""
    real, imaginary = torch.view_as_real(spectra).square_().unbind(dim=-1)
    return real + imaginary


def normalise(log_mel: Tensor) -> Tensor:
    """Zero mean and unit variance of every mel bin over time, the last axis; a constant bin becomes zero."""
    centred = log_mel - log_mel.mean(dim=-1, keepdim=True)
    deviation = centred.square().mean(dim=-1, keepdim=True).sqrt()
    return centred / deviation.clamp(min=1e-5)


@lru_cache(maxsize=8)
def _window(device: torch.device) -> Tensor:
    """The symmetric Hamming window, 0.54 - 0.46 cos(2 pi n / 399), as speech tools have it; not the periodic one."""
    return torch.hamming_window(WINDOW, periodic=False, dtype=torch.float64).float().to(device)


@lru_cache(maxsize=8)
def _filterbank(device: torch.device) -> Tensor:
    """Triangles [460, 64], evenly spaced in mel, edges on FFT bins, peak height 2 / width in Hz; of bins REACHED."""
    mels = np.linspace(_mel(LOWEST_HZ), _mel(HIGHEST_HZ), MEL_BINS + 2)
    edges = np.round(700 * (10 ** (mels / 2595) - 1) / BIN_HZ)  # in bins, each above the one before
    left, middle, right = edges[:-2], edges[1:-1], edges[2:]
    bins = np.arange(BINS)[:, None]
    rising = (bins - left) / (middle - left)
    falling = (right - bins) / (right - middle)
    triangles = np.maximum(0, np.minimum(rising, falling))
    heights = 2 / ((right - left) * BIN_HZ)
    return torch.from_numpy((triangles * heights)[REACHED].astype(np.float32)).to(device)


def _mel(hz: float) -> float:
    return float(2595 * np.log10(1 + hz / 700))
