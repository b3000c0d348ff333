"""Algorithm 1 for a few thousand faces, which the paper's settings would memorise; `v2f train gan --preset small-data`.

* paper: adversarial and identity loss alone; here: also the squared distance to one of the identity's pictures, whose
  weight falls to nothing.
* paper: no augmentation of faces but (in the released settings) flips; here: also differentiable colour, shift and
  cutout of some, of the same kind on real and generated faces.
* paper: the generator itself; here: an exponential average of its weights, G_ema, is kept and used. In the last steps
  discriminator and classifier alone learn, from its faces.
* paper: the discriminator's gradient is free; here: R1, a penalty on it at real faces, every 16 steps.
* paper: one learning rate; here: it falls over the last third.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from v2f.models import Encoder, Runtime, build_generator
from v2f.models.cpu_kernels import twice_differentiable
from v2f.training.augment import augment_faces
from v2f.training.distributed import ALONE, Processes
from v2f.training.pack import Pack
from v2f.training.presets import AdversarialConfig, SmallDataConfig
from v2f.training.sampling import Batch
from v2f.training.seeding import seeded_generator
from v2f.training.tasks.adversarial import AdversarialTask
from v2f.training.tasks.stage_two import freeze

LAST_WEIGHT = 0.1  # of generated faces in the last steps
R1_EVERY = 16  # steps; the penalty counts so many times as much in one of them


class SmallDataTask(AdversarialTask):
    """Algorithm 1, and what goes on around it."""

    config: SmallDataConfig

    def __init__(
        self,
        pack: Pack,
        encoder: Encoder,
        config: SmallDataConfig,
        runtime: Runtime,
        processes: Processes = ALONE,
    ) -> None:
        super().__init__(pack, encoder, config, runtime, processes)
        self.kept = runtime.place(build_generator(config.networks)).eval()  # G_ema, which is only shown
        self.kept.load_state_dict(self.generator.state_dict())
        self.modules["averaged"] = self.kept
        self.picture_weight = torch.zeros((), device=runtime.device)

    def step(self, index: int) -> dict[str, Tensor]:
        """One iteration, and what changes with its number around it."""
        config = self.config
        if index >= config.adversarial_steps:
            return self._last_step(index)
        weight = max(0.0, config.picture_weight * (1 - index / config.picture_steps))
        self.picture_weight.fill_(weight)
        self.kind = "with pictures" if weight > 0 else "without"
        self.learning_rate.fill_(config.learning_rate * falling(index, config.falls_after, config.falls_over))
        if config.r1 and index % R1_EVERY == 0:
            self._penalise_gradient(seeded_generator(self.runtime.device, config.seed, index, R1_EVERY))
        losses = super().step(index)
        update_average(self.kept, self.generator, config.average, index)
        return losses

    def _further_losses(self, batch: Batch, fake: Tensor, rng: torch.Generator) -> dict[str, Tensor]:
        if self.kind == "without":
            return {}
        pictures = self.sampler.pictures(batch.voices, rng)
        return {"loss_G_picture": self.picture_weight * F.mse_loss(fake.float(), pictures)}

    def _as_shown(self, faces: Tensor, rng: torch.Generator) -> Tensor:
        """Some of them augmented."""
        if len(faces) == self.batch:
            return augment_faces(faces, rng, self.config.augment)
        # Among empty places for the others' faces, so that each is augmented as it would be in one process.
        around = (self.rows.start, self.batch - self.rows.stop)
        padded = F.pad(faces, (0, 0, 0, 0, 0, 0, *around))
        return augment_faces(padded, rng, self.config.augment)[self.rows]

    def _penalise_gradient(self, rng: torch.Generator) -> None:
        """R1 (Mescheder et al., 2018): the discriminator's logit is made to change little around real faces."""
        freeze(self.trunk, self.discriminator, frozen=False)
        faces, _ = self.sampler.real_faces(self.sampler.face_rows(rng), rng)
        faces = self._as_shown(faces, rng).requires_grad_()
        with twice_differentiable():
            logits = self.discriminator(self.trunk(faces))
            (gradient,) = torch.autograd.grad(logits.sum(), faces, create_graph=True)
            penalty = gradient.square().sum(dim=(1, 2, 3)).mean()
            self._update(self.D_adam, self.config.r1 / 2 * R1_EVERY * penalty)

    def _last_step(self, index: int) -> dict[str, Tensor]:
        """Discriminator and classifier alone learn, from faces by the generator that is kept."""
        self.sampler.prepare(index)
        rng = seeded_generator(self.runtime.device, self.config.seed, index)
        batch = self.sampler.batch(rng)
        with torch.no_grad(), self.runtime.autocast():
            fake = self.kept(batch.embedding)
        self.learning_rate.fill_(self.config.learning_rate / 4)
        return self._update_D_and_C(batch, fake, rng, LAST_WEIGHT)


def algorithm1(
    pack: Pack, encoder: Encoder, config: AdversarialConfig, runtime: Runtime, processes: Processes = ALONE
) -> AdversarialTask:
    """The task that a preset's settings are for."""
    if isinstance(config, SmallDataConfig):
        return SmallDataTask(pack, encoder, config, runtime, processes)
    return AdversarialTask(pack, encoder, config, runtime, processes)


def falling(index: int, after: int, over: int) -> float:
    """A factor of 1 until a step, from which it falls to 0 over so many."""
    return min(1.0, max(0.0, 1 - (index - after) / over))


@torch.no_grad()
def update_average(average: nn.Module, network: nn.Module, decay: float, index: int) -> None:
    """Bring an exponential moving average of a network's parameters up to date; faster in the first steps."""
    decay = min(decay, (1 + index) / (10 + index))
    parameters: list[Tensor] = list(average.parameters())
    torch._foreach_lerp_(parameters, list(network.parameters()), 1 - decay)
