"""Stage two: Algorithm 1 (Sec. 3.2). Generator, discriminator and classifier learn, the voice encoder is frozen.

    v2f train gan --data PACK --encoder ENCODER --out RUN --preset paper

What an iteration samples is in v2f/training/sampling.py; what the small-data preset changes, in small_data.py.
"""

from collections.abc import Hashable, Mapping
from dataclasses import asdict, replace
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from v2f.models import (
    Classifier,
    Discriminator,
    Encoder,
    FaceTrunk,
    Runtime,
    build_generator,
)
from v2f.models.cpu_kernels import learn_on_cpu
from v2f.models.cuda_graphs import CudaGraphRunner
from v2f.models.cuda_kernels import learn_on_gpu
from v2f.models.weights import HELD_OUT
from v2f.training.distributed import ALONE, Processes
from v2f.training.pack import Pack
from v2f.training.presets import AdversarialConfig
from v2f.training.sampling import Batch, PackSampler
from v2f.training.seeding import mix_seeds, seeded_initial_values
from v2f.training.tasks.stage_two import WEIGHTS, StageTwo, freeze

BEST = "v2f-best.safetensors"  # those of the step at which validation people were matched best
MATCHING, BEST_MATCHING, BEST_STEP = "validation 1:2 matching", "best validation 1:2 matching", "best step"
NOTHING_YET = torch.tensor([-1, 0], dtype=torch.float64)  # a matching, and the step at which it was measured
UNMEASURED = (
    "The pack holds no two validation people with voices and faces, so nothing is measured while training "
    f"and no {BEST} is kept."
)


