"""Random crops of a store's voices as a voice encoder takes them: one length per batch, augmented on the device."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from v2f.audio import NOISE_KINDS, SAMPLE_RATE, make_noise
from v2f.audio.features import FULL_SCALE, HOP, whole_frames
from v2f.audio.front_ends import FRONT_ENDS
from v2f.audio.non_speech import SOUNDS, make_sound
from v2f.data.recordings import HELDOUT_SHARE, require_log_mel
from v2f.data.store import Store
from v2f.models import EncoderName
from v2f.training.augment import augment_voices
from v2f.training.batches import Crops, uniform
from v2f.training.seeding import seeded_generator

NOISE_SECONDS = 60.0  # of each made kind of noise, to draw from
SHORTEST, LONGEST = 0.5, 8.0  # seconds of a crop; the paper's are 3 to 8, the kiosk's first face has 0.5
GOLDEN = (5**0.5 - 1) / 2  # whose multiples, less whole numbers, lie evenly between 0 and 1
CROPS_AT_ONCE = 64  # to bound memory
BABBLERS = 40  # voices that babble is made of
SOUNDS_EACH = 96


class VoiceCrops:
    """Crops of the recordings `rows` of a store. Those of a store of speech can be augmented as sound."""

    def __init__(self, store: Store, rows: np.ndarray, seed: int, device: torch.device) -> None:
        self.rows, self.seed, self.device = rows, seed, device
        # A GPU cannot reach a memory map; a CPU reads log-mel from it, of which there may be more than memory.
        resident = device.type != "cpu" or store.holds_speech
        self.crops = Crops(store.sounds, store.voices[rows], device, resident, 1 - HELDOUT_SHARE)
        self.noise = _noise_bank(store, rows, seed).to(device) if store.holds_speech else None

    def longest(self, voices: Tensor) -> int:
        """Samples of the longest of `voices` [batch], of the part that crops are taken from."""
        return int(self.crops.lengths[voices].max()) * (HOP if self.noise is None else 1)

    def log_mels(self, voices: Tensor, samples: int, draw: int, augment: bool = True) -> Tensor:
        """Normalised log-mel [batch, 64, frames]: `features` for Table 2's encoder."""
        return self.features("table2", voices, samples, draw, augment)

    def features(
        self, encoder: EncoderName, voices: Tensor, samples: int, draw: int, augment: bool = True
    ) -> Tensor:
        """What an encoder takes [batch, bins, frames] of one crop of `samples` for each of `voices` [batch].

        Crops and augmentation depend on the seed, on `draw` and on the voices given, on nothing else. Raises
        CorpusError for a store of log-mel and an encoder that takes something else.
        """
        rng = seeded_generator(self.device, self.seed, draw, int(voices[0]), len(voices))
        if self.noise is None:
            require_log_mel(encoder)
            return self.crops(voices, whole_frames(samples), rng)
        waveforms = self.crops(voices, samples, rng).float() / FULL_SCALE
        if augment:
            batch, ramp = len(voices), torch.arange(samples, device=self.device)[None]
            kinds = torch.randint(len(self.noise), (batch,), generator=rng, device=self.device)
            offset = (uniform(0, 1, batch, rng)[:, None] * (self.noise.shape[1] - samples)).long()
            waveforms = augment_voices(waveforms, self.noise[kinds[:, None], ramp + offset], SAMPLE_RATE, rng)
        return FRONT_ENDS[encoder].features(waveforms)


def features_of_crops(
    store: Store, voices: np.ndarray, encoder: EncoderName, crops: int, seed: int, device: torch.device
) -> Iterator[tuple[np.ndarray, int, Tensor]]:
    """What an encoder takes of `crops` seeded crops of each of `voices` [n], rows of a store; half are augmented.

    Gives which of the voices, the number of the crop, and the features [batch, bins, frames], of one length in a batch.
    Lengths are spread evenly over the logarithms of the range; of one voice, each crop's is in a part of it. Voices
    come with others about as long, and a crop is never longer than the longest of them.
    """
    crops_of = VoiceCrops(store, voices, seed, device)
    order = torch.argsort(crops_of.crops.lengths, stable=True)
    for crop in tqdm(range(crops), desc="embedding", unit="crop"):
        for number, chosen in enumerate(order.split(CROPS_AT_ONCE)):
            seconds = SHORTEST * (LONGEST / SHORTEST) ** ((crop + number * GOLDEN % 1) / crops)
            samples = min(int(seconds * SAMPLE_RATE), crops_of.longest(chosen))
            augment = bool((crop + number) % 2)
            yield chosen.cpu().numpy(), crop, crops_of.features(encoder, chosen, samples, crop, augment)


def features_of_sounds(
    store: Store, voices: np.ndarray, encoder: EncoderName, seed: int, device: torch.device
) -> Iterator[Tensor]:
    """What an encoder takes [1, bins, frames] of sounds that are no voice, SOUNDS_EACH of a kind, as long as crops."""
    clips = [store.waveform(voice) for voice in voices[:: max(1, len(voices) // BABBLERS)]]
    rng = np.random.default_rng(seed)
    for kind in SOUNDS:
        for seconds in np.exp(rng.uniform(np.log(SHORTEST), np.log(LONGEST), SOUNDS_EACH)):
            sound = make_sound(kind, int(seconds * SAMPLE_RATE), int(rng.integers(2**31)), clips)
            yield FRONT_ENDS[encoder].features(torch.from_numpy(sound).to(device)[None])


def _noise_bank(store: Store, voices: np.ndarray, seed: int) -> Tensor:
    """A minute of every kind of noise, float32 [kinds, samples]; babble is made of training voices."""
    samples = int(NOISE_SECONDS * SAMPLE_RATE)
    clips = [store.waveform(voice) for voice in voices[:: max(1, len(voices) // BABBLERS)]]
    noises = [make_noise(kind, samples, seed, clips=clips) for kind in NOISE_KINDS]
    return torch.from_numpy(np.stack(noises).astype(np.float32))
