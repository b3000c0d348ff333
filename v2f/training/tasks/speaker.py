"""Stage one: the voice encoder, as the backbone of a speaker classifier (Sec. 3.1.3 takes it pretrained).

    v2f train speaker --data STORE --out RUN

The paper's is learned by speaker cross-entropy on the clean crops of many speakers, which `--preset paper` does
(v2f/training/presets.py). By `--preset small-data`:

* paper: crops of 3 to 8 s, all lengths alike; here: 0.8 to 8 s, short ones more often, because the kiosk shows faces
  from the first second on;
* paper: no augmentation named; here: masked features, noise, rooms, band limits, compression, clipping and the coding
  of telephones.
"""

from dataclasses import asdict
from math import inf
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from v2f.audio.features import FRAMES_PER_SECOND, HOP, normalise
from v2f.data.recordings import frames_of, held_out_digest, in_turn, trained_shares
from v2f.data.store import Store, store_hash
from v2f.errors import CorpusError
from v2f.metrics import all_pairs, equal_error_rate
from v2f.models import (
    TRAINED_ON,
    Runtime,
    VoiceEncoder,
    encode_people,
    save_networks,
    unit,
)
from v2f.models.networks import EMBEDDING_SIZE
from v2f.models.weights import HELD_OUT
from v2f.training.augment import mask_features
from v2f.training.checkpoint import ModuleState
from v2f.training.crops import VoiceCrops
from v2f.training.distributed import ALONE, Processes
from v2f.training.memory import Ahead
from v2f.training.presets import SpeakerConfig
from v2f.training.seeding import seeded_generator, seeded_initial_values, seeded_number
from v2f.training.settings import SETTINGS, recorded

WEIGHTS = "encoder.safetensors"
SCALE = 8.0  # of unit embeddings before the speaker head, so that its logits can spread
MOST_TESTED = 2000  # recordings, for each of both measures
EER = "validation EER"
VERIFY_EVERY = 2000  # steps
MASKED_SHARE = 0.2  # of a crop's frames, at most


