"""The other rows of the paper's Table 3: networks that match voices to faces without making a face.

    v2f train matcher --data STORE --out RUN --kind dimnet-i | dimnet-g | svhf

* DIMNet (Wen et al. 2019): the embeddings of voices and of faces go through one shared linear classifier, of the
  identity (-I) or of the gender (-G), and the loss is the sum of both cross-entropies. Voices and faces are sampled
  apart, nothing is paired. A voice matches the face whose embedding has the larger cosine to its own.
* SVHF (Nagrani et al. 2018): a voice and two faces, one of them the speaker's; their embeddings, one behind the
  other, go through fully connected layers to two logits. Both faces pass the same trunk. Each comes first in half
  of a batch, and when it is used both orders are tried and averaged.

Departures, the same for all three, so that the rows compare methods and not networks:

* The originals: larger networks for both sides, SVHF's pretrained; here: the paper's voice encoder and face trunk
  with their 64 components each, learned from the start.
* The originals: their own features and optimisers; here: the paper's log-mel, 3 to 8 s a crop, and Adam.
* Where the settings say so, also noise, rooms and band limits, for corpora of few voices.

The label is the store's identity: in a demonstration corpus several people share one.
"""

from dataclasses import asdict, dataclass, replace
from math import inf
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from v2f.audio import SAMPLE_RATE
from v2f.audio.features import normalise
from v2f.data.recordings import frames_of, held_out_digest, trained_shares
from v2f.data.store import Store, store_hash
from v2f.errors import CorpusError
from v2f.models import (
    TRAINED_ON,
    Classifier,
    FaceTrunk,
    NetworkConfig,
    Runtime,
    VoiceEncoder,
    encode_people,
    save_networks,
)
from v2f.models.classifiers import Kind, Matcher
from v2f.models.networks import Chooser
from v2f.training.batches import Faces, image_size, uniform
from v2f.training.checkpoint import ModuleState
from v2f.training.crops import VoiceCrops
from v2f.training.presets import CropConfig
from v2f.training.seeding import seeded_generator, seeded_initial_values, seeded_number
from v2f.training.settings import SETTINGS, recorded

WEIGHTS = "matcher.safetensors"
MOST_TESTED = 500  # recordings of held-out people, for the quick accuracy
TRIALS = 4  # for each of them


@dataclass(frozen=True)
class MatcherConfig:
    """Settings of a matcher."""

    kind: Kind = "dimnet-i"
    steps: int = 20_000
    batch: int = 64
    learning_rate: float = 2e-4  # Adam
    crops: CropConfig = CropConfig()
    seed: int = 0
    networks: NetworkConfig = NetworkConfig()  # their image size becomes the store's


