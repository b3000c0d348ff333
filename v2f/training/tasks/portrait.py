"""Stage two of the bundled model: a portrait generator's detail, then discriminator and classifier.

    v2f train portrait --data PACK --encoder ENCODER --out RUN

Where a voice's face lies among composite portraits is solved for (v2f/data/demo/places.py). Learned are, from portraits
and their own smooth versions,

* detail: a portrait's texture at its place among the components, in its own shape, is made sharp again (mean absolute
  distance), and a patch discriminator (Isola et al., 2017) tells refined pictures from photographs;
* presence: which embeddings are those of voices, and which of other sounds (v2f/audio/non_speech.py).

In the last steps the trunk, discriminator and classifier of Table 2 learn as in lines 4 and 5 of Algorithm 1, from
faces of voices and of other sounds by G_ema, the generator that is kept.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from v2f.errors import CorpusError
from v2f.models import (
    TRAINED_ON,
    Classifier,
    Discriminator,
    Encoder,
    FaceTrunk,
    NetworkConfig,
    Runtime,
    encode_people,
    save_networks,
)
from v2f.models.networks import LEAKY_SLOPE
from v2f.models.pixels import as_input
from v2f.models.portrait_generator import PortraitGenerator, warp
from v2f.models.weights import FITTED
from v2f.training.augment import augment_faces
from v2f.training.batches import flip, image_size, uniform
from v2f.training.checkpoint import load_optimizer_state, optimizer_state, prefixed, without_prefix
from v2f.training.pack import Pack
from v2f.training.portraits import BLUR, blurred
from v2f.training.presets import AdversarialConfig
from v2f.training.sampling import PackSampler
from v2f.training.seeding import seeded_generator
from v2f.training.tasks.adversarial import COLUMNS, WEIGHTS, falling, freeze, grid

NEAREST = 0.25  # of a portrait's way from the mean, to which it is brought at most
R1, R1_EVERY = 0.08, 8  # weight of the gradient penalty on the patch discriminator, and the steps between two
STRIDE = 8  # pixels between two patches
PRESENCE_BATCH = 256  # embeddings of voices, and of other sounds
# Of faces of voices and of other sounds in the last steps: the score tells both from photographs, the latter further.
LAST_WEIGHTS = (0.1, 8.0)


@dataclass(frozen=True)
class PortraitConfig:
    """Settings of the task."""

    steps: int = 2_800
    last_steps: int = 400  # of these, of trunk, discriminator and classifier alone
    batch: int = 10  # portraits in a step
    last_batch: int = 24  # faces of each kind in a last step
    learning_rate: float = 1e-3
    last_learning_rate: float = 2e-4
    betas: tuple[float, float] = (0.5, 0.99)
    adversarial_weight: float = 0.12
    average: float = 0.995  # decay of G_ema
    networks: NetworkConfig = NetworkConfig(encoder="fused", generator="portrait", image_size=128)
    seed: int = 0


class PortraitTask:
    """Detail, presence, and the last steps, on a training pack with components."""

    name = "portrait"

    def __init__(self, pack: Pack, encoder: Encoder, config: PortraitConfig, runtime: Runtime) -> None:
        if pack.directions is None:
            raise CorpusError("The pack holds no composite portraits; make it with `v2f train pack --pairs`.")
        self.pack, self.encoder, self.config, self.runtime = pack, encoder, config, runtime
        self.batch, device = config.batch, runtime.device
        self.networks = replace(config.networks, image_size=image_size(pack.faces, "The pack", "portrait"))
        settings = AdversarialConfig(batch=config.last_batch)
        self.sampler = PackSampler(pack, settings, device, slice(0, config.last_batch))
        self.portraits = _Smooth(pack, device)
        with torch.random.fork_rng():
            torch.manual_seed(config.seed)
            self.generator = runtime.place(PortraitGenerator(self.networks))
            self.patches = runtime.place(PatchDiscriminator())
            self.trunk = runtime.place(FaceTrunk(self.networks))
            self.discriminator = runtime.place(Discriminator(self.networks))
            self.classifier = runtime.place(Classifier(pack.identities, self.networks))
        self._fit_generator()
        self.G_ema = runtime.place(PortraitGenerator(self.networks)).eval()
        self.G_ema.load_state_dict(self.generator.state_dict())
        judges = [*self.trunk.parameters(), *self.discriminator.parameters(), *self.classifier.parameters()]
        self.G_adam, self.patches_adam, self.judge_adam = (
            torch.optim.Adam(parameters, config.learning_rate, config.betas)
            for parameters in (list(self.generator.parameters()), list(self.patches.parameters()), judges)
        )

    def _fit_generator(self) -> None:
        pack, portraits = self.pack, self.generator.portraits
        assert pack.textures is not None and pack.flows is not None and pack.directions is not None
        textures = torch.from_numpy(pack.textures).float()
        to_blur = blurred(textures[0], BLUR * pack.faces.shape[1] // 64) - textures[0]
        portraits.textures.copy_(torch.cat([textures, to_blur[None]]).flatten(1))
        portraits.flows.copy_(torch.from_numpy(pack.flows).float().flatten(1))
        self.generator.directions.copy_(torch.from_numpy(pack.directions))

    def step(self, index: int) -> dict[str, Tensor]:
        """Detail and presence, or in the last steps trunk, discriminator and classifier."""
        rng = seeded_generator(self.runtime.device, self.config.seed, index)
        detail_steps = self.config.steps - self.config.last_steps
        if index >= detail_steps:
            return self._last_step(rng)
        rate = min(1, (index + 1) / 50) * falling(index, detail_steps * 3 // 5, detail_steps * 2 // 5 + 1)
        for adam, share in ((self.G_adam, 1.0), (self.patches_adam, 0.5)):
            adam.param_groups[0]["lr"] = self.config.learning_rate * share * rate
        smooth, sharp = self.portraits.pairs(self.batch, rng)
        with self.runtime.autocast():
            refined = smooth + self.generator.detail(smooth).float()
        losses = {"loss_D": self._update_patches(refined.detach(), rng, index)}
        freeze(self.patches)
        with self.runtime.autocast():
            logits = self.patches(_shifted(refined, rng))
        losses["loss_G_adv"] = F.softplus(-logits.float()).mean()
        losses["loss_G_l1"] = F.l1_loss(refined, sharp)
        losses["loss_presence"] = self._loss_presence(rng)
        adversarial = self.config.adversarial_weight * min(1.0, max(0.0, (index - 50) / 200))
        loss = losses["loss_G_l1"] + adversarial * losses["loss_G_adv"] + losses["loss_presence"]
        _update(self.G_adam, loss)
        self._update_G_ema(index)
        return {name: loss.detach() for name, loss in losses.items()}

    def _update_patches(self, refined: Tensor, rng: torch.Generator, index: int) -> Tensor:
        """The patch discriminator learns from photographs and refined pictures; its loss."""
        freeze(self.patches, frozen=False)
        photographs = _shifted(self.portraits.pairs(self.batch, rng)[1], rng)
        refined = _shifted(refined, rng)
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
        """Binary cross-entropy of voices' embeddings and those of other sounds, half and half."""
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
            fake = self.G_ema(torch.cat([embedding, sounds])).float()
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

    @torch.no_grad()
    def _update_G_ema(self, index: int) -> None:
        decay = min(self.config.average, (1 + index) / (10 + index))
        average: list[Tensor] = list(self.G_ema.parameters())
        torch._foreach_lerp_(average, list(self.generator.parameters()), 1 - decay)

    def state(self) -> dict[str, Tensor]:
        state: dict[str, Tensor] = {}
        for name, adam in self._optimizers().items():
            state |= prefixed(name, optimizer_state(adam))
        for name, network in self._networks().items():
            state |= prefixed(name, network.state_dict())
        return state

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        for name, network in self._networks().items():
            network.load_state_dict(without_prefix(name, state))
        for name, adam in self._optimizers().items():
            load_optimizer_state(adam, without_prefix(name, state))

    def _optimizers(self) -> dict[str, torch.optim.Adam]:
        return {
            "generator_adam": self.G_adam,
            "patches_adam": self.patches_adam,
            "judge_adam": self.judge_adam,
        }

    def _networks(self) -> dict[str, nn.Module]:
        """By their names in a checkpoint."""
        return {
            "generator": self.generator,
            "averaged": self.G_ema,
            "patches": self.patches,
            "trunk": self.trunk,
            "discriminator": self.discriminator,
            "classifier": self.classifier,
        }

    def settings(self) -> dict[str, object]:
        return {**asdict(self.config), "store": self.pack.hashes[0], "encoder": self.pack.hashes[1]}

    @torch.no_grad()
    def sample_grid(self) -> Tensor:
        """Faces of eight voices, smooth and refined, then eight portraits: smooth, refined, and photographs."""
        rng = seeded_generator(self.runtime.device, self.config.seed, 0)
        embedding = self.sampler.some_voices(COLUMNS, rng)
        smooth, sharp = self.portraits.pairs(COLUMNS, rng)
        portraits = self.G_ema.portrait(embedding)
        rows = [portraits, self.G_ema(embedding), smooth, smooth + self.G_ema.detail(smooth), sharp]
        return grid(torch.cat(rows).clamp(-1, 1), COLUMNS)

    def finish(self, folder: Path, step: int) -> dict[str, float]:
        """Write the model: encoder, G_ema, trunk, discriminator and classifier in one file."""
        provenance = {
            "stage": "portrait",
            "steps": str(step),
            "store": self.pack.hashes[0],
            "encoder": self.pack.hashes[1],
            FITTED: "dlib, FaceRes",
            TRAINED_ON: encode_people(self.pack.people),
        }
        networks = {
            "encoder": self.encoder,
            "generator": self.G_ema,
            "trunk": self.trunk,
            "discriminator": self.discriminator,
            "classifier": self.classifier,
        }
        save_networks(folder / WEIGHTS, networks, self.networks, provenance)
        return {"portraits seen": float(self.batch * (self.config.steps - self.config.last_steps))}


