"""Random crops of a store's training voices as log-mel batches: one length per batch, augmented on the device."""

import numpy as np
import torch
from torch import Tensor

from v2f.audio import NOISE_KINDS, SAMPLE_RATE, log_mel, make_noise, normalise
from v2f.data.store import FULL_SCALE, Store
from v2f.training.augment import augment_voices, uniform
from v2f.training.loop import generator

HELDOUT_SHARE = 0.2  # the end of every training recording, kept for the held-out accuracy
NOISE_SECONDS = 60.0  # of each made kind of noise, to draw from


class VoiceCrops:
    """Crops of the recordings `rows` of a store, held on the device as 16-bit samples."""

    def __init__(self, store: Store, rows: list[int], seed: int, device: torch.device) -> None:
        self.rows, self.seed, self.device = rows, seed, device
        chosen = [store.voice_rows[i] for i in rows]
        self.starts = torch.tensor([row.start for row in chosen], device=device)
        self.lengths = torch.tensor([int(row.samples * (1 - HELDOUT_SHARE)) for row in chosen], device=device)
        self.speech = torch.from_numpy(np.array(store.speech)).to(device)
        self.noise = _noise_bank(store, rows, seed).to(device)

    def log_mels(self, voices: Tensor, samples: int, draw: int, augment: bool = True) -> Tensor:
        """Normalised log-mel [batch, 64, frames] of one crop of `samples` for each of `voices` [batch].

        Crops and augmentation depend on the seed, on `draw` and on the voices asked for, on nothing else.
        Clips shorter than the crop are repeated to fill it, as the paper has it.
        """
        rng = generator(self.device, self.seed, draw, int(voices[0]), len(voices))
        batch, ramp = len(voices), torch.arange(samples, device=self.device)[None]
        lengths = self.lengths[voices][:, None]
        offset = (uniform(0, 1, batch, rng)[:, None] * (lengths - samples).clamp(min=0)).long()
        waveforms = self.speech[self.starts[voices][:, None] + (ramp + offset) % lengths].float() / FULL_SCALE
        if augment:
            kinds = torch.randint(len(self.noise), (batch,), generator=rng, device=self.device)
            offset = (uniform(0, 1, batch, rng)[:, None] * (self.noise.shape[1] - samples)).long()
            waveforms = augment_voices(waveforms, self.noise[kinds[:, None], ramp + offset], SAMPLE_RATE, rng)
        return normalise(log_mel(waveforms))


def _noise_bank(store: Store, voices: list[int], seed: int) -> Tensor:
    """A minute of every kind of noise, float32 [kinds, samples]; babble is made of training voices."""
    samples = int(NOISE_SECONDS * SAMPLE_RATE)
    clips = [store.waveform(voice) for voice in voices[:: max(1, len(voices) // 40)]]
    noises = [make_noise(kind, samples, seed, clips=clips) for kind in NOISE_KINDS]
    return torch.from_numpy(np.stack(noises).astype(np.float32))
