"""Stage two of the bundled model: a portrait generator's detail, then discriminator and classifier.

    v2f train portrait --data PACK --encoder ENCODER --out RUN

The place of a voice's face among composite portraits is solved for, not learned (places.py). Two things are learned
from portraits and their smooth versions (smooth.py):

* detail: a smooth portrait is made sharp again. The losses are the mean absolute difference, and a patch discriminator
  (patches.py) that tells refined pictures from photographs. Its gradient is used first within the face, then where
  portraits have detail, so that the network does not invent skin and hair;
* presence: which embeddings come from voices, and which from other sounds (v2f/audio/non_speech.py).

In the last steps Table 2's trunk, discriminator and classifier learn as in lines 4 and 5 of Algorithm 1. Their fakes
are faces of voices and of other sounds by the moving average of the generator, which is kept.
"""

from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from v2f.demo.pack import PortraitPack
from v2f.demo.patches import PatchDiscriminator, cut
from v2f.demo.sampling import PortraitSampler
from v2f.demo.smooth import SmoothPortraits
from v2f.models import (
    Classifier,
    Discriminator,
    Encoder,
    FaceTrunk,
    NetworkConfig,
    Runtime,
)
from v2f.models.portrait_generator import PortraitGenerator
from v2f.models.weights import FITTED
from v2f.training.augment import augment_faces
from v2f.training.batches import image_size
from v2f.training.presets import AdversarialConfig
from v2f.training.seeding import seeded_generator, seeded_initial_values
from v2f.training.tasks.small_data import falling, update_average
from v2f.training.tasks.stage_two import COLUMNS, WEIGHTS, StageTwo, freeze, grid

R1, R1_EVERY = 0.02, 8  # weight of the gradient penalty on the patch discriminator, and the steps between two
# Brows to chin in an aligned picture: left, top, right and bottom, in shares of its side. Around it a composite hardly
# tells where hair begins; so that none is made up, less of the patch discriminator's gradient reaches there.
FACE, AROUND = (0.24, 0.26, 0.76, 0.92), 0.2
SOFT = 0.06  # of a picture's side, in which one becomes the other
FINE_RATE = 0.7  # of the learning rate, when the patch discriminator is followed where portraits have detail
PRESENCE_BATCH = 256  # embeddings of voices, and of other sounds
# Of faces of voices and of other sounds in the last steps: the score tells both from photographs, the latter further.
LAST_WEIGHTS = (0.1, 8.0)


@dataclass(frozen=True)
class PortraitConfig:
    """Settings of portrait training."""

    steps: int = 3_700
    fine_steps: int = 300  # of these, of detail where portraits have it
    last_steps: int = 400  # and of trunk, discriminator and classifier alone
    batch: int = 10  # portraits in a step
    last_batch: int = 24  # faces of each kind in a last step
    learning_rate: float = 1e-3
    last_learning_rate: float = 2e-4
    betas: tuple[float, float] = (0.5, 0.99)
    adversarial_weight: float = 0.16
    average: float = 0.995  # decay of the moving average
    networks: NetworkConfig = NetworkConfig(encoder="fused", generator="portrait", image_size=128)
    seed: int = 0

    def __post_init__(self) -> None:
        if self.fine_steps + self.last_steps >= self.steps:
            raise ValueError(
                f"fine_steps {self.fine_steps} and last_steps {self.last_steps} leave none of steps {self.steps}"
            )

    def scaled(self, steps: int) -> "PortraitConfig":
        """The same settings for another number of steps, each part in proportion."""
        fine, last = (round(part * steps / self.steps) for part in (self.fine_steps, self.last_steps))
        return replace(self, steps=steps, fine_steps=fine, last_steps=last)


