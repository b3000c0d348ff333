"""Stage two: Algorithm 1. Generator, discriminator and classifier learn, the voice encoder is frozen.

    v2f train gan --data PACK --encoder ENCODER --out RUN [--preset paper | small-data]

The `paper` preset is Sec. 4's. The `small-data` preset departs from it, because a few thousand faces of few
pictures an identity would be memorised by the discriminator and because fewer faces are seen in all:

* paper: a voice has one identity; here, where the pack has a soft pairing: a probability for each identity, and the
  generator's identity loss is the cross-entropy to these. Faces are drawn as often as voices ask for their identities.
* paper: each voice by itself; here: also points between two voices of one gender, their probabilities mixed alike.
* paper: adversarial and identity loss alone; here: also the squared distance to a picture of the identity. Where the
  pack has composite portraits, that is the composite of the voice's own mixture, its difference from the mean one
  exaggerated, and the weight falls to a part of itself; else it is one of the identity's pictures, and the weight falls
  to nothing.
* paper: the generator of Table 2; here: v2f/models/composite_generator.py, which starts from composite portraits and
  takes a tenth of the work. Before Algorithm 1 begins, its portraits alone learn from these distances.
* paper: noise gives blurred faces by itself; here, where the pack has sounds that are no voice: their faces are drawn
  towards a blur that is nobody's, and are fakes to the discriminator.
* paper: no augmentation of faces but (in the released settings) flips; here: also differentiable colour, shift
  and cutout of some, the same kind on real and generated faces.
* paper: the generator itself; here: an exponential average of its weights is kept and used. In the last steps
  discriminator and classifier alone learn, of its faces.
* paper: the discriminator's gradient is free; here: a penalty on it at real faces (R1), every 16 steps.
* paper: batch 128, learning rate 0.0002; here: 32 and larger, because more and larger steps go further with the same
  number of faces; the rate falls over the last third.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from v2f.models import (
    TRAINED_ON,
    Classifier,
    Discriminator,
    Encoder,
    FaceTrunk,
    NetworkConfig,
    Runtime,
    build_generator,
    encode_people,
    save_networks,
    unit,
)
from v2f.models.composite_generator import CompositeGenerator
from v2f.models.cpu_kernels import learn_on_cpu, twice_differentiable
from v2f.models.cuda_graphs import CudaGraphRunner
from v2f.training.augment import augment_faces
from v2f.training.batches import Faces, uniform
from v2f.training.distributed import ALONE, Processes
from v2f.training.loop import (
    freeze,
    generator,
    load_optimizer_state,
    mixed,
    optimizer_state,
    prefixed,
    without_prefix,
)
from v2f.training.pack import Pack
from v2f.training.portraits import Composites

WEIGHTS = "v2f.safetensors"
SHOWN = 8  # faces in a row of the sample grid
PORTRAIT_STEPS = 3_000  # of the small-data preset
ADVERSARIAL_STEPS = 1_500  # of it, of Algorithm 1: 48,000 faces
LAST_STEPS = 250  # of it, of the judges alone
VOICES_A_SOUND = 8  # voices in a batch for each sound that is no voice
# Of voices' faces and of nobody's in the last steps: so the score tells both from photographs, and nobody's further.
LAST_WEIGHTS = (0.1, float(VOICES_A_SOUND))
R1_EVERY = 16  # steps; the penalty counts so many times as much in one of them


@dataclass(frozen=True)
class AdversarialConfig:
    """Settings of stage two; the defaults are the paper's."""

    steps: int = 100_000  # Sec. 4: "completed at 100K iterations"
    batch: int = 128  # Sec. 4
    learning_rate: float = 2e-4  # Sec. 4, Adam
    falls_after: int | None = None  # steps, from which the learning rate falls to nothing
    falls_over: int = 1  # steps that this takes
    betas: tuple[float, float] = (0.5, 0.999)  # Sec. 4
    embedding_noise: float = 0.05  # a component, in the released settings
    mixed: float = 0.0  # share of the embeddings that lie between two voices
    augment: float = 0.0  # share of faces that are augmented, on both sides of the discriminator
    average: float = 0.0  # decay of the averaged generator weights; 0 keeps none
    identity_weight: float = 1.0  # of the generator's identity loss
    r1: float = 0.0  # weight of the penalty on the discriminator's gradient
    portrait_steps: int = 0  # before Algorithm 1, of a composite generator's portraits alone
    adversarial_steps: int | None = None  # of Algorithm 1, after which its judges learn alone
    picture_weight: float = 0.0  # of the squared distance to a picture of the identity, at the start
    picture_weight_left: float = 0.0  # and after picture_steps, where there are composites
    picture_steps: int = 1
    nobody_weight: float = 0.0  # of the distance between faces of sounds that are no voice and a blur
    sharpness: float = 1.0  # exponent of the probabilities of which a composite is mixed
    exaggeration: float = 1.0  # of how a composite differs from the mean one
    seed: int = 0
    networks: NetworkConfig = NetworkConfig()


