"""Stage two: Algorithm 1. Generator, discriminator and classifier learn, the voice encoder is frozen.

    python train.py gan --data PACK --encoder ENCODER --out RUN [--preset paper | small-data]

The `paper` preset is Sec. 4's. The `small-data` preset departs from it, because a few thousand faces of few
pictures an identity would be memorised by the discriminator and because fewer faces are seen in all:

* paper: no augmentation of faces but (in the released settings) flips; here: also differentiable colour, shift
  and cutout, the same kind on real and generated faces.
* paper: the generator itself; here: an exponential average of its weights is kept and used.
* paper: real label 1; here: 0.9.
* paper: adversarial and identity loss alone; here: at the start also the distance to a picture of the identity,
  falling to nothing, which gives the generator the layout of a face before the discriminator judges it.
* paper: batch 128; here: 32, because more and smaller steps go further with the same number of faces.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from v2f.data.batches import Faces, uniform
from v2f.models import (
    TRAINED_ON,
    Classifier,
    Discriminator,
    FaceTrunk,
    Generator,
    NetworkConfig,
    Runtime,
    VoiceEncoder,
    save_networks,
    told_people,
    unit,
)
from v2f.models.learning import learn_on_cpu
from v2f.training.augment import augment_faces
from v2f.training.loop import (
    Graphed,
    freeze,
    load_optimizer_state,
    mixed,
    optimizer_state,
    prefixed,
    without_prefix,
)
from v2f.training.pack import Pack
from v2f.training.processes import ALONE, Processes

WEIGHTS = "v2f.safetensors"
SHOWN = 8  # faces in a row of the sample grid


@dataclass(frozen=True)
class AdversarialConfig:
    """Settings of stage two; the defaults are the paper's."""

    steps: int = 100_000  # Sec. 4: "completed at 100K iterations"
    batch: int = 128  # Sec. 4
    learning_rate: float = 2e-4  # Sec. 4, Adam
    betas: tuple[float, float] = (0.5, 0.999)  # Sec. 4
    embedding_noise: float = 0.05  # a component, in the released settings
    augment: bool = False  # faces, on both sides of the discriminator
    average: float = 0.0  # decay of the averaged generator weights; 0 keeps none
    real_label: float = 1.0
    picture_weight: float = 0.0  # of the distance to a picture of the identity, at the start
    picture_steps: int = 1  # over which that weight falls to nothing
    seed: int = 0
    networks: NetworkConfig = NetworkConfig()


PRESETS = {
    "paper": AdversarialConfig(),
    "small-data": AdversarialConfig(
        steps=32_000,
        batch=32,
        augment=True,
        average=0.998,
        real_label=0.9,
        picture_weight=4.0,
        picture_steps=2_000,
    ),
}


