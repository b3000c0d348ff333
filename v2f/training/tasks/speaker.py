"""Stage one: the voice encoder, as the backbone of a speaker classifier (Sec. 3.1.3 takes it pretrained).

    v2f train speaker --data STORE --pairs STORE-pairs --out RUN

The paper's is learned by speaker cross-entropy on the clean crops of many speakers, which `--preset paper` does. The
demonstration corpus has thousands of speakers and seconds of each, so here, besides:

* where the store has d-vectors, the cosine to each of the two of the same clean recording, through one linear layer,
  because their networks were trained on thousands of speakers;
* where the true pairs are given, the looks that go with a voice (v2f/data/demo/looks.py), through another;
* paper: crops of 3 to 8 s; here: 0.8 to 8 s, because the kiosk shows faces from the first second on;
* paper: no augmentation named; here: masked features and, where the store holds speech, noise, rooms, band limits,
  compression, clipping and the coding of telephones. The targets of a crop stay those of the clean recording.
"""

import math
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from v2f.audio import SAMPLE_RATE
from v2f.audio.features import FRAMES_PER_SECOND, HOP, normalise
from v2f.data.demo.looks import PreparedPairs, looks
from v2f.data.recordings import HELDOUT_SHARE, frames_of
from v2f.data.store import Store, store_hash
from v2f.errors import CorpusError
from v2f.metrics import all_pairs, equal_error_rate
from v2f.models import (
    TRAINED_ON,
    NetworkConfig,
    Runtime,
    VoiceEncoder,
    encode_people,
    save_networks,
    unit,
)
from v2f.models.dvector import DVECTOR_SIZE
from v2f.models.networks import EMBEDDING_SIZE
from v2f.models.weights import LOOKS
from v2f.training.augment import mask_features
from v2f.training.batches import uniform
from v2f.training.checkpoint import ModuleState
from v2f.training.crops import VoiceCrops
from v2f.training.seeding import seeded_generator

WEIGHTS = "encoder.safetensors"
SCALE = 8.0  # of unit embeddings before the heads, so that their logits can spread
HELD_OUT = ("common voice", "test")  # splits whose speakers are verified: the first that there is
MOST_TESTED = 2000  # recordings, for each of both measures
VERIFY_EVERY = 2000  # steps
MASKED_SHARE = 0.2  # of a crop's frames, at most
PUBLIC = ("d-vector", "CAM++")  # the public speaker encoders, in the order of a store's d-vectors


@dataclass(frozen=True)
class SpeakerConfig:
    """Settings of stage one."""

    steps: int = 40_000
    batch: int = 32
    learning_rate: float = 2e-3  # at the top of a one-cycle schedule, AdamW
    weight_decay: float = 0.02
    shortest: float = 0.8  # seconds; lengths are spread evenly over their logarithms
    longest: float = 8.0
    augment: bool = True
    cross_entropy: float = 0.1
    distillation: float = 5.0  # weight of 1 - cosine to the d-vectors
    looks_weight: float = 10.0  # of the mean squared error of looks whose variance is 1
    seed: int = 0
    networks: NetworkConfig = NetworkConfig()


PRESETS = {
    "small-data": SpeakerConfig(),
    "paper": SpeakerConfig(
        shortest=3.0, augment=False, cross_entropy=1.0, distillation=0.0, looks_weight=0.0
    ),
}