PRESETS = {
    "paper": AdversarialConfig(),
    "small-data": AdversarialConfig(
        steps=PORTRAIT_STEPS + ADVERSARIAL_STEPS + LAST_STEPS,
        batch=32,
        learning_rate=8e-4,
        falls_after=ADVERSARIAL_STEPS * 2 // 3,
        falls_over=ADVERSARIAL_STEPS // 3,
        betas=(0.5, 0.99),
        mixed=0.5,
        augment=0.7,
        average=0.999,
        identity_weight=0.5,
        r1=1.0,
        portrait_steps=PORTRAIT_STEPS,
        adversarial_steps=ADVERSARIAL_STEPS,
        picture_weight=400.0,
        picture_weight_left=150.0,
        picture_steps=2_250,
        nobody_weight=20.0,
        sharpness=2.0,
        exaggeration=1.5,
        networks=NetworkConfig(generator="composite"),
    ),
}


class Batch(NamedTuple):
    """What one iteration draws. Voices are of all processes together, the rest is this one's part."""

    voices: Tensor  # int [batch]
    embedding: Tensor  # [n, 64], unit length
    identities: Tensor  # int [n], or probabilities [n, identities]
    faces: Tensor  # [n, 3, 64, 64]
    person: Tensor  # int [n], the faces' identities
    sounds: Tensor  # [sounds, 64], embeddings of sounds that are no voice