class SpeakerTask(ModuleState):
    """The encoder and a linear speaker head."""

    name = "speaker"

    def __init__(
        self,
        store: Store,
        config: SpeakerConfig,
        runtime: Runtime,
        processes: Processes = ALONE,
        limit: float = inf,
    ) -> None:
        """Speech of more than `limit` bytes stays on the disk; raises CorpusError where two voices are not there."""
        self.store, self.config, self.runtime = store, config, runtime
        self.processes, self.batch, self.part = processes, config.batch, processes.rows(config.batch)
        self.shares, self.held_out = trained_shares(store), held_out_digest(store)
        self.train_rows = store.voices_in("train")
        self.heldout_rows = self.train_rows[self.shares[self.train_rows] < 1]
        self.train_rows = self.train_rows[self.shares[self.train_rows] > 0]
        validation = store.voices_in("validation")
        self.validation_rows = in_turn(validation, store.voices["person"][validation], MOST_TESTED)
        self.unmeasured = self._unmeasured()
        self.speakers, labels = np.unique(store.voices["person"][self.train_rows], return_inverse=True)
        if len(self.speakers) < 2:
            raise CorpusError(f"{store.folder} holds fewer than two voices to train on.")
        device = runtime.device
        self.labels = torch.tensor(labels, device=device)
        self.crops = VoiceCrops(store, self.train_rows, config.seed, device, self.shares, limit, self.part)
        resident = self.crops.crops.resident
        self.ahead = None if resident else Ahead(self._crops_of, device, config.steps)
        with seeded_initial_values(config.seed):
            self.encoder = processes.share_statistics(runtime.place(VoiceEncoder(config.networks)))
            self.speaker_head = runtime.place(nn.Linear(EMBEDDING_SIZE, len(self.speakers)))
            self.parts = nn.ModuleDict({"encoder": self.encoder, "speaker_head": self.speaker_head})
        self.optimizer = torch.optim.AdamW(
            self.parts.parameters(), config.learning_rate, weight_decay=config.weight_decay
        )
        self.modules, self.optimizers = {"parts": self.parts}, {"adam": self.optimizer}

    def _unmeasured(self) -> str:
        """A sentence where no two validation recordings are of one person, or no two of different people."""
        people, recordings = np.unique(self.store.voices["person"][self.validation_rows], return_counts=True)
        if len(people) > 1 and recordings.max() > 1:
            return ""
        return (
            f"{self.store.folder} has no two validation people, one of them with two recordings, "
            "so no equal error rate is measured."
        )

    def step(self, index: int) -> dict[str, Tensor]:
        """One step on a batch of crops; every VERIFY_EVERY steps also validation people's equal error rate."""
        config, rng = self.config, seeded_generator(self.runtime.device, self.config.seed, index)
        voices, samples = self._draw(index, rng)
        read = self.ahead(index) if self.ahead else None
        inputs = self.crops.log_mels(voices, samples, index, config.crops.augment, read)
        if config.crops.augment:
            most = int(MASKED_SHARE * inputs.shape[-1])
            inputs = mask_features(inputs, rng, frames=most, part=self.part, batch=self.batch)
        voices = voices[self.part]
        self.parts.train()
        with self.runtime.autocast():
            # Unit length, as the generator will see it: what the length carried would be lost there.
            embedding = unit(self.encoder(inputs).float()) * SCALE
            named = self.speaker_head(embedding).float()
        loss = F.cross_entropy(named, self.labels[voices])
        for group in self.optimizer.param_groups:
            group["lr"] = config.learning_rate * one_cycle(index / config.steps)
        self.optimizer.zero_grad()
        loss.backward()
        self.processes.average_gradients(self.parts.parameters())
        self.optimizer.step()
        accuracy = (named.argmax(dim=1) == self.labels[voices]).float().mean()
        losses = {"cross-entropy": loss.detach(), "accuracy": accuracy}
        if not self.unmeasured and (index + 1) % VERIFY_EVERY == 0:
            losses[EER] = torch.tensor(self.verification_eer(), device=self.runtime.device)
        return losses

    def _draw(self, index: int, rng: torch.Generator) -> tuple[Tensor, int]:
        """The voices of a batch, all processes' [batch], and how many samples of each are heard."""
        voices = torch.randint(len(self.labels), (self.batch,), generator=rng, device=self.runtime.device)
        seconds = self.config.crops.seconds(seeded_number(self.config.seed, index))
        return voices, round(seconds * FRAMES_PER_SECOND) * HOP

    def _crops_of(self, index: int) -> Tensor:
        """This process's crops of a step, as they are stored."""
        voices, samples = self._draw(index, seeded_generator(self.runtime.device, self.config.seed, index))
        return self.crops.read(voices, samples, index)

    def settings(self) -> dict[str, object]:
        settings = {**asdict(self.config), "store": store_hash(self.store.folder)}
        return settings | ({"held out": self.held_out} if self.held_out else {})

    def finish(self, folder: Path, step: int) -> dict[str, float]:
        """Write the encoder; held-out accuracy, and where it can be measured validation people's equal error rate."""
        figures = {"held-out accuracy": self.heldout_accuracy()}
        if not self.unmeasured:
            figures[EER] = self.verification_eer()
        provenance = {
            "stage": "speaker",
            SETTINGS: recorded("speaker", self.config),
            "steps": str(step),
            "store": store_hash(self.store.folder),
            **{name: f"{value:.4f}" for name, value in figures.items()},
            **({HELD_OUT: self.held_out} if self.held_out else {}),
            TRAINED_ON: encode_people(self.store.person_of(voice).name for voice in self.train_rows),
        }
        save_networks(folder / WEIGHTS, {"encoder": self.encoder}, self.config.networks, provenance)
        return figures

    def heldout_accuracy(self) -> float:
        """Share of recordings of training speakers, or of their ends, that name their speaker; MOST_TESTED at most.

        They are those that `trained_shares` keeps out.
        """
        rows = self.heldout_rows
        chosen = rows[np.linspace(0, len(rows) - 1, min(len(rows), MOST_TESTED)).astype(int)]
        right = 0
        for voice in chosen:
            recording = self.store.voices[voice]
            embedding = self._embed(voice, slice(int(recording["length"] * self.shares[voice]), None))
            with torch.no_grad():
                named = int(self.speaker_head(embedding * SCALE).argmax())
            right += int(self.speakers[named] == recording["person"])
        return right / len(chosen)

    def verification_eer(self) -> float:
        """Equal error rate over all pairs of validation people's recordings, from embeddings less their mean."""
        people = self.store.voices["person"][self.validation_rows]
        first, second = all_pairs(people)
        same = people[first] == people[second]
        embeddings = torch.stack([self._embed(int(voice)) for voice in self.validation_rows])
        embeddings = unit(embeddings - embeddings.mean(dim=0))
        return equal_error_rate((embeddings @ embeddings.T).cpu().numpy()[first, second], same)

    @torch.no_grad()
    def _embed(self, voice: int, piece: slice = slice(None)) -> Tensor:
        """The embedding [64] of a recording, or of a piece of its samples."""
        self.parts.eval()
        log_mel = normalise(frames_of(self.store, voice, piece)).to(self.runtime.device)
        return unit(self.encoder(log_mel[None]))[0]


def one_cycle(progress: float, rise: float = 0.15) -> float:
    """A factor that rises from 0.04 to 1 over the first part of training and falls to 0 by its end."""
    if progress < rise:
        return 0.04 + 0.96 * progress / rise
    return 0.5 * (1 + float(np.cos(np.pi * (progress - rise) / (1 - rise))))
