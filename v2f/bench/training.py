"""What a step of Algorithm 1 costs, against the plain way and against what the machine could do.

The plain way has float32 throughout, the trunk run by itself for each of five losses, Adam a parameter at a time, and
a loader that makes a batch sample by sample. Both are given the same embeddings: what the frozen encoder costs, which
the plain way would run in every step, is left out.
"""

from dataclasses import replace
from statistics import median

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from v2f.bench.faces import machine_rates, milliseconds
from v2f.bench.turns import Line, in_turns, ratio
from v2f.models import Classifier, Discriminator, FaceTrunk, Generator, Runtime, VoiceEncoder, unit
from v2f.training.adversarial import PRESETS, AdversarialTask
from v2f.training.pack import Pack

ROUNDS = 5
FACES, VOICES, CROPS, IDENTITIES = 2048, 512, 8, 128  # of the made pack; what they show makes no difference


class PlainWay:
    """Algorithm 1 as the paper writes it."""

    def __init__(self, pack: Pack, batch: int) -> None:
        self.pack, self.batch, self.rng = pack, batch, np.random.default_rng(0)
        self.generator, self.trunk = Generator(), FaceTrunk()
        self.discriminator, self.classifier = Discriminator(), Classifier(pack.identities)
        judges = [*self.trunk.parameters(), *self.discriminator.parameters(), *self.classifier.parameters()]
        self.generator_adam, self.judge_adam = (
            torch.optim.Adam(parameters, 2e-4, (0.5, 0.999), foreach=False)  # Sec. 4
            for parameters in (list(self.generator.parameters()), judges)
        )

    def step(self) -> None:
        """One iteration: the judges, then the generator."""
        embeddings, speakers = self.voices()
        faces, people = self.faces()
        fake = self.generator(embeddings)
        real_loss = F.softplus(-self.discriminator(self.trunk(faces))).mean()
        fake_loss = F.softplus(self.discriminator(self.trunk(fake.detach()))).mean()
        name_loss = F.cross_entropy(self.classifier(self.trunk(faces)), people)
        self.judge_adam.zero_grad()
        (real_loss + fake_loss + name_loss).backward()
        self.judge_adam.step()
        fooling = F.softplus(-self.discriminator(self.trunk(fake))).mean()
        likeness = F.cross_entropy(self.classifier(self.trunk(fake)), speakers)
        self.generator_adam.zero_grad()
        (fooling + likeness).backward()
        self.generator_adam.step()

    def voices(self) -> tuple[Tensor, Tensor]:
        """Embeddings [batch, 64] and identities [batch], one by one."""
        rows = [int(self.rng.integers(len(self.pack.embeddings))) for _ in range(self.batch)]
        drawn = []
        for row in rows:
            embedding = self.pack.embeddings[row, self.rng.integers(CROPS)].astype(np.float32)
            drawn.append(torch.from_numpy(embedding + 0.05 * self.rng.standard_normal(64).astype(np.float32)))
        return unit(torch.stack(drawn)), torch.tensor([int(self.pack.voice_identity[row]) for row in rows])

    def faces(self) -> tuple[Tensor, Tensor]:
        """Faces [batch, 3, 64, 64] and identities [batch], one by one."""
        rows = [int(self.rng.integers(len(self.pack.faces))) for _ in range(self.batch)]
        drawn = []
        for row in rows:
            face = (self.pack.faces[row].astype(np.float32) - 127.5) / 127.5
            face = face[:, ::-1] if self.rng.random() < 0.5 else face
            drawn.append(torch.from_numpy(face.transpose(2, 0, 1).copy()))
        return torch.stack(drawn), torch.tensor([int(self.pack.face_identity[row]) for row in rows])


def measure(batch: int) -> list[Line]:
    """A step of the paper's preset at this batch, both ways in turns, and how near ours is to the machine's floor."""
    pack, runtime = made_pack(), Runtime.choose()
    config = replace(PRESETS["paper"], batch=batch)
    task, by_hand = AdversarialTask(pack, VoiceEncoder(), config, runtime), PlainWay(pack, batch)

    def ours() -> None:
        task.step(0)["fooling"].item()  # waits for a GPU

    took = in_turns({"ours": ours, "plain": by_hand.step}, ROUNDS)
    with FlopCounterMode(display=False) as counter:
        task.step(0)
    operations, rate = counter.get_total_flops(), machine_rates(runtime.precision)[0]
    step = median(took["ours"])
    return [
        Line(f"step of Algorithm 1, batch {batch}", milliseconds(took["ours"])),
        Line("the plain way", milliseconds(took["plain"])),
        Line("ours against the plain way", ratio(took["plain"], took["ours"])),
        Line("faces a second", f"{batch / step:,.0f}"),
        Line(
            "floor",
            f"{1000 * operations / rate:.0f} ms: {operations / 1e9:,.0f} Gflop at {rate / 1e9:,.0f} Gflop/s",
        ),
        Line("its share of our step", f"{operations / rate / step:.0%}"),
    ]


def made_pack() -> Pack:
    """A training pack of random pictures and unit embeddings."""
    rng = np.random.default_rng(0)
    embeddings = rng.standard_normal((VOICES, CROPS, 64)).astype(np.float32)
    embeddings /= np.linalg.norm(embeddings, axis=2, keepdims=True)
    return Pack(
        faces=rng.integers(0, 256, (FACES, 64, 64, 3), dtype=np.uint8),
        face_identity=np.arange(FACES, dtype=np.int32) % IDENTITIES,
        embeddings=embeddings.astype(np.float16),
        voice_identity=np.arange(VOICES, dtype=np.int32) % IDENTITIES,
        voice_female=np.arange(VOICES) % 2 == 0,
        people=np.array(["made"]),
        hashes=("made", "made"),
    )
