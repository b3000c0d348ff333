"""Stage two: Algorithm 1 (Sec. 3.2). Generator, discriminator and classifier learn, the voice encoder is frozen.

    v2f train gan --data PACK --encoder ENCODER --out RUN [--preset paper | small-data]

The presets and what the second changes are in v2f/training/presets.py; what an iteration samples in sampling.py.
"""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from v2f.models import (
    TRAINED_ON,
    Classifier,
    Discriminator,
    Encoder,
    FaceTrunk,
    Runtime,
    build_generator,
    encode_people,
    save_networks,
    unit,
)
from v2f.models.composite_generator import CompositeGenerator
from v2f.models.cpu_kernels import learn_on_cpu, twice_differentiable
from v2f.models.cuda_graphs import CudaGraphRunner
from v2f.models.cuda_kernels import learn_on_gpu
from v2f.training.augment import augment_faces
from v2f.training.checkpoint import load_optimizer_state, optimizer_state, prefixed, without_prefix
from v2f.training.distributed import ALONE, Processes
from v2f.training.pack import Pack
from v2f.training.presets import AdversarialConfig
from v2f.training.sampling import VOICES_A_SOUND, Batch, PackSampler
from v2f.training.seeding import mix_seeds, seeded_generator

WEIGHTS = "v2f.safetensors"
COLUMNS = 8  # faces in a row of the sample grid
# Of faces of voices and of other sounds in the last steps: the score tells both from photographs, the latter further.
LAST_WEIGHTS = (0.1, float(VOICES_A_SOUND))
R1_EVERY = 16  # steps; the penalty counts so many times as much in one of them


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
        self.processes, self.batch, self.rows = processes, config.batch, processes.rows(config.batch)
        device = runtime.device
        self.sampler = PackSampler(pack, config, device, self.rows)
        with torch.random.fork_rng():
            torch.manual_seed(config.seed)
            self.generator = runtime.place(build_generator(config.networks))
            self.trunk = runtime.place(FaceTrunk(config.networks))
            self.discriminator = runtime.place(Discriminator(config.networks))
            self.classifier = runtime.place(Classifier(pack.identities, config.networks))
        self.portrait_steps = 0
        composites = self.sampler.composites
        if composites and isinstance(self.generator, CompositeGenerator):
            self.portrait_steps = config.portrait_steps
            self.generator.portraits.fit(composites.textures, composites.flows, composites.blur)
        for network in (self.generator, self.trunk):
            learn_on_cpu(network) if device.type == "cpu" else learn_on_gpu(network)
        self.G_ema = runtime.place(build_generator(config.networks)) if config.average else self.generator
        self.G_ema.load_state_dict(self.generator.state_dict())
        if self.G_ema is not self.generator:
            self.G_ema.eval()  # it is only shown
        D_and_C = [*self.trunk.parameters(), *self.discriminator.parameters(), *self.classifier.parameters()]
        on_gpu = device.type == "cuda"
        # A tensor, which a CUDA graph reads anew at every step.
        self.learning_rate = torch.tensor(config.learning_rate, device=device)
        self.G_adam, self.D_adam = (
            torch.optim.Adam(parameters, self.learning_rate, config.betas, fused=True, capturable=on_gpu)
            for parameters in (list(self.generator.parameters()), D_and_C)
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
            return self._last_step(index)
        left = config.picture_weight_left if self.sampler.composites else 0.0
        weight = max(left, config.picture_weight * (1 - turn / config.picture_steps))
        self.picture_weight.fill_(weight)
        self.learning_rate.fill_(config.learning_rate * falling(turn, config.falls_after, config.falls_over))
        if config.r1 and index % R1_EVERY == 0:
            self._penalise_gradient(seeded_generator(self.runtime.device, config.seed, index, R1_EVERY))
        self.graphs.rng.manual_seed(mix_seeds(config.seed, index))
        losses = self.graphs(weight > 0, lambda rng: self._iteration(rng, weight > 0))
        self._update_G_ema(index)
        return losses

    def _portrait_step(self, index: int) -> dict[str, Tensor]:
        """Let a composite generator's portraits, and no detail yet, come near the composites and the blur."""
        assert isinstance(self.generator, CompositeGenerator)
        rng = seeded_generator(self.runtime.device, self.config.seed, index)
        voices = self.sampler.voice_rows(rng)
        embedding, identities = self.sampler.embed(voices, rng)
        sounds = self.sampler.non_speech(rng)
        portraits, blurs = self.generator.portrait(torch.cat([embedding, sounds])).split(
            [len(embedding), len(sounds)]
        )
        picture = F.mse_loss(portraits, self.sampler.pictures(voices, identities, rng))
        loss, losses = self.config.picture_weight * picture, {"loss_G_picture": picture.detach()}
        if len(sounds):
            losses["loss_G_blur"] = (blur := self._loss_blur(blurs)).detach()
            loss = loss + self.config.nobody_weight * blur
        self.learning_rate.fill_(self.config.learning_rate)
        self._update(self.G_adam, loss)
        self._update_G_ema(index)
        return losses

    def _iteration(self, rng: torch.Generator, with_picture: bool) -> dict[str, Tensor]:
        """One iteration of Algorithm 1; its line numbers stand in the comments."""
        config, batch = self.config, self.sampler.batch(rng)
        fake, fake_non_speech = self._generate(self.generator, batch)

        # Lines 4 and 5. Detached: this update must not reach the generator.
        losses = self._update_D_and_C(batch, fake.detach(), fake_non_speech.detach(), rng)

        # Line 6: the generator, judged by the discriminator and classifier just updated.
        freeze(self.trunk, self.discriminator, self.classifier)
        with self.runtime.autocast():
            features = self.trunk(self._augment(fake.float(), rng))
            D_fake, C_fake = self.discriminator(features), self.classifier(features)
        loss_G_adv = F.softplus(-D_fake.float()).mean()  # -log F_d(f^)
        loss_G_id = F.cross_entropy(C_fake.float(), batch.identities)
        loss = loss_G_adv + config.identity_weight * loss_G_id
        if with_picture:
            pictures = self.sampler.pictures(batch.voices, batch.identities, rng)
            losses["loss_G_picture"] = F.mse_loss(fake.float(), pictures)
            loss = loss + self.picture_weight * losses["loss_G_picture"]
        if len(batch.non_speech):
            losses["loss_G_blur"] = self._loss_blur(fake_non_speech.float())
            loss = loss + config.nobody_weight * losses["loss_G_blur"]
        self._update(self.G_adam, loss)
        likeliest = batch.identities.argmax(1) if batch.identities.ndim == 2 else batch.identities
        losses |= {
            "loss_G_adv": loss_G_adv,
            "loss_G_id": loss_G_id,
            "accuracy of generated": (C_fake.argmax(1) == likeliest).float().mean(),
        }
        return {name: loss.detach() for name, loss in losses.items()}

    def _generate(self, network: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
        """Faces of the batch's voices, and of its sounds that are no voice."""
        embeddings = torch.cat([batch.embedding, batch.non_speech])
        with self.runtime.autocast():
            voices, sounds = network(embeddings).split([len(batch.embedding), len(batch.non_speech)])
        return voices, sounds

    def _update_D_and_C(
        self,
        batch: Batch,
        fake: Tensor,
        fake_non_speech: Tensor,
        rng: torch.Generator,
        weights: tuple[float, float] = (1.0, 1.0),
    ) -> dict[str, Tensor]:
        """Lines 4 and 5: discriminator and classifier learn from real and generated faces; their losses.

        The trunk is run once over all of them; only real faces have an identity. `weights` are those of faces of
        voices and of other sounds.
        """
        freeze(self.trunk, self.discriminator, self.classifier, frozen=False)
        count = len(batch.faces)
        faces = [self._augment(batch.faces, rng), self._augment(fake.float(), rng), fake_non_speech.float()]
        with self.runtime.autocast():
            features = self.trunk(torch.cat(faces))
            logits, names = self.discriminator(features), self.classifier(features[:count])
        logits = logits.float().squeeze(1)
        labels, counts = torch.zeros_like(logits), torch.ones_like(logits)
        labels[:count] = 1.0
        counts[count : 2 * count], counts[2 * count :] = weights
        # -log F_d(f) - log(1 - F_d(f^)), on logits
        loss_D = 2 * F.binary_cross_entropy_with_logits(logits, labels, counts)
        loss_C = F.cross_entropy(names.float(), batch.face_identity)
        self._update(self.D_adam, loss_D + loss_C)
        real, generated = logits[: 2 * count].sigmoid().split(count)
        return {
            "loss_D": loss_D.detach(),
            "loss_C": loss_C.detach(),
            "D of real": real.mean().detach(),
            "D of generated": generated.mean().detach(),
            "accuracy of real": (names.argmax(1) == batch.face_identity).float().mean(),
        }

    def _last_step(self, index: int) -> dict[str, Tensor]:
        """Discriminator and classifier alone learn, of faces by G_ema, the generator that is kept."""
        rng = seeded_generator(self.runtime.device, self.config.seed, index)
        batch = self.sampler.batch(rng)
        with torch.no_grad():
            fake, fake_non_speech = self._generate(self.G_ema, batch)
        self.learning_rate.fill_(self.config.learning_rate / 4)
        return self._update_D_and_C(batch, fake, fake_non_speech, rng, LAST_WEIGHTS)

    def _penalise_gradient(self, rng: torch.Generator) -> None:
        """R1 (Mescheder et al., 2018): the discriminator's logit is made to change little around real faces."""
        freeze(self.trunk, self.discriminator, frozen=False)
        faces, _ = self.sampler.real_faces(self.sampler.face_rows(rng), rng)
        faces = self._augment(faces, rng).requires_grad_()
        with twice_differentiable():
            logits = self.discriminator(self.trunk(faces))
            (gradient,) = torch.autograd.grad(logits.sum(), faces, create_graph=True)
            penalty = gradient.square().sum(dim=(1, 2, 3)).mean()
            self._update(self.D_adam, self.config.r1 / 2 * R1_EVERY * penalty)

    def _loss_blur(self, faces: Tensor) -> Tensor:
        """How far faces of sounds that are no voice [sounds, 3, size, size] are from the blurred face."""
        assert self.sampler.blur is not None
        return F.l1_loss(faces, self.sampler.blur.expand_as(faces))

    def _update(self, adam: torch.optim.Adam, loss: Tensor) -> None:
        adam.zero_grad()
        loss.backward()
        self.processes.average_gradients(adam.param_groups[0]["params"])
        adam.step()

    def _augment(self, faces: Tensor, rng: torch.Generator) -> Tensor:
        if not self.config.augment:
            return faces
        if len(faces) == self.batch:
            return augment_faces(faces, rng, self.config.augment)
        # Among empty places for the others' faces, so that each is augmented as it would be in one process.
        around = (self.rows.start, self.batch - self.rows.stop)
        padded = F.pad(faces, (0, 0, 0, 0, 0, 0, *around))
        return augment_faces(padded, rng, self.config.augment)[self.rows]

    @torch.no_grad()
    def _update_G_ema(self, index: int) -> None:
        if self.G_ema is self.generator:
            return
        decay = min(self.config.average, (1 + index) / (10 + index))
        average: list[Tensor] = list(self.G_ema.parameters())
        latest: list[Tensor] = list(self.generator.parameters())
        torch._foreach_lerp_(average, latest, 1 - decay)

    def state(self) -> dict[str, Tensor]:
        state = prefixed("generator_adam", optimizer_state(self.G_adam))
        state |= prefixed("judge_adam", optimizer_state(self.D_adam))
        for name, network in self._networks().items():
            state |= prefixed(name, network.state_dict())
        return state

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        for name, network in self._networks().items():
            network.load_state_dict(without_prefix(name, state))
        load_optimizer_state(self.G_adam, without_prefix("generator_adam", state))
        load_optimizer_state(self.D_adam, without_prefix("judge_adam", state))
        for adam in (self.G_adam, self.D_adam):
            adam.param_groups[0]["lr"] = self.learning_rate  # loading made a copy
        self.graphs.reset()  # the optimizers' tensors are others now

    def _networks(self) -> dict[str, nn.Module]:
        """By their names in a checkpoint."""
        networks: dict[str, nn.Module] = {
            "generator": self.generator,
            "trunk": self.trunk,
            "discriminator": self.discriminator,
            "classifier": self.classifier,
        }
        if self.G_ema is not self.generator:
            networks["averaged"] = self.G_ema
        return networks

    def settings(self) -> dict[str, object]:
        settings = {**asdict(self.config), "store": self.pack.hashes[0], "encoder": self.pack.hashes[1]}
        del settings["steps"]  # no step depends on how many follow: a run may be resumed to go on for longer
        return settings

    @torch.no_grad()
    def sample_grid(self) -> Tensor:
        """A picture of eight women's and eight men's identities, then faces of three crops of each.

        Of those alone of whom there are voices; who is of unknown gender counts among the men.
        """
        sampler, female = self.sampler, torch.from_numpy(self.pack.voice_female)
        groups = (torch.nonzero(mask).squeeze(1) for mask in (female, ~female) if mask.any())
        voices = torch.cat([group[torch.arange(COLUMNS) * len(group) // COLUMNS] for group in groups])
        voices = voices.to(self.runtime.device)
        count = sampler.embeddings.shape[1]
        crops = [sampler.embeddings[voices, crop].float() for crop in (0, count // 2, count - 1)]
        faces = self.G_ema(unit(torch.cat(crops))).clamp(-1, 1)
        pictures = sampler.faces.pixels(sampler.faces_of[sampler.voice_identity[voices], 0])
        return grid(torch.cat([pictures, faces]), COLUMNS)

    def finish(self, folder: Path, step: int) -> dict[str, float]:
        """Write the model: encoder, G_ema, trunk, discriminator and classifier in one file."""
        faces_seen = max(0, step - self.portrait_steps) * self.batch  # generated, by the discriminator
        provenance = {
            "stage": "gan",
            "steps": str(step),
            "faces seen": str(faces_seen),
            "store": self.pack.hashes[0],
            "encoder": self.pack.hashes[1],
            TRAINED_ON: encode_people(self.pack.people),
        }
        networks = {
            "encoder": self.encoder,
            "generator": self.G_ema,
            "trunk": self.trunk,
            "discriminator": self.discriminator,
            "classifier": self.classifier,
        }
        save_networks(folder / WEIGHTS, networks, self.config.networks, provenance)
        return {"faces seen": float(faces_seen)}


def falling(index: int, after: int | None, over: int) -> float:
    """A factor of 1 until a step, from which it falls to 0 over so many."""
    return 1.0 if after is None else min(1.0, max(0.0, 1 - (index - after) / over))


def freeze(*modules: nn.Module, frozen: bool = True) -> None:
    """Take parameters out of (or put them back into) the next backward pass."""
    for module in modules:
        module.requires_grad_(not frozen)


def grid(faces: Tensor, columns: int) -> Tensor:
    """Faces [batch, 3, size, size] in [-1, 1] side by side -> uint8 [height, width, 3] on the CPU."""
    rows = faces.cpu().unflatten(0, (-1, columns)).permute(0, 3, 1, 4, 2)  # [rows, size, columns, size, 3]
    return (rows.flatten(0, 1).flatten(1, 2) * 127.5 + 127.5).round().to(torch.uint8)
