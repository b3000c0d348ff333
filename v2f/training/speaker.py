"""Stage one: the voice encoder, as the backbone of a speaker classifier (Sec. 3.1.3 takes it pretrained).

    python train.py speaker --data STORE --out RUN

Departures from the authors' plain cross-entropy on VoxCeleb1, because the demonstration corpus has few speakers:

* paper: speaker cross-entropy; here: also, where the store has it, the cosine to a public speaker embedding (the
  d-vector) of the same clean recording, through one linear layer, because it has heard thousands of speakers.
* paper: crops of 3 to 8 s; here: 1 to 4 s, because the kiosk shows faces from the first second on.
* paper: no augmentation named; here: masked features and, where the store holds speech, noise, rooms, band limits
  and gain.
"""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from v2f.audio import FRAMES_PER_SECOND, SAMPLE_RATE, normalise
from v2f.data.batches import uniform
from v2f.data.store import Store, store_hash
from v2f.errors import CorpusError
from v2f.models import (
    TRAINED_ON,
    NetworkConfig,
    Runtime,
    VoiceEncoder,
    save_networks,
    told_people,
    unit,
)
from v2f.models.networks import EMBEDDING_SIZE
from v2f.training.augment import mask_features
from v2f.training.crops import HELDOUT_SHARE, VoiceCrops, sound_of
from v2f.training.loop import LearnedParts, generator

WEIGHTS = "encoder.safetensors"
SCALE = 8.0  # of unit embeddings before the heads, so that their logits can spread
TEST_SECONDS = 3.0  # length of the pieces that verification is measured on
MOST_TESTED = 2000  # recordings, for each of both measures


@dataclass(frozen=True)
class SpeakerConfig:
    """Settings of stage one."""

    steps: int = 2800
    batch: int = 32
    learning_rate: float = 2e-3  # at the top of a one-cycle schedule, AdamW
    weight_decay: float = 0.02
    shortest: float = 1.0  # seconds
    longest: float = 4.0
    distillation: float = 5.0  # weight of 1 - cosine to the d-vector
    cross_entropy: float = 0.3
    seed: int = 0
    networks: NetworkConfig = NetworkConfig()