class PortraitTask(StageTwo):
    """Detail, presence and the last steps. Nothing is measured while training, and the last weights are kept."""

    name = section = "portrait"
    sampler: PortraitSampler
    kept: PortraitGenerator

    def __init__(
        self, pack: PortraitPack, encoder: Encoder, config: PortraitConfig, runtime: Runtime
    ) -> None:
        self.pack, self.encoder, self.config, self.runtime = pack, encoder, config, runtime
        self.batch, device = config.batch, runtime.device
        self.networks = replace(config.networks, image_size=image_size(pack.faces, "The pack", "portrait"))
        settings = AdversarialConfig(batch=config.last_batch)
        self.sampler = PortraitSampler(pack, settings, device, slice(0, config.last_batch))
        self.portraits = SmoothPortraits(pack, device)
        self.face = _face(self.networks.image_size).to(device)
        self.detailed = self.portraits.detailed(seeded_generator(device, config.seed))
        with seeded_initial_values(config.seed):
            self.generator = runtime.place(PortraitGenerator(self.networks))
            self.patches = runtime.place(PatchDiscriminator())
            self.trunk = runtime.place(FaceTrunk(self.networks))
            self.discriminator = runtime.place(Discriminator(self.networks))
            self.classifier = runtime.place(Classifier(pack.identities, self.networks))
        self.generator.portraits.fit(torch.from_numpy(pack.textures), torch.from_numpy(pack.flows))
        self.generator.directions.copy_(torch.from_numpy(pack.directions))
        self.kept = runtime.place(PortraitGenerator(self.networks)).eval()
        self.kept.load_state_dict(self.generator.state_dict())
        judges = [*self.trunk.parameters(), *self.discriminator.parameters(), *self.classifier.parameters()]
        self.G_adam, self.patches_adam, self.judge_adam = (
            torch.optim.Adam(parameters, config.learning_rate, config.betas)
            for parameters in (list(self.generator.parameters()), list(self.patches.parameters()), judges)
        )
        self.optimizers = {
            "generator_adam": self.G_adam,
            "patches_adam": self.patches_adam,
            "judge_adam": self.judge_adam,
        }
        self.modules = {
            "generator": self.generator,
            "averaged": self.kept,
            "patches": self.patches,
            "trunk": self.trunk,
            "discriminator": self.discriminator,
            "classifier": self.classifier,
        }

    def step(self, index: int) -> dict[str, Tensor]:
        """Train detail and presence or, in the last steps, the trunk, discriminator and classifier."""
        rng = seeded_generator(self.runtime.device, self.config.seed, index)
        fine_from = self.config.steps - self.config.last_steps - self.config.fine_steps
        if index >= fine_from + self.config.fine_steps:
            return self._last_step(rng)
        fine = index >= fine_from
        part, steps = (index - fine_from, self.config.fine_steps) if fine else (index, fine_from)
        rate = falling(part, steps * 3 // 5, steps * 2 // 5 + 1)
        rate *= FINE_RATE if fine else min(1, (index + 1) / 50)
        for adam in (self.G_adam, self.patches_adam):
            adam.param_groups[0]["lr"] = self.config.learning_rate * rate
        smooth, sharp = self.portraits.pairs(self.batch, rng)
        with self.runtime.autocast():
            refined = smooth + self.generator.detail(smooth).float()
        losses = {"loss_D": self._update_patches(refined.detach(), rng, index)}
        freeze(self.patches)
        with self.runtime.autocast():
            followed = refined.detach().lerp(refined, self.detailed if fine else self.face)
            logits = self.patches(cut(followed, rng))
        losses["loss_G_adv"] = F.softplus(-logits.float()).mean()
        losses["loss_G_l1"] = F.l1_loss(refined, sharp)
        losses["loss_presence"] = self._loss_presence(rng)
        adversarial = self.config.adversarial_weight * min(1.0, max(0.0, (index - 50) / 200))
        loss = losses["loss_G_l1"] + adversarial * losses["loss_G_adv"] + losses["loss_presence"]
        _update(self.G_adam, loss)
        update_average(self.kept, self.generator, self.config.average, index)
        return {name: loss.detach() for name, loss in losses.items()}

    def _update_patches(self, refined: Tensor, rng: torch.Generator, index: int) -> Tensor:
        """The patch discriminator learns from photographs and refined pictures; its loss."""
        freeze(self.patches, frozen=False)
        photographs = cut(self.portraits.pairs(self.batch, rng)[1], rng)
        refined = cut(refined, rng)
        with self.runtime.autocast():
            real, generated = self.patches(photographs), self.patches(refined)
        loss = F.softplus(-real.float()).mean() + F.softplus(generated.float()).mean()
        penalty = loss.new_zeros(())
        if index % R1_EVERY == 0:  # R1 (Mescheder et al., 2018), of the mean patch
            photographs.requires_grad_()
            total = self.patches(photographs).float().mean(dim=(1, 2, 3)).sum()
            (gradient,) = torch.autograd.grad(total, photographs, create_graph=True)
            patches = real[0].numel()
            penalty = R1 / 2 * R1_EVERY * patches * gradient.square().sum(dim=(1, 2, 3)).mean()
        _update(self.patches_adam, loss + penalty)
        return loss.detach()

    def _loss_presence(self, rng: torch.Generator) -> Tensor:
        """Binary cross-entropy over as many embeddings of voices as of other sounds."""
        voices = self.sampler.some_voices(PRESENCE_BATCH, rng)
        sounds = self.sampler.some_sounds(PRESENCE_BATCH, rng)
        logits = self.generator.voice_logits(torch.cat([voices, sounds]))
        labels = torch.cat([torch.ones(len(voices)), torch.zeros(len(sounds))]).to(logits.device)
        return F.binary_cross_entropy_with_logits(logits, labels)

    def _last_step(self, rng: torch.Generator) -> dict[str, Tensor]:
        """Lines 4 and 5 of Algorithm 1, with faces of other sounds as fakes too."""
        freeze(self.trunk, self.discriminator, self.classifier, frozen=False)
        self.judge_adam.param_groups[0]["lr"] = self.config.last_learning_rate
        faces, identities = self.sampler.real_faces(self.sampler.face_rows(rng), rng)
        embedding, _ = self.sampler.embed(self.sampler.voice_rows(rng), rng)
        sounds = self.sampler.some_sounds(max(1, len(embedding) // 4), rng)
        with torch.no_grad(), self.runtime.autocast():
            fake = self.kept(torch.cat([embedding, sounds])).float()
        count = len(faces)
        shown = torch.cat(
            [augment_faces(faces, rng, 0.7), augment_faces(fake[:count], rng, 0.7), fake[count:]]
        )
        with self.runtime.autocast():
            features = self.trunk(shown)
            logits, names = (
                self.discriminator(features)[:, 0].float(),
                self.classifier(features[:count]).float(),
            )
        labels, weights = torch.zeros_like(logits), torch.ones_like(logits)
        labels[:count] = 1.0
        weights[count : 2 * count], weights[2 * count :] = LAST_WEIGHTS
        losses = {
            "loss_D": F.binary_cross_entropy_with_logits(logits, labels, weights),
            "loss_C": F.cross_entropy(names, identities),
        }
        _update(self.judge_adam, losses["loss_D"] + losses["loss_C"])
        losses["accuracy of real"] = (names.argmax(1) == identities).float().mean()
        return {name: loss.detach() for name, loss in losses.items()}

    def settings(self) -> dict[str, object]:
        return {**asdict(self.config), "store": self.pack.hashes[0], "encoder": self.pack.hashes[1]}

    @torch.no_grad()
    def sample_grid(self) -> Tensor:
        """Faces of eight voices, smooth and refined, then eight portraits: smooth, refined, and photographs."""
        rng = seeded_generator(self.runtime.device, self.config.seed, 0)
        embedding = self.sampler.some_voices(COLUMNS, rng)
        smooth, sharp = self.portraits.pairs(COLUMNS, rng)
        portraits = self.kept.portrait(embedding)
        rows = [portraits, self.kept(embedding), smooth, smooth + self.kept.detail(smooth), sharp]
        return grid(torch.cat(rows).clamp(-1, 1), COLUMNS)

    def finish(self, folder: Path, step: int) -> dict[str, float]:
        """Write the model."""
        self.write(folder / WEIGHTS, self.config, step, {FITTED: "dlib, FaceRes"})
        return {"portraits seen": float(self.batch * (self.config.steps - self.config.last_steps))}


def _face(size: int) -> Tensor:
    """1 in FACE, AROUND elsewhere, float32 [size, size]."""
    along = (torch.arange(size) + 0.5) / size
    left, top, right, bottom = FACE
    across = torch.minimum(along - left, right - along)
    down = torch.minimum(along - top, bottom - along)
    inside = torch.minimum(down[:, None], across[None])  # from the nearest edge
    return AROUND + (1 - AROUND) * (inside / SOFT + 0.5).clamp(0, 1)


def _update(adam: torch.optim.Adam, loss: Tensor) -> None:
    adam.zero_grad()
    loss.backward()
    adam.step()
