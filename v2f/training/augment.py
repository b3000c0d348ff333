"""Augmentation, in batches and on the device, each draw from a given generator.

Voices: rooms, band limits, noise, and what recorders and telephones do that is not linear, because real microphones are
not a studio's. Nothing here changes the level alone, which the features take away. Faces: differentiable colour, shift
and cutout on both sides of the discriminator, so that few faces are not memorised.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from v2f.training.batches import uniform

REVERB_SECONDS = (0.1, 0.6)  # time to fall by 60 dB
REVERB_SHARE, BAND_SHARE, NOISE_SHARE = 0.5, 0.5, 0.7  # of the clips in a batch
SNR_DB = (3.0, 30.0)
LOW_CUT_HZ, HIGH_CUT_HZ = (50.0, 400.0), (2500.0, 8000.0)
COMPRESSED_SHARE, CLIPPED_SHARE, CODED_SHARE = 0.3, 0.2, 0.3
EVENED = (0.2, 0.7)  # part of the differences in level, in dB, that a compressor takes away
COMPRESSION_DB = 40.0  # it treats what is further below the loudest as if it were so far below
COMPRESSION_SECONDS = 0.02  # over which it measures the level
CLIP_DB = (-20.0, -3.0)  # of the peak
CODEC_RATE = 8000  # Hz, of a telephone
MU = 255.0  # of mu-law, ITU-T G.711
CODEC_BITS = (4.0, 8.0)  # the standard's are 8; fewer stand for codecs of lower rate
FACE_SHIFT = 1 / 8  # of a face's side, at most
CUTOUT = 3 / 8  # of it, the side of what is cut out of half of the faces


def augment_voices(
    waveforms: Tensor,
    noises: Tensor,
    rate: int,
    rng: torch.Generator,
    part: slice = slice(None),  # noqa: B008
    batch: int | None = None,
) -> Tensor:
    """Make clips sound like other rooms, microphones and lines.

    `waveforms` [batch, samples] and `noises` [batch, samples] at `rate` Hz, 8000 at least -> [batch, samples], the peak
    of each at 1. Reverberation and band limits are one multiplication in the frequency domain. Where they are only
    `part` of a larger `batch`, each becomes what it would be there.
    """
    batch, samples = batch or len(waveforms), waveforms.shape[1]

    def draw(low: float, high: float) -> Tensor:
        return uniform(low, high, batch, rng)[part]

    size = samples + int(REVERB_SECONDS[1] * rate)
    spectrum = torch.fft.rfft(waveforms, n=size)
    spectrum = spectrum * _rooms(batch, part, rate, size, rng) * _bands(batch, part, rate, size, rng)
    voices = torch.fft.irfft(spectrum, n=size)[:, :samples]
    level = voices.square().mean(dim=1, keepdim=True)
    noise_level = noises.square().mean(dim=1, keepdim=True) + 1e-9
    snr = draw(*SNR_DB)[:, None]
    share = (draw(0, 1) < NOISE_SHARE).float()[:, None]
    voices = voices + share * noises * (level / noise_level / 10 ** (snr / 10)).sqrt()
    evened = draw(*EVENED) * (draw(0, 1) < COMPRESSED_SHARE)
    voices = _peak_at_one(_compressed(voices, evened[:, None], rate))
    clip = 10 ** (draw(*CLIP_DB) / 20)
    clip = torch.where(draw(0, 1) < CLIPPED_SHARE, clip, torch.ones_like(clip))[:, None]
    voices = _peak_at_one(voices.clamp(-clip, clip))
    coded, bits = draw(0, 1) < CODED_SHARE, draw(*CODEC_BITS)[:, None]
    if coded.any():  # of nothing there is no Fourier transform
        voices[coded] = _coded(voices[coded], bits[coded], rate)
    return _peak_at_one(voices)


def _peak_at_one(waveforms: Tensor) -> Tensor:
    return waveforms / (waveforms.abs().amax(dim=1, keepdim=True) + 1e-9)


def _compressed(waveforms: Tensor, evened: Tensor, rate: int) -> Tensor:
    """Clips [batch, samples] whose loud parts are made fainter, by `evened` [batch, 1] of their level in dB."""
    frame = int(COMPRESSION_SECONDS * rate)
    power = F.avg_pool1d(waveforms.square()[:, None], frame, ceil_mode=True, count_include_pad=False)
    power = F.interpolate(power, size=waveforms.shape[1], mode="linear")[:, 0]
    power = power / (power.amax(dim=1, keepdim=True) + 1e-12)
    return waveforms * power.clamp(min=10 ** (-COMPRESSION_DB / 10)) ** (-evened / 2)


def _coded(waveforms: Tensor, bits: Tensor, rate: int) -> Tensor:
    """Clips [batch, samples], their peak at 1, as they come out of a line of CODEC_RATE and of `bits` [batch, 1].

    Both changes of rate are cuts in the frequency domain.
    """
    samples = waveforms.shape[1]
    narrow = samples * CODEC_RATE // rate
    line = torch.fft.irfft(torch.fft.rfft(waveforms), n=narrow) * (narrow / samples)
    steps = 2 ** (bits - 1)
    scale = math.log1p(MU)
    curved = line.sign() * torch.log1p(MU * line.abs()) / scale
    curved = (curved * steps).round() / steps
    line = curved.sign() * torch.expm1(curved.abs() * scale) / MU
    return torch.fft.irfft(torch.fft.rfft(line), n=samples) * (samples / narrow)


def _rooms(batch: int, part: slice, rate: int, size: int, rng: torch.Generator) -> Tensor:
    """Spectra of made-up room responses: a direct sound and an exponentially falling noise tail."""
    length = int(REVERB_SECONDS[1] * rate)
    time = torch.arange(length, device=rng.device) / rate
    fall = uniform(*REVERB_SECONDS, batch, rng)[:, None]
    tail = torch.randn(batch, length, generator=rng, device=rng.device) * 10 ** (-3 * time / fall)
    tail = tail / tail.norm(dim=1, keepdim=True) * uniform(0.1, 1.0, batch, rng)[:, None]
    tail = tail * (uniform(0, 1, batch, rng) < REVERB_SHARE)[:, None]
    tail[:, 0] = 1.0
    return torch.fft.rfft(tail[part], n=size)


def _bands(batch: int, part: slice, rate: int, size: int, rng: torch.Generator) -> Tensor:
    """Gains [batch, bins] of soft low and high cuts, as telephones and cheap microphones have them."""
    frequency = torch.fft.rfftfreq(size, 1 / rate, device=rng.device)[None]
    low, high = uniform(*LOW_CUT_HZ, batch, rng)[:, None], uniform(*HIGH_CUT_HZ, batch, rng)[:, None]
    gain = torch.sigmoid((frequency - low) / 20) * torch.sigmoid((high - frequency) / 100)
    limited = (uniform(0, 1, batch, rng) < BAND_SHARE)[:, None]
    return torch.where(limited, gain, torch.ones_like(gain))[part]


def mask_features(
    log_mel: Tensor,
    rng: torch.Generator,
    bins: int = 12,
    frames: int = 30,
    part: slice = slice(None),  # noqa: B008
    batch: int | None = None,
) -> Tensor:
    """Zero one band of up to `bins` mel bins and one stretch of up to `frames` frames of each [batch, 64, time].

    For `part` and `batch` see `augment_voices`.
    """
    batch, (height, width) = batch or len(log_mel), log_mel.shape[1:]
    bands, stretches = _outside_band(batch, height, bins, rng), _outside_band(batch, width, frames, rng)
    return log_mel * (bands[part, :, None] * stretches[part, None])


def _outside_band(batch: int, size: int, longest: int, rng: torch.Generator) -> Tensor:
    length = uniform(0, longest + 1, batch, rng).floor()[:, None]
    start = (uniform(0, 1, batch, rng)[:, None] * (size - length)).floor()
    place = torch.arange(size, device=rng.device)[None]
    return ((place < start) | (place >= start + length)).float()


def augment_faces(faces: Tensor, rng: torch.Generator, share: float = 1.0) -> Tensor:
    """Differentiable colour, shift and cutout on a share of faces [batch, 3, size, size], a draw for each face."""
    batch, _, height, width = faces.shape
    plain, chosen = faces, uniform(0, 1, batch, rng)[:, None, None, None] < share

    def draw(low: float, high: float) -> Tensor:
        return uniform(low, high, batch, rng)[:, None, None, None]

    faces = faces + draw(-0.3, 0.3)  # brightness
    grey = faces.mean(dim=1, keepdim=True)
    faces = grey + (faces - grey) * draw(0.3, 1.7)  # saturation
    middle = faces.mean(dim=(1, 2, 3), keepdim=True)
    faces = middle + (faces - middle) * draw(0.6, 1.4)  # contrast
    # Shift, by reading a padded copy at an offset of its own for each face.
    most = round(FACE_SHIFT * height)
    padded = F.pad(faces, (most,) * 4)
    rows = torch.randint(0, 2 * most + 1, (batch, 1), generator=rng, device=rng.device)
    columns = torch.randint(0, 2 * most + 1, (batch, 1), generator=rng, device=rng.device)
    rows = rows + torch.arange(height, device=rng.device)  # [batch, size]
    columns = columns + torch.arange(width, device=rng.device)
    which = torch.arange(batch, device=rng.device)[:, None, None]
    shifted = padded.permute(0, 2, 3, 1)[which, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
    # Cutout.
    top = torch.randint(0, height, (batch, 1), generator=rng, device=rng.device)
    left = torch.randint(0, width, (batch, 1), generator=rng, device=rng.device)
    line = torch.arange(height, device=rng.device)[None]
    inside_rows = (line - top).abs() < CUTOUT * height / 2
    inside_columns = (line - left).abs() < CUTOUT * width / 2
    cut = inside_rows[:, :, None] & inside_columns[:, None, :]
    cut = cut & (uniform(0, 1, batch, rng) < 0.5)[:, None, None]
    return torch.where(chosen, shifted * (~cut)[:, None], plain)