class SpeakerTask(ModuleState):
    """The encoder, a linear speaker head and, where there are such targets, linear heads for d-vectors and looks."""

    name = "speaker"

    def __init__(
        self, store: Store, config: SpeakerConfig, runtime: Runtime, pairs: PreparedPairs | None = None
    ) -> None:
        """`pairs` are those that looks are learned from; raises CorpusError for a store that does not allow for it."""
        self.store, self.config, self.runtime = store, config, runtime
        self.batch = config.batch
        self.train_rows = store.voices_in("train")
        rows = (store.voices_in(split)[:MOST_TESTED] for split in HELD_OUT)
        self.heldout_rows = next((split for split in rows if len(split)), np.zeros(0, dtype=np.int64))
        speakers, labels = np.unique(store.voices["person"][self.train_rows], return_inverse=True)
        if len(speakers) < 2:
            raise CorpusError(f"{store.folder} holds fewer than two voices to train on.")
        device = runtime.device
        self.labels = torch.tensor(labels, device=device)
        self.crops = VoiceCrops(store, self.train_rows, config.seed, device)
        self.targets = {name: of.to(device) for name, of in self._targets(pairs).items()}
        with torch.random.fork_rng():
            torch.manual_seed(config.seed)
            self.encoder = runtime.place(VoiceEncoder(config.networks))
            self.speaker_head = runtime.place(nn.Linear(EMBEDDING_SIZE, len(speakers)))
            self.parts = nn.ModuleDict({"encoder": self.encoder, "speaker_head": self.speaker_head})
            for name, of in self.targets.items():
                self.parts[name] = runtime.place(nn.Linear(EMBEDDING_SIZE, of[0].numel()))
        self.optimizer = torch.optim.AdamW(
            self.parts.parameters(), config.learning_rate, weight_decay=config.weight_decay
        )

    def _targets(self, pairs: PreparedPairs | None) -> dict[str, Tensor]:
        """What is to be predicted of each training recording besides its speaker, by the name of the head.

        "d-vector" float32 [n, 256], "CAM++" [n, 192]: of unit length, less their mean. "looks" float32 [n, 16].
        """
        dvectors, targets = self.store.dvectors, {}
        if dvectors is not None and self.config.distillation:
            both = np.split(dvectors[self.train_rows], [DVECTOR_SIZE], axis=1)
            for name, half in zip(PUBLIC, both, strict=True):
                half = half / np.linalg.norm(half, axis=1, keepdims=True)
                targets[name] = torch.from_numpy(half - half.mean(axis=0))
        if pairs is not None:
            if dvectors is None:
                raise CorpusError(f"{self.store.folder} holds no d-vectors, from which looks are predicted.")
            recordings = self.store.voices[self.train_rows]
            predicted = looks(
                dvectors[self.train_rows], recordings["person"], recordings["length"] / SAMPLE_RATE, pairs
            )
            targets["looks"] = torch.from_numpy(predicted)
        return targets

    def step(self, index: int) -> dict[str, Tensor]:
        """One step on a batch of crops; every VERIFY_EVERY steps also the equal error rate."""
        config, rng = self.config, seeded_generator(self.runtime.device, self.config.seed, index)
        voices = torch.randint(len(self.labels), (self.batch,), generator=rng, device=self.runtime.device)
        seconds = math.exp(uniform(math.log(config.shortest), math.log(config.longest), 1, rng).item())
        samples = round(seconds * FRAMES_PER_SECOND) * HOP
        inputs = self.crops.log_mels(voices, samples, index, config.augment)
        if config.augment:
            inputs = mask_features(inputs, rng, frames=int(MASKED_SHARE * inputs.shape[-1]))
        self.parts.train()
        with self.runtime.autocast():
            # Unit length, as the generator will see it: what the length carried would be lost there.
            embedding = unit(self.encoder(inputs).float()) * SCALE
            heads = {name: head(embedding).float() for name, head in self.parts.items() if name != "encoder"}
        cross_entropy = F.cross_entropy(heads["speaker_head"], self.labels[voices])
        losses, loss = {"cross-entropy": cross_entropy}, config.cross_entropy * cross_entropy
        cosines = [
            F.cosine_similarity(heads[name], self.targets[name][voices]).mean()
            for name in PUBLIC
            if name in heads
        ]
        if cosines:
            losses["distance"] = 1 - torch.stack(cosines).mean()
            loss = loss + config.distillation * losses["distance"]
        if "looks" in heads:
            losses["looks"] = F.mse_loss(heads["looks"], self.targets["looks"][voices])
            loss = loss + config.looks_weight * losses["looks"]
        for group in self.optimizer.param_groups:
            group["lr"] = config.learning_rate * one_cycle(index / config.steps)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        losses["accuracy"] = (heads["speaker_head"].argmax(dim=1) == self.labels[voices]).float().mean()
        if (index + 1) % VERIFY_EVERY == 0:
            losses["EER"] = torch.tensor(self.verification_eer(), device=self.runtime.device)
        return {name: value.detach() for name, value in losses.items()}

    def settings(self) -> dict[str, object]:
        return {**asdict(self.config), "store": store_hash(self.store.folder), "heads": sorted(self.parts)}

    def finish(self, folder: Path, step: int) -> dict[str, float]:
        """Write the encoder; held-out accuracy, and EER on people who were never trained on."""
        figures = {"held-out accuracy": self.heldout_accuracy(), "EER": self.verification_eer()}
        provenance = {
            "stage": "speaker",
            "steps": str(step),
            "store": store_hash(self.store.folder),
            **{name: f"{value:.4f}" for name, value in figures.items()},
            TRAINED_ON: encode_people(self.store.person_of(voice).name for voice in self.train_rows),
        }
        if "looks" in self.parts:
            provenance[LOOKS] = "of the true pairs in the part map, by way of their d-vectors"
        save_networks(folder / WEIGHTS, {"encoder": self.encoder}, self.config.networks, provenance)
        return figures

    def heldout_accuracy(self) -> float:
        """Share of the last fifths of up to MOST_TESTED training recordings whose speaker is recognised."""
        chosen = np.linspace(0, len(self.train_rows) - 1, min(len(self.train_rows), MOST_TESTED)).astype(int)
        right = 0
        for row in chosen:
            voice = self.train_rows[row]
            length = self.store.voices["length"][voice]
            embedding = self._embed(voice, slice(int(length * (1 - HELDOUT_SHARE)), None))
            with torch.no_grad():
                right += int(self.speaker_head(embedding * SCALE).argmax() == self.labels[row])
        return right / len(chosen)

    def verification_eer(self) -> float:
        """Equal error rate over all pairs of recordings of the people kept out, from embeddings less their mean.

        NaN where nobody has two of them, or there is one person.
        """
        people = self.store.voices["person"][self.heldout_rows]
        first, second = all_pairs(people)
        same = people[first] == people[second]
        if same.all() or not same.any():
            return float("nan")
        embeddings = torch.stack([self._embed(int(voice)) for voice in self.heldout_rows])
        embeddings = unit(embeddings - embeddings.mean(dim=0))
        return equal_error_rate((embeddings @ embeddings.T).cpu().numpy()[first, second], same)

    @torch.no_grad()
    def _embed(self, voice: int, piece: slice = slice(None)) -> Tensor:
        """The embedding [64] of a recording, or of a piece of its sound."""
        self.parts.eval()
        log_mel = normalise(frames_of(self.store, voice, piece)).to(self.runtime.device)
        return unit(self.encoder(log_mel[None]))[0]


def one_cycle(progress: float, rise: float = 0.15) -> float:
    """A factor that rises from 0.04 to 1 over the first part of training and falls to 0 by its end."""
    if progress < rise:
        return 0.04 + 0.96 * progress / rise
    return 0.5 * (1 + float(np.cos(np.pi * (progress - rise) / (1 - rise))))