class AdversarialTask:
    """Algorithm 1 on a training pack."""

    name = "gan"

    def __init__(
        self,
        pack: Pack,
        encoder: Encoder,
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
        self.voice_female = torch.from_numpy(pack.voice_female).to(device)
        self.pairing = None if pack.pairing is None else torch.from_numpy(pack.pairing).to(device)
        self.voices_so_far, self.faces_so_far = (
            None if weight is None else torch.from_numpy(weight).double().cumsum(0).to(device)
            for weight in (pack.voice_weight, pack.face_weight)
        )
        self.faces_of = _faces_of_identities(pack, device)
        self.composites, self.usual_mixture = None, torch.empty(0, device=device)
        if pack.textures is not None and pack.flows is not None:
            self.composites = Composites(pack.textures, pack.flows, device)
        if self.composites and self.pairing is not None:
            weight = (
                torch.ones(len(self.pairing))
                if pack.voice_weight is None
                else torch.from_numpy(pack.voice_weight)
            )
            sharp = self._sharpened(self.pairing.float())
            self.usual_mixture = F.normalize(weight.to(device) @ sharp, p=1, dim=0)
        self.no_voice, self.nobody = None, torch.empty(0, device=device)
        if pack.no_voice is not None and self.composites and config.nobody_weight:
            self.no_voice = torch.from_numpy(pack.no_voice).to(device)
            self.nobody = self.composites.blur
        with torch.random.fork_rng():
            torch.manual_seed(config.seed)
            self.generator = runtime.place(build_generator(config.networks))
            self.trunk = runtime.place(FaceTrunk(config.networks))
            self.discriminator = runtime.place(Discriminator(config.networks))
            self.classifier = runtime.place(Classifier(pack.identities, config.networks))
        self.portrait_steps = 0
        if self.composites and isinstance(self.generator, CompositeGenerator):
            self.portrait_steps = config.portrait_steps
            self.generator.portraits.fit(
                self.composites.textures, self.composites.flows, self.composites.blur
            )
        if device.type == "cpu":
            learn_on_cpu(self.generator)
            learn_on_cpu(self.trunk)
        self.averaged = runtime.place(build_generator(config.networks)) if config.average else self.generator
        self.averaged.load_state_dict(self.generator.state_dict())
        judges = [*self.trunk.parameters(), *self.discriminator.parameters(), *self.classifier.parameters()]
        on_gpu = device.type == "cuda"
        # A tensor, which a CUDA graph reads anew at every step.
        self.learning_rate = torch.tensor(config.learning_rate, device=device)
        self.generator_adam, self.judge_adam = (
            torch.optim.Adam(learning, self.learning_rate, config.betas, fused=True, capturable=on_gpu)
            for learning in (list(self.generator.parameters()), judges)
        )
        self.picture_weight = torch.zeros((), device=device)
        self.graphs: CudaGraphRunner[dict[str, Tensor]] = CudaGraphRunner(
            device, enabled=on_gpu and processes.count == 1, eager_runs=3
        )

    def step(self, index: int) -> dict[str, Tensor]:
        """One iteration, and what changes with its number around it; before them those of portraits alone."""
        config = self.config
        if index < self.portrait_steps:
            return self._portrait_step(index)
        # Where there are no portraits to learn first, their steps are Algorithm 1's too.
        turn = max(0, index - config.portrait_steps)
        if config.adversarial_steps is not None and turn >= config.adversarial_steps:
            return self._last_judgement(index)
        left = config.picture_weight_left if self.composites else 0.0
        weight = max(left, config.picture_weight * (1 - turn / config.picture_steps))
        self.picture_weight.fill_(weight)
        self.learning_rate.fill_(config.learning_rate * falling(turn, config.falls_after, config.falls_over))
        if config.r1 and index % R1_EVERY == 0:
            self._penalise_gradient(generator(self.runtime.device, config.seed, index, R1_EVERY))
        self.graphs.rng.manual_seed(mixed(config.seed, index))
        losses = self.graphs(weight > 0, lambda rng: self._iteration(rng, weight > 0))
        self._average(index)
        return losses

    def _portrait_step(self, index: int) -> dict[str, Tensor]:
        """Let a composite generator's portraits, and no detail yet, come near the composites and the blur."""
        assert isinstance(self.generator, CompositeGenerator)
        rng = generator(self.runtime.device, self.config.seed, index)
        voices = self._draw(len(self.embeddings), rng, self.voices_so_far)
        embedding, identities = (of[self.mine] for of in self._voices(voices, rng))
        sounds = self._sounds(rng)
        portraits = self.generator.portrait(torch.cat([embedding, sounds]))
        distance = F.mse_loss(portraits[: len(embedding)], self._pictures(voices, identities, rng))
        loss, told = self.config.picture_weight * distance, {"distance to picture": distance.detach()}
        if len(sounds):
            of_nobody = F.l1_loss(portraits[len(embedding) :], self.nobody.expand(len(sounds), -1, -1, -1))
            loss = loss + self.config.nobody_weight * of_nobody
            told["distance to nobody"] = of_nobody.detach()
        self.learning_rate.fill_(self.config.learning_rate)
        self._update(self.generator_adam, loss)
        self._average(index)
        return told

    def _iteration(self, rng: torch.Generator, with_picture: bool) -> dict[str, Tensor]:
        """One iteration of Algorithm 1; its line numbers stand in the comments."""
        config = self.config
        voices, embedding, identities, faces, person, sounds = self._batch(rng)
        with self.runtime.autocast():
            generated, nobody = self.generator(torch.cat([embedding, sounds])).split(
                [len(embedding), len(sounds)]
            )

        # Lines 4 and 5. Detached: this update must not reach the generator.
        told = self._judge(faces, person, generated.detach(), nobody.detach(), rng)

        # Line 6: the generator, judged by the discriminator and classifier just updated.
        freeze(self.trunk, self.discriminator, self.classifier)
        with self.runtime.autocast():
            features = self.trunk(self._augment(generated.float(), rng))
            judged_fake, named_fake = self.discriminator(features), self.classifier(features)
        fooling = F.softplus(-judged_fake.float()).mean()  # -log F_d(f^)
        likeness = F.cross_entropy(named_fake.float(), identities)
        loss = fooling + config.identity_weight * likeness
        if with_picture:
            distance = F.mse_loss(generated.float(), self._pictures(voices, identities, rng))
            loss = loss + self.picture_weight * distance
            told["distance to picture"] = distance.detach()
        if len(sounds):
            of_nobody = F.l1_loss(nobody.float(), self.nobody.expand_as(nobody))
            loss = loss + config.nobody_weight * of_nobody
            told["distance to nobody"] = of_nobody.detach()
        self._update(self.generator_adam, loss)
        asked = identities.argmax(1) if identities.ndim == 2 else identities
        return told | {
            "fooling": fooling.detach(),
            "likeness": likeness.detach(),
            "named generated": (named_fake.argmax(1) == asked).float().mean(),
        }

    def _judge(
        self,
        faces: Tensor,
        person: Tensor,
        generated: Tensor,
        nobody: Tensor,
        rng: torch.Generator,
        weights: tuple[float, float] = (1.0, 1.0),
    ) -> dict[str, Tensor]:
        """Lines 4 and 5: discriminator and classifier learn from real and generated faces; their losses.

        The trunk is run once over all of them; only real faces have an identity, `person`. `weights` are those of
        generated faces and of nobody's.
        """
        freeze(self.trunk, self.discriminator, self.classifier, frozen=False)
        both = [self._augment(faces, rng), self._augment(generated.float(), rng), nobody.float()]
        with self.runtime.autocast():
            features = self.trunk(torch.cat(both))
            judged, named = self.discriminator(features), self.classifier(features[: len(faces)])
        judged = judged.float().squeeze(1)
        labels = torch.zeros_like(judged)
        labels[: len(faces)] = 1.0
        counts = torch.ones_like(judged)
        counts[len(faces) : 2 * len(faces)], counts[2 * len(faces) :] = weights
        # -log F_d(f) - log(1 - F_d(f^)), on logits
        real_or_fake = 2 * F.binary_cross_entropy_with_logits(judged, labels, counts)
        identity = F.cross_entropy(named.float(), person)
        self._update(self.judge_adam, real_or_fake + identity)
        real_score, fake_score = judged[: 2 * len(faces)].sigmoid().split(len(faces))
        return {
            "discriminator": real_or_fake.detach(),
            "classifier": identity.detach(),
            "score of real": real_score.mean().detach(),
            "score of generated": fake_score.mean().detach(),
            "named real": (named.argmax(1) == person).float().mean(),
        }

    def _last_judgement(self, index: int) -> dict[str, Tensor]:
        """Let discriminator and classifier learn of the faces that the averaged generator draws, which is kept."""
        rng = generator(self.runtime.device, self.config.seed, index)
        _, embedding, _, faces, person, sounds = self._batch(rng)
        with torch.no_grad(), self.runtime.autocast():
            generated, nobody = self.averaged(torch.cat([embedding, sounds])).split(
                [len(embedding), len(sounds)]
            )
        self.learning_rate.fill_(self.config.learning_rate / 4)
        return self._judge(faces, person, generated, nobody, rng, LAST_WEIGHTS)

    def _penalise_gradient(self, rng: torch.Generator) -> None:
        """R1 (Mescheder et al., 2018): the discriminator's logit is made to change little around real faces."""
        freeze(self.trunk, self.discriminator, frozen=False)
        real = self._draw(len(self.faces), rng, self.faces_so_far)
        faces = self._augment(self.faces(real, rng)[self.mine], rng).requires_grad_()
        with twice_differentiable():
            logits = self.discriminator(self.trunk(faces))
            (gradient,) = torch.autograd.grad(logits.sum(), faces, create_graph=True)
            penalty = gradient.square().sum(dim=(1, 2, 3)).mean()
            self._update(self.judge_adam, self.config.r1 / 2 * R1_EVERY * penalty)

    def _batch(self, rng: torch.Generator) -> Batch:
        """Lines 2 and 3: n voice recordings and m face images; this process's part of them."""
        voices = self._draw(len(self.embeddings), rng, self.voices_so_far)
        real = self._draw(len(self.faces), rng, self.faces_so_far)
        embedding, identities = (of[self.mine] for of in self._voices(voices, rng))
        faces = self.faces(real, rng)[self.mine]
        person = self.face_identity[real[self.mine]]
        return Batch(voices, embedding, identities, faces, person, self._sounds(rng))

    def _update(self, adam: torch.optim.Adam, loss: Tensor) -> None:
        adam.zero_grad()
        loss.backward()
        self.processes.average_gradients(adam.param_groups[0]["params"])
        adam.step()

    def _draw(self, count: int, rng: torch.Generator, so_far: Tensor | None = None) -> Tensor:
        """A batch of numbers below `count`, all as likely, or by weights that add up to `so_far` [count]."""
        if so_far is not None:
            place = torch.rand(self.batch, generator=rng, device=rng.device, dtype=so_far.dtype) * so_far[-1]
            return torch.searchsorted(so_far, place, right=True).clamp(max=count - 1)
        return torch.randint(count, (self.batch,), generator=rng, device=self.runtime.device)

    def _voices(self, voices: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """A random crop's embedding of each voice, with noise, of unit length [batch, 64]; the identities asked for.

        These are labels [batch], or with a soft pairing probabilities [batch, identities]; then some embeddings lie
        between two voices of one gender, and so do their probabilities.
        """
        crops = self._draw(self.embeddings.shape[1], rng)
        embedding, identities = unit(self.embeddings[voices, crops].float()), self.voice_identity[voices]
        if self.pairing is not None:
            identities = self.pairing[voices].float()
        if self.pairing is not None and self.config.mixed:
            # The next of the same gender in a random order.
            female = self.voice_female[voices]
            order = torch.argsort(female + uniform(0, 0.9, self.batch, rng))
            other = torch.empty_like(order).scatter_(0, order, order.roll(1))
            chosen = (uniform(0, 1, self.batch, rng) < self.config.mixed) & (female == female[other])
            share = (uniform(0, 1, self.batch, rng) * chosen)[:, None]
            embedding = unit(torch.lerp(embedding, embedding[other], share))
            identities = torch.lerp(identities, identities[other], share)
        noise = torch.randn(embedding.shape, generator=rng, device=embedding.device)
        return unit(embedding + self.config.embedding_noise * noise), identities

    def _sounds(self, rng: torch.Generator) -> Tensor:
        """Embeddings of sounds that are no voice [mine // VOICES_A_SOUND, 64], if there are any; the last of a draw."""
        if self.no_voice is None:
            return self.embeddings.new_empty(0, self.embeddings.shape[2], dtype=torch.float32)
        chosen = self._draw(len(self.no_voice), rng)[self.mine][::VOICES_A_SOUND]
        return unit(self.no_voice[chosen].float())

    def _augment(self, faces: Tensor, rng: torch.Generator) -> Tensor:
        if not self.config.augment:
            return faces
        if len(faces) == self.batch:
            return augment_faces(faces, rng, self.config.augment)
        # Among empty places for the others' faces, so that each face meets the draws it would in one process.
        around = (self.mine.start, self.batch - self.mine.stop)
        padded = F.pad(faces, (0, 0, 0, 0, 0, 0, *around))
        return augment_faces(padded, rng, self.config.augment)[self.mine]

    def _pictures(self, voices: Tensor, identities: Tensor, rng: torch.Generator) -> Tensor:
        """What this process's faces are compared with [mine, 3, 64, 64]: composites, or pictures of the identities."""
        if self.composites:
            return self.composites(self._mixture(identities))
        of = self.faces_of[self.voice_identity[voices]]
        place = (uniform(0, 1, self.batch, rng)[:, None] * (of >= 0).sum(dim=1, keepdim=True)).long()
        return self.faces.pixels(of.gather(1, place).squeeze(1)[self.mine])

    def _mixture(self, identities: Tensor) -> Tensor:
        """Shares of a composite [batch, identities], some below 0: those of probabilities, sharpened, exaggerated."""
        return torch.lerp(self.usual_mixture, self._sharpened(identities), self.config.exaggeration)

    def _sharpened(self, identities: Tensor) -> Tensor:
        return F.normalize(identities**self.config.sharpness, p=1, dim=1)

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
        for adam in (self.generator_adam, self.judge_adam):
            adam.param_groups[0]["lr"] = self.learning_rate  # loading made a copy
        self.graphs.reset()  # the optimizers' tensors are others now

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
            "faces seen": str(self._faces_seen(step)),
            "store": self.pack.hashes[0],
            "encoder": self.pack.hashes[1],
            TRAINED_ON: encode_people(self.pack.people),
        }
        networks = {
            "encoder": self.encoder,
            "generator": self.averaged,
            "trunk": self.trunk,
            "discriminator": self.discriminator,
            "classifier": self.classifier,
        }
        save_networks(folder / WEIGHTS, networks, self.config.networks, provenance)
        return {"faces seen": float(self._faces_seen(step))}

    def _faces_seen(self, step: int) -> int:
        """Generated faces that the discriminator has seen after so many steps."""
        return max(0, step - self.portrait_steps) * self.batch


def falling(index: int, after: int | None, over: int) -> float:
    """A factor of 1 until a step, from which it falls to 0 over so many."""
    return 1.0 if after is None else min(1.0, max(0.0, 1 - (index - after) / over))


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
