"""Random crops of a store's voices as a voice encoder takes them: one length per batch, augmented on the device."""

from collections.abc import Iterator
from functools import cached_property
from math import inf

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from v2f.audio import NOISE_KINDS, SAMPLE_RATE, make_noise
from v2f.audio.features import FULL_SCALE
from v2f.audio.front_ends import FRONT_ENDS
from v2f.data.recordings import trained_shares
from v2f.data.store import Store
from v2f.models import EncoderName
from v2f.training.augment import augment_voices
from v2f.training.batches import Crops, uniform
from v2f.training.memory import Ahead
from v2f.training.presets import CropConfig
from v2f.training.seeding import seeded_generator

NOISE_SECONDS = 60.0  # of each made kind of noise, to draw from
GOLDEN = (5**0.5 - 1) / 2  # whose multiples, less whole numbers, lie evenly between 0 and 1
CROPS_AT_ONCE = 64  # to bound memory
BABBLERS = 40  # voices that babble is made of


class VoiceCrops:
    """Crops of the recordings `rows` of a store, augmented as sound where that is asked for."""

    def __init__(
        self,
        store: Store,
        rows: np.ndarray,
        seed: int,
        device: torch.device,
        shares: np.ndarray | None = None,
        limit: float = inf,
        part: slice = slice(None),  # noqa: B008
    ) -> None:
        """`shares` of the store's recordings, from their starts, are what crops are taken from: `trained_shares`.

        Speech of more than `limit` bytes stays on the disk. `part` is this process's of every batch.
        """
        shares = trained_shares(store) if shares is None else shares
        self.store, self.rows, self.seed, self.device, self.part = store, rows, seed, device, part
        self.crops = Crops(store.speech, store.voices[rows], device, limit, shares[rows])

    @cached_property
    def noise(self) -> Tensor:
        """A minute of every kind of noise, float32 [kinds, samples]; babble is made of these recordings."""
        samples, clips = int(NOISE_SECONDS * SAMPLE_RATE), some_clips(self.store, self.rows)
        noises = [make_noise(kind, samples, self.seed, clips=clips) for kind in NOISE_KINDS]
        return torch.from_numpy(np.stack(noises).astype(np.float32)).to(self.device)

    def longest(self, voices: Tensor) -> int:
        """Samples of the longest of `voices` [batch], of the part that crops are taken from."""
        return int(self.crops.lengths[voices.to(self.crops.home)].max())

    def log_mels(
        self, voices: Tensor, samples: int, draw: int, augment: bool = True, crops: Tensor | None = None
    ) -> Tensor:
        """Normalised log-mel [part, 64, frames]: `features` for Table 2's encoder."""
        return self.features("table2", voices, samples, draw, augment, crops)

    def features(
        self,
        encoder: EncoderName,
        voices: Tensor,
        samples: int,
        draw: int,
        augment: bool = True,
        crops: Tensor | None = None,
    ) -> Tensor:
        """What an encoder takes [part, bins, frames] of a crop of `samples` for each of `voices` [batch] in this part.

        Crops and augmentation depend on the seed, on `draw` and on all voices given, on nothing else. `crops` are those
        that `read` gave for the same.
        """
        rng, batch = self._rng(voices, draw), len(voices)
        places = self.crops.places(voices, samples, rng)
        if crops is None:
            crops = self.crops.read(voices[self.part], places[self.part], samples).to(self.device)
        waveforms = crops.float() / FULL_SCALE
        if augment:
            kinds = torch.randint(len(self.noise), (batch,), generator=rng, device=self.device)
            offset = (uniform(0, 1, batch, rng)[:, None] * (self.noise.shape[1] - samples)).long()
            ramp = torch.arange(samples, device=self.device)[None]
            noise = self.noise[kinds[self.part, None], ramp + offset[self.part]]
            waveforms = augment_voices(waveforms, noise, SAMPLE_RATE, rng, self.part, batch)
        return FRONT_ENDS[encoder].features(waveforms)

    def read(self, voices: Tensor, samples: int, draw: int) -> Tensor:
        """The crops that `features` are made of, int16 [part, samples]."""
        places = self.crops.places(voices, samples, self._rng(voices, draw))
        return self.crops.read(voices[self.part], places[self.part], samples)

    def _rng(self, voices: Tensor, draw: int) -> torch.Generator:
        return seeded_generator(self.device, self.seed, draw, int(voices[0]), len(voices))


def features_of_crops(
    crops_of: VoiceCrops, encoder: EncoderName, crops: int, config: CropConfig, done: int = 0
) -> Iterator[tuple[np.ndarray, int, Tensor]]:
    """What an encoder takes of `crops` seeded crops of each voice; of all but the first `done` batches of voices.

    Gives which of the voices, the number of the crop, and the features [batch, bins, frames], of one length in a batch.
    Lengths are spread evenly over the range of `config`; of one voice, each crop's is in a part of it. Voices come with
    others about as long, CROPS_AT_ONCE in a batch, of which all crops are made before those of the next; where they are
    not to be repeated, a crop is never longer than the longest of them.
    """
    batches = torch.argsort(crops_of.crops.lengths, stable=True).to(crops_of.device).split(CROPS_AT_ONCE)

    def asked(step: int) -> tuple[Tensor, int, int]:
        number, crop = divmod(step, crops)
        samples = int(config.seconds((crop + number * GOLDEN % 1) / crops) * SAMPLE_RATE)
        if not config.repeat:
            samples = min(samples, crops_of.longest(batches[number]))
        return batches[number], samples, crop

    steps = crops * len(batches)
    ahead = (
        None
        if crops_of.crops.resident
        else Ahead(lambda step: crops_of.read(*asked(step)), crops_of.device, steps)
    )
    for step in tqdm(
        range(done * crops, steps), desc="embedding", unit="batch", initial=done * crops, total=steps
    ):
        chosen, samples, crop = asked(step)
        augment = config.augment and bool((crop + step // crops) % 2)
        read = ahead(step) if ahead else None
        yield chosen.cpu().numpy(), crop, crops_of.features(encoder, chosen, samples, crop, augment, read)


def some_clips(store: Store, voices: np.ndarray) -> list[np.ndarray]:
    """The speech of about BABBLERS of the recordings `voices` [n], float32 [samples] each."""
    return [store.waveform(voice) for voice in voices[:: max(1, len(voices) // BABBLERS)]]