class SpeakerTask(LearnedParts):
    """The encoder, a linear speaker head and, where the store has d-vectors, a linear d-vector head."""

    name = "speaker"

    def __init__(self, store: Store, config: SpeakerConfig, runtime: Runtime) -> None:
        self.store, self.config, self.runtime = store, config, runtime
        self.batch = config.batch
        self.train_rows = store.voices_in("train")
        speakers, labels = np.unique(store.voices[self.train_rows, 2], return_inverse=True)
        if len(speakers) < 2:
            raise CorpusError(f"{store.folder} holds fewer than two voices to train on.")
        device = runtime.device
        self.labels = torch.tensor(labels, device=device)
        self.crops = VoiceCrops(store, self.train_rows, config.seed, device)
        with torch.random.fork_rng():
            torch.manual_seed(config.seed)
            self.encoder = runtime.place(VoiceEncoder(config.networks))
            self.speaker_head = runtime.place(nn.Linear(EMBEDDING_SIZE, len(speakers)))
            self.parts = nn.ModuleDict({"encoder": self.encoder, "speaker_head": self.speaker_head})
            if store.dvectors is not None:
                targets = store.dvectors[self.train_rows]
                self.targets = torch.from_numpy(targets - targets.mean(axis=0)).to(device)
                self.parts["dvector_head"] = runtime.place(nn.Linear(EMBEDDING_SIZE, targets.shape[1]))
        self.optimizer = torch.optim.AdamW(
            self.parts.parameters(), config.learning_rate, weight_decay=config.weight_decay
        )

    def step(self, index: int) -> dict[str, Tensor]:
        """One step on a batch of augmented crops."""
        rng = generator(self.runtime.device, self.config.seed, index)
        voices = torch.randint(len(self.labels), (self.batch,), generator=rng, device=self.runtime.device)
        seconds = uniform(self.config.shortest, self.config.longest, 1, rng).item()
        inputs = mask_features(self.crops.log_mels(voices, int(seconds * SAMPLE_RATE), index), rng)
        self.parts.train()
        with self.runtime.autocast():
            # Unit length, as the generator will see it: what the length carried would be lost there.
            embedding = unit(self.encoder(inputs).float()) * SCALE
            heads = {name: head(embedding).float() for name, head in self.parts.items() if name != "encoder"}
        cross_entropy = F.cross_entropy(heads["speaker_head"], self.labels[voices])
        told, loss = {"cross-entropy": cross_entropy.detach()}, self.config.cross_entropy * cross_entropy
        if "dvector_head" in heads:
            distance = (1 - F.cosine_similarity(heads["dvector_head"], self.targets[voices])).mean()
            told["distance"], loss = distance.detach(), loss + self.config.distillation * distance
        for group in self.optimizer.param_groups:
            group["lr"] = self.config.learning_rate * one_cycle(index / self.config.steps)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        told["accuracy"] = (heads["speaker_head"].argmax(dim=1) == self.labels[voices]).float().mean()
        return told

    def settings(self) -> dict[str, object]:
        return {**asdict(self.config), "store": store_hash(self.store.folder)}

    def finish(self, folder: Path, step: int) -> dict[str, float]:
        """Write the encoder; held-out accuracy, and EER on people who were never trained on."""
        figures = {"held-out accuracy": self.heldout_accuracy(), "EER": self.verification_eer()}
        provenance = {
            "stage": "speaker",
            "steps": str(step),
            "store": store_hash(self.store.folder),
            **{name: f"{value:.4f}" for name, value in figures.items()},
            TRAINED_ON: told_people(self.store.person_of(voice).name for voice in self.train_rows),
        }
        save_networks(folder / WEIGHTS, {"encoder": self.encoder}, self.config.networks, provenance)
        return figures

    def heldout_accuracy(self) -> float:
        """Share of the last fifths of up to MOST_TESTED training recordings whose speaker is found."""
        chosen = np.linspace(0, len(self.train_rows) - 1, min(len(self.train_rows), MOST_TESTED)).astype(int)
        right = 0
        for row in chosen:
            voice = self.train_rows[row]
            length = self.store.voices[voice, 1]
            embedding = self._embed(voice, slice(int(length * (1 - HELDOUT_SHARE)), None))
            with torch.no_grad():
                right += int(self.speaker_head(embedding * SCALE).argmax() == self.labels[row])
        return right / len(chosen)

    def verification_eer(self) -> float:
        """Equal error rate over all pairs of 3 s pieces of MOST_TESTED recordings of the people kept for testing.

        NaN when there are not two of them.
        """
        embeddings, speakers = [], []
        size = int(TEST_SECONDS * (SAMPLE_RATE if self.store.holds_speech else FRAMES_PER_SECOND))
        for voice in self.store.voices_in("test")[:MOST_TESTED]:
            _, length, person = self.store.voices[voice]
            for start in range(0, length - size + 1, size):
                embeddings.append(self._embed(voice, slice(start, start + size)))
                speakers.append(person)
        if len(set(speakers)) < 2:
            return float("nan")
        stacked = torch.stack(embeddings)
        first, second = torch.triu_indices(len(speakers), len(speakers), 1)
        scores = (stacked @ stacked.T)[first, second].cpu().numpy()
        people = np.array(speakers)
        return equal_error_rate(scores, people[first.numpy()] == people[second.numpy()])

    @torch.no_grad()
    def _embed(self, voice: int, piece: slice) -> Tensor:
        """The embedding [64] of a piece of a recording's sound."""
        self.parts.eval()
        heard = normalise(sound_of(self.store, voice, piece)).to(self.runtime.device)
        return unit(self.encoder(heard[None]))[0]


def one_cycle(progress: float, rise: float = 0.15) -> float:
    """A factor that rises from 0.04 to 1 over the first part of training and falls to 0 by its end."""
    if progress < rise:
        return 0.04 + 0.96 * progress / rise
    return 0.5 * (1 + float(np.cos(np.pi * (progress - rise) / (1 - rise))))


def equal_error_rate(scores: np.ndarray, same: np.ndarray) -> float:
    """The rate at which wrong acceptances equal wrong rejections; scores [n], same bool [n] -> [0, 1]."""
    order = np.argsort(-scores, kind="stable")
    accepted_same = np.cumsum(same[order]) / max(1, same.sum())
    accepted_other = np.cumsum(~same[order]) / max(1, (~same).sum())
    nearest = int(np.argmin(np.abs((1 - accepted_same) - accepted_other)))
    return float((1 - accepted_same[nearest] + accepted_other[nearest]) / 2)