class AdversarialTask(StageTwo):
    """Algorithm 1 on a training pack.

    Attributes:
        kind: of the next iteration; iterations of one kind launch the same work on a GPU.
    """

    name, section = "gan", "adversarial"
    kind: Hashable = None

    def __init__(
        self,
        pack: Pack,
        encoder: Encoder,
        config: AdversarialConfig,
        runtime: Runtime,
        processes: Processes = ALONE,
    ) -> None:
        self.pack, self.encoder, self.config, self.runtime = pack, encoder, config, runtime
        self.networks = config.networks
        self.processes, self.batch, self.rows = processes, config.batch, processes.rows(config.batch)
        device = runtime.device
        on_gpu = device.type == "cuda"
        self.sampler = PackSampler(pack, config, device, self.rows)
        with seeded_initial_values(config.seed):
            self.generator = runtime.place(build_generator(config.networks))
            self.trunk = runtime.place(FaceTrunk(config.networks))
            self.discriminator = runtime.place(Discriminator(config.networks))
            self.classifier = runtime.place(Classifier(pack.identities, config.networks))
        for network in (self.generator, self.trunk):
            learn_on_gpu(network) if on_gpu else learn_on_cpu(network)
        self.kept = self.generator
        D_and_C = [*self.trunk.parameters(), *self.discriminator.parameters(), *self.classifier.parameters()]
        # A tensor, which a CUDA graph reads anew at every step.
        self.learning_rate = torch.tensor(config.learning_rate, device=device)
        self.G_adam, self.D_adam = (
            torch.optim.Adam(parameters, self.learning_rate, config.betas, fused=True, capturable=on_gpu)
            for parameters in (list(self.generator.parameters()), D_and_C)
        )
        self.modules = {
            "generator": self.generator,
            "trunk": self.trunk,
            "discriminator": self.discriminator,
            "classifier": self.classifier,
        }
        self.optimizers = {"generator_adam": self.G_adam, "judge_adam": self.D_adam}
        self.best = NOTHING_YET
        self.unmeasured = "" if pack.validation_faces is not None else UNMEASURED
        self.graphs: CudaGraphRunner[dict[str, Tensor]] = CudaGraphRunner(
            device, enabled=on_gpu and processes.count == 1, eager_runs=3
        )

    def step(self, index: int) -> dict[str, Tensor]:
        """One iteration; its losses."""
        self.sampler.prepare(index)
        self.graphs.rng.manual_seed(mix_seeds(self.config.seed, index))
        return self.graphs(self.kind, self._iteration)

    def _iteration(self, rng: torch.Generator) -> dict[str, Tensor]:
        """One iteration of Algorithm 1; its line numbers stand in the comments."""
        batch = self.sampler.batch(rng)  # lines 2 and 3
        with self.runtime.autocast():
            fake = self.generator(batch.embedding)

        # Lines 4 and 5. Detached: this update must not reach the generator.
        losses = self._update_D_and_C(batch, fake.detach(), rng)

        # Line 6: the generator, judged by the discriminator and classifier just updated.
        freeze(self.trunk, self.discriminator, self.classifier)
        with self.runtime.autocast():
            features = self.trunk(self._as_shown(fake.float(), rng))
            D_fake, C_fake = self.discriminator(features), self.classifier(features)
        loss_G_adv = F.softplus(-D_fake.float()).mean()  # -log F_d(f^)
        loss_G_id = F.cross_entropy(C_fake.float(), batch.identities)
        loss = loss_G_adv + self.config.identity_weight * loss_G_id
        further = self._further_losses(batch, fake, rng)
        self._update(self.G_adam, sum(further.values(), loss))
        losses |= further | {
            "loss_G_adv": loss_G_adv,
            "loss_G_id": loss_G_id,
            "accuracy of generated": (C_fake.argmax(1) == batch.identities).float().mean(),
        }
        return {name: loss.detach() for name, loss in losses.items()}

    def _update_D_and_C(
        self, batch: Batch, fake: Tensor, rng: torch.Generator, weight: float = 1.0
    ) -> dict[str, Tensor]:
        """Lines 4 and 5: discriminator and classifier learn from real and generated faces; their losses.

        The trunk is run once over all of them; only real faces have an identity. `weight` is that of generated ones.
        """
        freeze(self.trunk, self.discriminator, self.classifier, frozen=False)
        count = len(batch.faces)
        faces = [self._as_shown(batch.faces, rng), self._as_shown(fake.float(), rng)]
        with self.runtime.autocast():
            features = self.trunk(torch.cat(faces))
            logits, names = self.discriminator(features), self.classifier(features[:count])
        logits = logits.float().squeeze(1)
        D_real, D_fake = logits.split(count)
        # -log F_d(f) - log(1 - F_d(f^)), on logits
        loss_D = F.softplus(-D_real).mean() + weight * F.softplus(D_fake).mean()
        loss_C = F.cross_entropy(names.float(), batch.face_identity)
        self._update(self.D_adam, loss_D + loss_C)
        return {
            "loss_D": loss_D.detach(),
            "loss_C": loss_C.detach(),
            "D of real": D_real.sigmoid().mean().detach(),
            "D of generated": D_fake.sigmoid().mean().detach(),
            "accuracy of real": (names.argmax(1) == batch.face_identity).float().mean(),
        }

    def _as_shown(self, faces: Tensor, rng: torch.Generator) -> Tensor:
        """Faces [n, 3, size, size] as the discriminator and the classifier see them."""
        return faces

    def _further_losses(self, batch: Batch, fake: Tensor, rng: torch.Generator) -> dict[str, Tensor]:
        """Losses of the generator besides the paper's two."""
        return {}

    def _update(self, adam: torch.optim.Adam, loss: Tensor) -> None:
        adam.zero_grad()
        loss.backward()
        self.processes.average_gradients(adam.param_groups[0]["params"])
        adam.step()

    def state(self) -> dict[str, Tensor]:
        return super().state() | {"best": self.best}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        super().load_state(state)
        for adam in self.optimizers.values():
            adam.param_groups[0]["lr"] = self.learning_rate  # loading made a copy
        self.best = state["best"]
        self.graphs.reset()  # the optimizers' tensors are others now

    def settings(self) -> dict[str, object]:
        settings = {**asdict(self.config), "store": self.pack.hashes[0], "encoder": self.pack.hashes[1]}
        if self.pack.held_out:
            settings["held out"] = self.pack.held_out
        del settings["steps"]  # no step depends on how many follow: a run may be resumed to go on for longer
        return settings

    def validate(self, folder: Path, step: int) -> dict[str, float]:
        """1:2 matching of validation people by the trunk, as it is now; the best weights so far go to BEST.

        Paper: the last weights; here: also the best of those that are measured, because Sec. 4 has a validation split.
        """
        if self.pack.validation_faces is None:
            return {}
        matching = self.validation_matching()
        if matching > self.best[0]:
            self.best = torch.tensor([matching, step], dtype=torch.float64)
            self._write(folder / BEST, step, {MATCHING: f"{matching:.4f}"})
        best, best_step = self.best.tolist()
        return {MATCHING: matching, BEST_MATCHING: best, BEST_STEP: best_step}

    def finish(self, folder: Path, step: int) -> dict[str, float]:
        """Write the model as it is in the end."""
        self._write(folder / WEIGHTS, step, {})
        figures = {"faces seen": float(step * self.batch)}
        if self.best[1] > 0:
            figures[f"{BEST} is of step"] = float(self.best[1])
        return figures

    def _write(self, path: Path, step: int, told: Mapping[str, str]) -> None:
        seen = {"faces seen": str(step * self.batch)}  # generated, by the discriminator
        held_out = {HELD_OUT: self.pack.held_out} if self.pack.held_out else {}
        self.write(path, replace(self.config, steps=step), step, {**seen, **held_out, **told})
