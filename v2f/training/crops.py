"""Random crops of a store's training voices as log-mel batches: one length per batch, augmented on the device."""

import numpy as np
import torch
from torch import Tensor

from v2f.audio import NOISE_KINDS, SAMPLE_RATE, log_mel, make_noise, normalise, whole_frames
from v2f.data.batches import Crops, uniform
from v2f.data.store import FULL_SCALE, Store
from v2f.training.augment import augment_voices
from v2f.training.loop import generator

HELDOUT_SHARE = 0.2  # the end of every training recording, kept for the held-out accuracy
NOISE_SECONDS = 60.0  # of each made kind of noise, to draw from


class VoiceCrops:
    """Crops of the recordings `rows` of a store. Those of a store of speech can be augmented as sound."""

    def __init__(self, store: Store, rows: np.ndarray, seed: int, device: torch.device) -> None:
        self.rows, self.seed, self.device = rows, seed, device
        # A GPU cannot reach a memory map; a CPU reads log-mel from it, of which there may be more than memory.
        resident = device.type != "cpu" or store.holds_speech
        self.crops = Crops(store.sounds, store.voices[rows], device, resident, 1 - HELDOUT_SHARE)
        self.noise = _noise_bank(store, rows, seed).to(device) if store.holds_speech else None

    def log_mels(self, voices: Tensor, samples: int, draw: int, augment: bool = True) -> Tensor:
        """Normalised log-mel [batch, 64, frames] of one crop of `samples` for each of `voices` [batch].

        Crops and augmentation depend on the seed, on `draw` and on the voices asked for, on nothing else.
        """
        rng = generator(self.device, self.seed, draw, int(voices[0]), len(voices))
        if self.noise is None:
            return self.crops(voices, whole_frames(samples), rng)
        waveforms = self.crops(voices, samples, rng).float() / FULL_SCALE
        if augment:
            batch, ramp = len(voices), torch.arange(samples, device=self.device)[None]
            kinds = torch.randint(len(self.noise), (batch,), generator=rng, device=self.device)
            offset = (uniform(0, 1, batch, rng)[:, None] * (self.noise.shape[1] - samples)).long()
            waveforms = augment_voices(waveforms, self.noise[kinds[:, None], ramp + offset], SAMPLE_RATE, rng)
        return normalise(log_mel(waveforms))


def sound_of(store: Store, voice: int, piece: slice = slice(None)) -> Tensor:
    """The log-mel float32 [64, frames] of a recording, or of a piece of its `sounds`; not normalised."""
    start, length, _ = store.voices[voice]
    heard = torch.from_numpy(np.array(store.sounds[start : start + length][piece])).float()
    return log_mel(heard / FULL_SCALE) if store.holds_speech else heard.T


def _noise_bank(store: Store, voices: np.ndarray, seed: int) -> Tensor:
    """A minute of every kind of noise, float32 [kinds, samples]; babble is made of training voices."""
    samples = int(NOISE_SECONDS * SAMPLE_RATE)
    clips = [store.waveform(voice) for voice in voices[:: max(1, len(voices) // 40)]]
    noises = [make_noise(kind, samples, seed, clips=clips) for kind in NOISE_KINDS]
    return torch.from_numpy(np.stack(noises).astype(np.float32))