class PatchDiscriminator(nn.Sequential):
    """Pictures [batch, 3, size, size] -> logits [batch, 1, size / 8, size / 8] that patches are of photographs."""

    def __init__(self) -> None:
        super().__init__(
            nn.PixelUnshuffle(2),
            nn.Conv2d(12, 32, 3, 1, 1),
            nn.LeakyReLU(LEAKY_SLOPE),
            nn.Conv2d(32, 64, 3, 2, 1),
            nn.LeakyReLU(LEAKY_SLOPE),
            nn.Conv2d(64, 96, 3, 2, 1),
            nn.LeakyReLU(LEAKY_SLOPE),
            nn.Conv2d(96, 1, 3, 1, 1),
        )
        for layer in self:
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, LEAKY_SLOPE)


class _Smooth:
    """A pack's detailed portraits, and their smooth versions: their places' textures in their own shapes."""

    def __init__(self, pack: Pack, device: torch.device) -> None:
        assert pack.portraits is not None and pack.own_flows is not None and pack.places is not None
        assert pack.textures is not None
        self.faces = torch.from_numpy(pack.faces[pack.portraits]).to(device)
        self.flows = torch.from_numpy(pack.own_flows).to(device)  # float16 [portraits, 2, 64, 64]
        self.textures = torch.from_numpy(pack.textures).to(device).float()  # [65, 3, size, size]
        self.places = torch.from_numpy(pack.places).to(device).float()  # [portraits, 64]

    def pairs(self, count: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Random portraits, smooth and sharp, [count, 3, size, size] each, some of them mirrored.

        Voices' places are nearer to the mean than portraits' are. So each portrait is brought nearer by a random share:
        its smooth version is drawn there, and what that lacked of the portrait is put on top.
        """
        chosen = torch.randint(len(self.faces), (count,), generator=rng, device=rng.device)
        share = uniform(NEAREST, 1.0, count, rng)[:, None]
        own, nearer = self._draw(chosen, torch.ones_like(share)), self._draw(chosen, share)
        sharp = (as_input(self.faces[chosen]) - own + nearer).clamp(-1, 1)
        smooth, sharp = flip(torch.cat([nearer, sharp], dim=1), rng).split(3, dim=1)
        return smooth, sharp

    def _draw(self, chosen: Tensor, share: Tensor) -> Tensor:
        """Textures at shares [count, 1] of the places of portraits [count], in their own shapes."""
        weights = torch.cat([torch.ones_like(share), share * self.places[chosen]], dim=1)
        textures = (weights @ self.textures.flatten(1)).view(-1, *self.textures.shape[1:])
        return warp(textures, self.flows[chosen].float()).clamp(-1, 1)


def _shifted(pictures: Tensor, rng: torch.Generator) -> Tensor:
    """Pictures [batch, 3, size, size] moved around by less than a patch, so that no pixel lies in a known place."""
    shift = torch.randint(STRIDE, (2,), generator=rng, device=rng.device).tolist()
    return pictures.roll(shift, dims=(2, 3))


def _update(adam: torch.optim.Adam, loss: Tensor) -> None:
    adam.zero_grad()
    loss.backward()
    adam.step()
