"""What an iteration of Algorithm 1 samples from a training pack (lines 2 and 3), and what its faces are compared with.

All of it depends on the random numbers handed in alone. Of several processes each samples the whole batch and keeps
its own rows.
"""

from math import inf
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from v2f.models import unit
from v2f.models.pixels import as_input
from v2f.training.batches import Faces, coins, mirror, uniform
from v2f.training.memory import Ahead
from v2f.training.pack import Pack
from v2f.training.presets import AdversarialConfig
from v2f.training.seeding import seeded_generator


class Batch(NamedTuple):
    """What one iteration samples. `voices` are of all processes together, the rest is this one's part."""

    voices: Tensor  # int [batch], rows of the pack
    embedding: Tensor  # [n, 64], unit length
    identities: Tensor  # that the voices' faces should have: int [n]
    faces: Tensor  # real ones [n, 3, size, size]
    face_identity: Tensor  # int [n]


class PackSampler:
    """A training pack in a device's memory; its faces stay on the disk where the pack was opened so."""

    def __init__(self, pack: Pack, config: AdversarialConfig, device: torch.device, rows: slice) -> None:
        """`rows` are those of a batch that this process keeps."""
        self.config, self.device, self.rows = config, device, rows
        self.faces = Faces(pack.faces, device, limit=-1 if isinstance(pack.faces, np.memmap) else inf)
        self.read: Tensor | None = None  # the faces of the iteration, where they come from the disk
        if not self.faces.resident:
            own = len(range(*rows.indices(config.batch)))
            self.read = torch.empty((own, *pack.faces.shape[1:]), dtype=torch.uint8, device=device)
            self.ahead = Ahead(self._faces_of, device, config.steps)
        self.face_identity = torch.from_numpy(pack.face_identity.astype(np.int64)).to(device)
        self.embeddings = torch.from_numpy(pack.embeddings).to(device)  # float16 [voices, crops, 64]
        self.voice_identity = torch.from_numpy(pack.voice_identity.astype(np.int64)).to(device)
        self.faces_of = _faces_of_identities(pack).to(device)

    def prepare(self, step: int) -> None:
        """Have an iteration's faces at hand where they come from the disk: those that `batch` draws by (seed, step)."""
        if self.read is not None:
            self.read.copy_(self.ahead(step))  # in one place, where a CUDA graph looks for it

    def _faces_of(self, step: int) -> Tensor:
        """This process's part of an iteration's faces, as they are stored, drawn as in `batch`."""
        rng = seeded_generator(self.device, self.config.seed, step)
        self.voice_rows(rng)
        return self.faces.read(self.face_rows(rng)[self.rows])

    def batch(self, rng: torch.Generator) -> Batch:
        """Lines 2 and 3: n voice recordings and m face images."""
        voices, rows = self.voice_rows(rng), self.face_rows(rng)
        embedding, identities = self.embed(voices, rng)
        faces, face_identity = self.real_faces(rows, rng, self.read)
        return Batch(voices, embedding, identities, faces, face_identity)

    def voice_rows(self, rng: torch.Generator) -> Tensor:
        """A batch of voices, rows of the pack [batch]."""
        return self._sample(len(self.embeddings), rng)

    def face_rows(self, rng: torch.Generator) -> Tensor:
        """A batch of faces, rows of the pack [batch]."""
        return self._sample(len(self.faces), rng)

    def real_faces(
        self, rows: Tensor, rng: torch.Generator, read: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Faces [n, 3, size, size], some of them mirrored, and whose they are [n]; `read`, as they are stored."""
        mirrored, rows = coins(len(rows), rng)[self.rows], rows[self.rows]
        faces = self.faces.pixels(rows) if read is None else as_input(read)
        return mirror(faces, mirrored), self.face_identity[rows]

    def embed(self, voices: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """A random crop's embedding of each voice, with noise, of unit length [n, 64]; whose faces they ask for [n]."""
        crops = self._sample(self.embeddings.shape[1], rng)
        embedding = self.with_noise(unit(self.embeddings[voices, crops].float()), rng)
        return embedding[self.rows], self.voice_identity[voices][self.rows]

    def with_noise(self, embedding: Tensor, rng: torch.Generator) -> Tensor:
        """Embeddings [n, 64] with noise on each component, of unit length again."""
        noise = torch.randn(embedding.shape, generator=rng, device=self.device)
        return unit(embedding + self.config.embedding_noise * noise)

    def pictures(self, voices: Tensor, rng: torch.Generator) -> Tensor:
        """What the voices' faces are compared with: pictures of their identities [n, 3, size, size]."""
        of = self.faces_of[self.voice_identity[voices]]
        place = (uniform(0, 1, len(voices), rng)[:, None] * (of >= 0).sum(dim=1, keepdim=True)).long()
        return self.faces.pixels(of.gather(1, place).squeeze(1)[self.rows])

    def _sample(self, count: int, rng: torch.Generator) -> Tensor:
        """A batch of numbers below `count`, all as likely."""
        return torch.randint(count, (self.config.batch,), generator=rng, device=self.device)


def _faces_of_identities(pack: Pack) -> Tensor:
    """Face rows by identity [identities, most faces], filled up with -1."""
    order, counts = np.argsort(pack.face_identity, kind="stable"), np.bincount(pack.face_identity)
    faces = np.split(order, np.cumsum(counts)[:-1])
    table = np.full((pack.identities, max(map(len, faces))), -1)
    for row, indices in zip(table, faces, strict=True):
        row[: len(indices)] = indices
    return torch.from_numpy(table)
