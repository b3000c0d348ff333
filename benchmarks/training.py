"""What a step of Algorithm 1 costs, against the plain way and against what the machine could do.

The plain way has float32 throughout, the trunk run by itself for each of five losses, Adam as PyTorch has it by
default, and a loader that makes a batch sample by sample. Both are given the same embeddings: what the frozen
encoder costs, which the plain way would run in every step, is left out.
"""

from dataclasses import replace
from statistics import median

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.rates import Rates, Work, waiting
from benchmarks.tables import Titled, fact
from benchmarks.turns import beside, in_turns
from v2f.models import Classifier, Discriminator, FaceTrunk, Generator, Runtime, VoiceEncoder, unit
from v2f.training.pack import Pack
from v2f.training.tasks.adversarial import PRESETS, AdversarialTask

ROUNDS = 5
ADAM_BYTES = (
    28  # a parameter: itself, its gradient and two moments read, all but the gradient written, in float32
)
CROPS = 8  # embeddings a voice of the made pack


class PlainWay:
    """Algorithm 1 as the paper writes it; batches are made by the processor, one sample after another."""

    def __init__(self, pack: Pack, batch: int, device: torch.device) -> None:
        self.pack, self.batch, self.device, self.rng = pack, batch, device, np.random.default_rng(0)
        with device:
            self.generator, self.trunk = Generator(), FaceTrunk()
            self.discriminator, self.classifier = Discriminator(), Classifier(pack.identities)
        judges = [*self.trunk.parameters(), *self.discriminator.parameters(), *self.classifier.parameters()]
        self.generator_adam, self.judge_adam = (
            torch.optim.Adam(parameters, 2e-4, (0.5, 0.999))  # Sec. 4
            for parameters in (list(self.generator.parameters()), judges)
        )

    def step(self) -> None:
        """One iteration: the judges, then the generator."""
        embeddings, speakers = (drawn.to(self.device) for drawn in self.voices())
        faces, people = (drawn.to(self.device) for drawn in self.faces())
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
            embedding = self.pack.embeddings[row, self.rng.integers(self.pack.embeddings.shape[1])].astype(
                np.float32
            )
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


def measure(batch: int) -> list[Titled]:
    """A step of the paper's preset at this batch, both ways in turns, and how near ours is to the machine's floor."""
    runtime = Runtime.choose()
    rates, pack = Rates.measure(runtime), made_pack()
    task, by_hand = make_task(pack, batch, runtime), PlainWay(pack, batch, runtime.device)
    ways = {"ours": lambda: task.step(0), "plain": by_hand.step}
    took = in_turns(ways, ROUNDS, wait=waiting(runtime.device))
    rows = [beside(f"step of Algorithm 1, batch {batch}", took, step_work(batch, pack.identities), rates)]
    facts = [fact("faces a second", f"{batch / median(took['ours']):,.0f}"), *rates.rows()]
    return [("What a training step costs", rows), ("What the machine reaches", facts)]


def make_task(
    pack: Pack, batch: int, runtime: Runtime, preset: str = "paper", seed: int = 0
) -> AdversarialTask:
    """Our way, with a preset's settings but for the batch and the seed."""
    config = replace(PRESETS[preset], batch=batch, seed=seed)
    return AdversarialTask(pack, VoiceEncoder(), config, runtime)


def step_work(batch: int, identities: int) -> Work:
    """Of one step, the trunk run once over real and made faces; bytes are what Adam cannot but read and write.

    Counted on the processor at a batch of two, because a GPU may run a step as a graph, which hides its operations.
    """
    task = make_task(made_pack(identities=identities), 2, Runtime(torch.device("cpu"), "float32"))
    with FlopCounterMode(display=False) as counter:
        task.step(0)
    return Work(counter.get_total_flops() * batch / 2, ADAM_BYTES * gradient_bytes(task) / 4)


def gradient_bytes(task: AdversarialTask) -> int:
    """Bytes of all gradients of a step, in float32: what several processes have to add up."""
    networks: list[nn.Module] = [task.generator, task.trunk, task.discriminator, task.classifier]
    return 4 * sum(parameter.numel() for network in networks for parameter in network.parameters())


def made_pack(faces: int = 2048, voices: int = 512, identities: int = 128) -> Pack:
    """A training pack of random pictures and unit embeddings; what they show makes no difference to the time."""
    rng = np.random.default_rng(0)
    embeddings = rng.standard_normal((voices, CROPS, 64), dtype=np.float32)
    embeddings /= np.linalg.norm(embeddings, axis=2, keepdims=True)
    return Pack(
        faces=rng.integers(0, 256, (faces, 64, 64, 3), dtype=np.uint8),
        face_identity=np.arange(faces, dtype=np.int32) % identities,
        embeddings=embeddings.astype(np.float16),
        voice_identity=np.arange(voices, dtype=np.int32) % identities,
        voice_female=np.arange(voices) % 2 == 0,
        people=np.array(["made"]),
        hashes=("made", "made"),
    )