class AdversarialTask:
    """Algorithm 1 on a training pack."""

    name = "gan"

    def __init__(
        self,
        pack: Pack,
        encoder: VoiceEncoder,
        config: AdversarialConfig,
        runtime: Runtime,
        processes: Processes = ALONE,
    ) -> None:
        self.pack, self.encoder, self.config, self.runtime = pack, encoder, config, runtime
        self.processes, self.batch, self.mine = processes, config.batch, processes.rows(config.batch)
        device = runtime.device
        self.faces = Faces(pack.faces, device)
        self.face_identity = torch.from_numpy(pack.face_identity.astype(np.int64)).to(device)
        self.embeddings = torch.from_numpy(pack.embeddings).to(device)  # float16 [voices, crops, 64]
        self.voice_identity = torch.from_numpy(pack.voice_identity.astype(np.int64)).to(device)
        self.faces_of = _faces_of_identities(pack, device)
        with torch.random.fork_rng():
            torch.manual_seed(config.seed)
            self.generator = runtime.place(Generator(config.networks))
            self.trunk = runtime.place(FaceTrunk(config.networks))
            self.discriminator = runtime.place(Discriminator(config.networks))
            self.classifier = runtime.place(Classifier(pack.identities, config.networks))
        if device.type == "cpu":
            learn_on_cpu(self.generator)
            learn_on_cpu(self.trunk)
        self.averaged = runtime.place(Generator(config.networks)) if config.average else self.generator
        self.averaged.load_state_dict(self.generator.state_dict())
        judges = [*self.trunk.parameters(), *self.discriminator.parameters(), *self.classifier.parameters()]
        on_gpu = device.type == "cuda"
        self.generator_adam, self.judge_adam = (
            torch.optim.Adam(learning, config.learning_rate, config.betas, fused=True, capturable=on_gpu)
            for learning in (list(self.generator.parameters()), judges)
        )
        self.picture_weight = torch.zeros((), device=device)
        self.graphed = Graphed(self._iteration, device, graph=on_gpu and processes.count == 1)

    def step(self, index: int) -> dict[str, Tensor]:
        """One iteration, and what changes with its number around it."""
        config = self.config
        weight = config.picture_weight * max(0.0, 1 - index / config.picture_steps)
        self.picture_weight.fill_(weight)
        losses = self.graphed(mixed(config.seed, index), weight > 0)
        self._average(index)
        return losses

    def _iteration(self, rng: torch.Generator, with_picture: bool) -> dict[str, Tensor]:
        """One iteration of Algorithm 1; its line numbers stand in the comments."""
        config = self.config
        voices = self._draw(len(self.embeddings), rng)  # line 2: n voice recordings
        real = self._draw(len(self.faces), rng)  # line 3: m face images
        embedding = self._embedding(voices, rng)[self.mine]
        faces = self.faces(real, rng)[self.mine]
        speaker, person = self.voice_identity[voices[self.mine]], self.face_identity[real[self.mine]]
        with self.runtime.autocast():
            generated = self.generator(embedding)

        # Lines 4 and 5: the trunk is run once over real and generated faces; only real ones have an identity.
        freeze(self.trunk, self.discriminator, self.classifier, frozen=False)
        # Detached: this update must not reach the generator.
        both = torch.cat([self._augment(faces, rng), self._augment(generated.detach().float(), rng)])
        with self.runtime.autocast():
            features = self.trunk(both)
            judged, named = self.discriminator(features), self.classifier(features[: len(faces)])
        judged = judged.float().squeeze(1)
        labels = torch.full_like(judged, config.real_label)
        labels[len(faces) :] = 0.0
        # -log F_d(f) - log(1 - F_d(f^)), on logits
        real_or_fake = 2 * F.binary_cross_entropy_with_logits(judged, labels)
        identity = F.cross_entropy(named.float(), person)
        self._update(self.judge_adam, real_or_fake + identity)

        # Line 6: the generator, judged by the discriminator and classifier just updated.
        freeze(self.trunk, self.discriminator, self.classifier)
        with self.runtime.autocast():
            features = self.trunk(self._augment(generated.float(), rng))
            judged_fake, named_fake = self.discriminator(features), self.classifier(features)
        fooling = F.softplus(-judged_fake.float()).mean()  # -log F_d(f^)
        likeness = F.cross_entropy(named_fake.float(), speaker)
        loss = fooling + likeness
        if with_picture:
            loss = loss + self.picture_weight * self._distance_to_picture(generated.float(), voices, rng)
        self._update(self.generator_adam, loss)
        real_score, fake_score = judged.sigmoid().split(len(faces))
        return {
            "discriminator": real_or_fake.detach(),
            "classifier": identity.detach(),
            "fooling": fooling.detach(),
            "likeness": likeness.detach(),
            "score of real": real_score.mean().detach(),
            "score of generated": fake_score.mean().detach(),
            "named real": (named.argmax(1) == person).float().mean(),
            "named generated": (named_fake.argmax(1) == speaker).float().mean(),
        }

    def _update(self, adam: torch.optim.Adam, loss: Tensor) -> None:
        adam.zero_grad()
        loss.backward()
        self.processes.average_gradients(adam.param_groups[0]["params"])
        adam.step()

    def _draw(self, count: int, rng: torch.Generator) -> Tensor:
        return torch.randint(count, (self.batch,), generator=rng, device=self.runtime.device)

    def _embedding(self, voices: Tensor, rng: torch.Generator) -> Tensor:
        """A random crop's embedding of each voice, with noise, of unit length [batch, 64]."""
        crops = self._draw(self.embeddings.shape[1], rng)
        embedding = unit(self.embeddings[voices, crops].float())
        noise = torch.randn(embedding.shape, generator=rng, device=embedding.device)
        return unit(embedding + self.config.embedding_noise * noise)

    def _augment(self, faces: Tensor, rng: torch.Generator) -> Tensor:
        if not self.config.augment:
            return faces
        if len(faces) == self.batch:
            return augment_faces(faces, rng)
        # Among empty places for the others' faces, so that each face meets the draws it would in one process.
        around = (self.mine.start, self.batch - self.mine.stop)
        return augment_faces(F.pad(faces, (0, 0, 0, 0, 0, 0, *around)), rng)[self.mine]

    def _distance_to_picture(self, generated: Tensor, voices: Tensor, rng: torch.Generator) -> Tensor:
        """Mean absolute distance of this process's faces to a random picture of each voice's identity."""
        of = self.faces_of[self.voice_identity[voices]]
        place = (uniform(0, 1, self.batch, rng)[:, None] * (of >= 0).sum(dim=1, keepdim=True)).long()
        return F.l1_loss(generated, self.faces.pixels(of.gather(1, place).squeeze(1)[self.mine]))

    @torch.no_grad()
    def _average(self, index: int) -> None:
        if self.averaged is self.generator:
            return
        decay = min(self.config.average, (1 + index) / (10 + index))
        mine: list[Tensor] = list(self.averaged.parameters())
        theirs: list[Tensor] = list(self.generator.parameters())
        torch._foreach_lerp_(mine, theirs, 1 - decay)

    def state(self) -> dict[str, Tensor]:
        state = prefixed("generator_adam", optimizer_state(self.generator_adam))
        state |= prefixed("judge_adam", optimizer_state(self.judge_adam))
        for name, network in self._networks().items():
            state |= prefixed(name, network.state_dict())
        return state

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        for name, network in self._networks().items():
            network.load_state_dict(without_prefix(name, state))
        load_optimizer_state(self.generator_adam, without_prefix("generator_adam", state))
        load_optimizer_state(self.judge_adam, without_prefix("judge_adam", state))
        self.graphed.captured = None  # the optimizers' tensors are others now

    def _networks(self) -> dict[str, torch.nn.Module]:
        networks: dict[str, torch.nn.Module] = {
            "generator": self.generator,
            "trunk": self.trunk,
            "discriminator": self.discriminator,
            "classifier": self.classifier,
        }
        if self.averaged is not self.generator:
            networks["averaged"] = self.averaged
        return networks

    def settings(self) -> dict[str, object]:
        settings = {**asdict(self.config), "store": self.pack.hashes[0], "encoder": self.pack.hashes[1]}
        del settings["steps"]  # no step depends on how many follow: a run may be resumed to go on for longer
        return settings

    @torch.no_grad()
    def show(self) -> Tensor:
        """A grid: a picture of eight women's and eight men's identities, then faces of three crops of each."""
        female = torch.from_numpy(self.pack.voice_female)
        women, men = (torch.nonzero(mask).squeeze(1) for mask in (female, ~female))
        chosen = torch.cat([group[torch.arange(SHOWN) * len(group) // SHOWN] for group in (women, men)])
        chosen = chosen.to(self.runtime.device)
        count = self.embeddings.shape[1]
        crops = (self.embeddings[chosen, crop].float() for crop in (0, count // 2, count - 1))
        embedding = unit(torch.cat(list(crops)))
        faces = self.averaged(embedding).clamp(-1, 1)
        pictures = self.faces_of[self.voice_identity[chosen], 0]
        return grid(torch.cat([self.faces.pixels(pictures), faces]), SHOWN)

    def finish(self, folder: Path, step: int) -> dict[str, float]:
        """Write the model: encoder, averaged generator, trunk, discriminator and classifier in one file."""
        provenance = {
            "stage": "gan",
            "steps": str(step),
            "faces seen": str(step * self.batch),
            "store": self.pack.hashes[0],
            "encoder": self.pack.hashes[1],
            TRAINED_ON: told_people(self.pack.people),
        }
        networks = {
            "encoder": self.encoder,
            "generator": self.averaged,
            "trunk": self.trunk,
            "discriminator": self.discriminator,
            "classifier": self.classifier,
        }
        save_networks(folder / WEIGHTS, networks, self.config.networks, provenance)
        return {"faces seen": float(step * self.batch)}


def grid(faces: Tensor, columns: int) -> Tensor:
    """Faces [batch, 3, 64, 64] in [-1, 1] side by side -> uint8 [height, width, 3] on the CPU."""
    rows = faces.cpu().unflatten(0, (-1, columns)).permute(0, 3, 1, 4, 2)  # [rows, 64, columns, 64, 3]
    return (rows.flatten(0, 1).flatten(1, 2) * 127.5 + 127.5).round().to(torch.uint8)


def _faces_of_identities(pack: Pack, device: torch.device) -> Tensor:
    """Face indices by identity [identities, most faces], filled up with -1."""
    faces = [np.flatnonzero(pack.face_identity == label) for label in range(pack.identities)]
    table = np.full((pack.identities, max(map(len, faces))), -1)
    for row, indices in zip(table, faces, strict=True):
        row[: len(indices)] = indices
    return torch.from_numpy(table).to(device)