class MatcherTask(ModuleState):
    """Voice encoder, face trunk, and either DIMNet's shared classifier or SVHF's chooser."""

    name = "matcher"

    def __init__(self, store: Store, config: MatcherConfig, runtime: Runtime, limit: float = inf) -> None:
        """Recordings, and faces, of more than `limit` bytes stay on the disk."""
        size = image_size(store.faces, str(store.folder))
        config = replace(config, networks=replace(config.networks, image_size=size))
        self.store, self.config, self.runtime = store, config, runtime
        self.batch = config.batch
        device = runtime.device
        self.voice_rows, voice_labels, self.face_rows, face_labels = _labelled(store, config.kind)
        self.voice_labels = torch.from_numpy(voice_labels).to(device)
        self.face_labels = torch.from_numpy(face_labels).to(device)
        self.classes = 1 + int(face_labels.max())
        self.faces = Faces(store.faces, device, limit)
        self.rows = torch.from_numpy(self.face_rows).to(device)
        self.by_label = self.face_labels.argsort(stable=True)  # places in face_rows, label by label
        self.count = self.face_labels.bincount(minlength=self.classes)
        self.unmeasured = (
            ""
            if len(validation_people(store)) > 1
            else f"{store.folder} has no two validation people with voices and faces, so no accuracy is measured."
        )
        self.crops = VoiceCrops(store, self.voice_rows, config.seed, device, limit=limit)
        with seeded_initial_values(config.seed):
            self.encoder = runtime.place(VoiceEncoder(config.networks))
            self.trunk = runtime.place(FaceTrunk(config.networks))
            self.head: Chooser | Classifier = runtime.place(
                Chooser(config.networks)
                if config.kind == "svhf"
                else Classifier(self.classes, config.networks)
            )
        self.parts = nn.ModuleDict({"encoder": self.encoder, "trunk": self.trunk, "head": self.head})
        self.optimizer = torch.optim.Adam(self.parts.parameters(), config.learning_rate, fused=True)
        self.modules, self.optimizers = {"parts": self.parts}, {"adam": self.optimizer}

    def step(self, index: int) -> dict[str, Tensor]:
        """One step on a batch of voices, all crops of one length, and of faces."""
        rng = seeded_generator(self.runtime.device, self.config.seed, index)
        voices = torch.randint(len(self.voice_rows), (self.batch,), generator=rng, device=self.runtime.device)
        samples = int(self.config.crops.seconds(seeded_number(self.config.seed, index)) * SAMPLE_RATE)
        log_mels = self.crops.log_mels(voices, samples, index, self.config.crops.augment)
        self.parts.train()
        learn = self._choice if self.config.kind == "svhf" else self._classification
        loss, losses = learn(log_mels, self.voice_labels[voices], rng)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return losses

    def _classification(
        self, log_mels: Tensor, labels: Tensor, rng: torch.Generator
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """DIMNet's loss: of voices, and of faces sampled without regard to them, by the same classifier."""
        seen = torch.randint(len(self.rows), (self.batch,), generator=rng, device=self.runtime.device)
        faces = self.faces(self.rows[seen], rng)
        with self.runtime.autocast():
            embeddings = torch.cat([self.encoder(log_mels), self.trunk(faces)])
            voice_logits, face_logits = self.head(embeddings).float().chunk(2)  # [batch, classes] each
        of_voices = F.cross_entropy(voice_logits, labels)
        of_faces = F.cross_entropy(face_logits, self.face_labels[seen])
        return of_voices + of_faces, {
            "voices": of_voices.detach(),
            "faces": of_faces.detach(),
            "named voices": (voice_logits.argmax(dim=1) == labels).float().mean(),
            "named faces": (face_logits.argmax(dim=1) == self.face_labels[seen]).float().mean(),
        }

    def _choice(
        self, log_mels: Tensor, labels: Tensor, rng: torch.Generator
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """SVHF's loss: which of two faces, of two identities, is of the voice's?"""
        device = self.runtime.device
        step = torch.randint(1, self.classes, (self.batch,), generator=rng, device=device)
        second = torch.arange(self.batch, device=device) % 2  # 1 where the true face stands second
        true, imposter = labels, (labels + step) % self.classes
        first_label = torch.where(second == 0, true, imposter)
        second_label = torch.where(second == 0, imposter, true)
        faces = self.faces(self._faces_with(torch.cat([first_label, second_label]), rng), rng)
        with self.runtime.autocast():
            face_a, face_b = self.trunk(faces).chunk(2)
            logits = self.head(self.encoder(log_mels), face_a, face_b).float()
        loss = F.cross_entropy(logits, second)
        accuracy = (logits.argmax(dim=1) == second).float().mean()
        return loss, {"cross-entropy": loss.detach(), "accuracy": accuracy}

    def _faces_with(self, labels: Tensor, rng: torch.Generator) -> Tensor:
        """A random face of each label [n], as a row of the store [n]."""
        first = self.count.cumsum(0) - self.count
        place = (uniform(0, 1, len(labels), rng) * self.count[labels]).long()
        return self.rows[self.by_label[first[labels] + place]]

    def settings(self) -> dict[str, object]:
        settings = {**asdict(self.config), "store": store_hash(self.store.folder)}
        if held_out := held_out_digest(self.store):
            settings["held out"] = held_out
        del settings["steps"]  # no step depends on how many follow: a run may be resumed to go on for longer
        return settings

    def finish(self, folder: Path, step: int) -> dict[str, float]:
        """Write the matcher; where there are validation people, its accuracy on them."""
        matcher = self.matcher()
        figures = {}
        if not self.unmeasured:
            figures["validation 1:2 accuracy"] = validation_accuracy(matcher, self.store, self.config.seed)
        used = np.union1d(
            self.store.voices["person"][self.voice_rows], self.store.face_person[self.face_rows]
        )
        provenance = {
            "stage": "matcher",
            SETTINGS: recorded("matcher", self.config),
            "kind": self.config.kind,
            "steps": str(step),
            "store": store_hash(self.store.folder),
            **{name: f"{value:.4f}" for name, value in figures.items()},
            TRAINED_ON: encode_people(self.store.people[person].name for person in used),
        }
        networks: dict[str, nn.Module] = {"encoder": self.encoder, "trunk": self.trunk}
        if matcher.chooser is not None:
            networks["chooser"] = matcher.chooser
        save_networks(folder / WEIGHTS, networks, self.config.networks, provenance)
        return figures

    def matcher(self) -> Matcher:
        """What has been learned so far, ready for inference; the next step goes on with it."""
        self.parts.eval()
        chooser = self.head if isinstance(self.head, Chooser) else None
        return Matcher(self.config.kind, self.encoder, self.trunk, chooser, self.runtime)


def validation_accuracy(matcher: Matcher, store: Store, seed: int) -> float:
    """1:2 accuracy on those people of the validation split, two or more, of whom there are voices and faces.

    Up to MOST_TESTED recordings, the first 8 s of each, against TRIALS faces of the speaker and as many of others,
    sampled with the seed. Ties count one half.
    """
    voices, faces = store.voices_in("validation"), store.faces_in("validation")
    people = validation_people(store)
    rng = np.random.default_rng(seed)
    voices = rng.permutation(voices[np.isin(store.voices["person"][voices], people)])[:MOST_TESTED]
    faces = faces[np.isin(store.face_person[faces], people)]
    device, seen = matcher.runtime.device, Faces(store.faces, torch.device("cpu"), limit=-1)
    most = int(CropConfig.longest * SAMPLE_RATE)
    wins = []
    for voice in voices:
        own = store.face_person[faces] == store.voices["person"][voice]
        rows = np.concatenate([rng.choice(faces[own], TRIALS), rng.choice(faces[~own], TRIALS)])
        log_mel = normalise(frames_of(store, voice, slice(most))).to(device)
        embedding = matcher.embed_voices(log_mel[None]).expand(TRIALS, -1)
        true, imposter = matcher.embed_faces(seen.pixels(torch.from_numpy(rows)).to(device)).chunk(2)
        chosen = matcher.choose(embedding, true, imposter)
        wins.append((chosen > 0.5).float() + 0.5 * (chosen == 0.5))
    return torch.cat(wins).mean().item()


def validation_people(store: Store) -> np.ndarray:
    """People of the validation split of whom there are voices and faces, int64 [n]."""
    voices, faces = store.voices_in("validation"), store.faces_in("validation")
    return np.intersect1d(store.voices["person"][voices], store.face_person[faces])


def _labelled(store: Store, kind: Kind) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Which recordings to train on and their labels, which faces and theirs, int64 each; labels run from 0.

    All are of people with an identity and, for DIMNet-G, of known gender. Raises CorpusError when fewer than two
    labels have both voices and faces.
    """
    of_people = np.array([person.identity for person in store.people], dtype=np.int64)
    if kind == "dimnet-g":
        of_people = np.where(of_people >= 0, store.genders, -1)
    of_voices, of_faces = of_people[store.voices["person"]], of_people[store.face_person]
    labels = np.setdiff1d(np.intersect1d(of_voices, of_faces), [-1])
    if len(labels) < 2:
        needed = "of women and of men" if kind == "dimnet-g" else "of at least two identities"
        raise CorpusError(f"{store.folder} cannot train {kind}: it needs voices and faces {needed}.")
    voices, faces = (np.flatnonzero(np.isin(of, labels)) for of in (of_voices, of_faces))
    voices = voices[trained_shares(store)[voices] > 0]
    return (
        voices,
        np.searchsorted(labels, of_voices[voices]),
        faces,
        np.searchsorted(labels, of_faces[faces]),
    )
