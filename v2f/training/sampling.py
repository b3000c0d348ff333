"""What an iteration of Algorithm 1 samples from a training pack (lines 2 and 3), and what its faces are compared with.

All of it depends on the random numbers handed in alone. Of several processes each samples the whole batch and keeps
its own rows. With a soft pairing a voice has a probability for each identity, instead of one identity.
"""

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from v2f.models import unit
from v2f.training.batches import Faces, uniform
from v2f.training.pack import Pack
from v2f.training.portraits import Composites
from v2f.training.presets import AdversarialConfig

VOICES_A_SOUND = 8  # voices in a batch for each sound that is no voice


class Batch(NamedTuple):
    """What one iteration samples. `voices` are of all processes together, the rest is this one's part."""

    voices: Tensor  # int [batch], rows of the pack
    embedding: Tensor  # [n, 64], unit length
    identities: Tensor  # that the voices' faces should have: int [n], or probabilities [n, identities]
    faces: Tensor  # real ones [n, 3, size, size]
    face_identity: Tensor  # int [n]
    non_speech: Tensor  # [sounds, 64], embeddings of sounds that are no voice


class PackSampler:
    """A training pack in a device's memory.

    Attributes:
        composites: the identities' composite portraits, if the pack has them.
        blur: the blurred face [3, size, size] of sounds that are no voice; None without such sounds.
    """

    def __init__(self, pack: Pack, config: AdversarialConfig, device: torch.device, rows: slice) -> None:
        """`rows` are those of a batch that this process keeps."""
        self.config, self.device, self.rows = config, device, rows
        self.faces = Faces(pack.faces, device)
        self.face_identity = torch.from_numpy(pack.face_identity.astype(np.int64)).to(device)
        self.embeddings = torch.from_numpy(pack.embeddings).to(device)  # float16 [voices, crops, 64]
        self.voice_identity = torch.from_numpy(pack.voice_identity.astype(np.int64)).to(device)
        self.voice_female = torch.from_numpy(pack.voice_female).to(device)
        self.pairing = None if pack.pairing is None else torch.from_numpy(pack.pairing).to(device)
        self.voice_cdf, self.face_cdf = (
            None if weight is None else torch.from_numpy(weight).double().cumsum(0).to(device)
            for weight in (pack.voice_weight, pack.face_weight)
        )
        self.faces_of = _faces_of_identities(pack).to(device)
        self.composites = self.non_speech_embeddings = self.blur = None
        self.sounds = None if pack.no_voice is None else torch.from_numpy(pack.no_voice).to(device)
        if pack.textures is not None and pack.flows is not None and pack.directions is None:
            self.composites = Composites(pack.textures, pack.flows, device)
            if self.sounds is not None and config.nobody_weight:
                self.non_speech_embeddings = self.sounds
                self.blur = self.composites.blur
        self.mean_mixture = torch.empty(0, device=device)
        if self.composites and self.pairing is not None:
            weight = torch.ones(len(self.pairing))
            if pack.voice_weight is not None:
                weight = torch.from_numpy(pack.voice_weight)
            self.mean_mixture = F.normalize(
                weight.to(device) @ self._sharpen(self.pairing.float()), p=1, dim=0
            )

    def batch(self, rng: torch.Generator) -> Batch:
        """Lines 2 and 3: n voice recordings and m face images."""
        voices, rows = self.voice_rows(rng), self.face_rows(rng)
        embedding, identities = self.embed(voices, rng)
        faces, face_identity = self.real_faces(rows, rng)
        return Batch(voices, embedding, identities, faces, face_identity, self.non_speech(rng))

    def voice_rows(self, rng: torch.Generator) -> Tensor:
        """A batch of voices, rows of the pack [batch]."""
        return self._sample(len(self.embeddings), rng, self.voice_cdf)

    def face_rows(self, rng: torch.Generator) -> Tensor:
        """A batch of faces, rows of the pack [batch]."""
        return self._sample(len(self.faces), rng, self.face_cdf)

    def real_faces(self, rows: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Faces [n, 3, size, size], some of them mirrored, and whose they are [n]."""
        return self.faces(rows, rng)[self.rows], self.face_identity[rows[self.rows]]

    def embed(self, voices: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """A random crop's embedding of each voice, with noise, of unit length [n, 64]; the identities it asks for.

        These are labels [n], or with a soft pairing probabilities [n, identities]; then some embeddings lie between
        two voices of one gender, and so do their probabilities.
        """
        crops = self._sample(self.embeddings.shape[1], rng)
        embedding, identities = unit(self.embeddings[voices, crops].float()), self.voice_identity[voices]
        if self.pairing is not None:
            identities = self.pairing[voices].float()
            if self.config.mixed:
                # The next of the same gender in a random order.
                female = self.voice_female[voices]
                order = torch.argsort(female + uniform(0, 0.9, len(voices), rng))
                other = torch.empty_like(order).scatter_(0, order, order.roll(1))
                mixed = (uniform(0, 1, len(voices), rng) < self.config.mixed) & (female == female[other])
                share = (uniform(0, 1, len(voices), rng) * mixed)[:, None]
                embedding = unit(torch.lerp(embedding, embedding[other], share))
                identities = torch.lerp(identities, identities[other], share)
        noise = torch.randn(embedding.shape, generator=rng, device=self.device)
        return unit(embedding + self.config.embedding_noise * noise)[self.rows], identities[self.rows]

    def non_speech(self, rng: torch.Generator) -> Tensor:
        """Embeddings of sounds that are no voice [n // VOICES_A_SOUND, 64]; none without a blurred face for them."""
        if self.non_speech_embeddings is None:
            return self.embeddings.new_empty(0, self.embeddings.shape[2], dtype=torch.float32)
        rows = self._sample(len(self.non_speech_embeddings), rng)[self.rows][::VOICES_A_SOUND]
        return unit(self.non_speech_embeddings[rows].float())

    def some_voices(self, count: int, rng: torch.Generator) -> Tensor:
        """Embeddings [count, 64] of random crops of random voices, with noise, of unit length."""
        voices, crops = (
            torch.randint(size, (count,), generator=rng, device=self.device)
            for size in self.embeddings.shape[:2]
        )
        embedding = unit(self.embeddings[voices, crops].float())
        noise = torch.randn(embedding.shape, generator=rng, device=self.device)
        return unit(embedding + self.config.embedding_noise * noise)

    def some_sounds(self, count: int, rng: torch.Generator) -> Tensor:
        """Embeddings [count, 64] of sounds that are no voice, of unit length, from a pack that has them."""
        assert self.sounds is not None
        rows = torch.randint(len(self.sounds), (count,), generator=rng, device=self.device)
        return unit(self.sounds[rows].float())

    def pictures(self, voices: Tensor, identities: Tensor, rng: torch.Generator) -> Tensor:
        """What the voices' faces are compared with [n, 3, size, size]: composites, or pictures of their identities."""
        if self.composites:
            return self.composites(self.mixture(identities))
        of = self.faces_of[self.voice_identity[voices]]
        place = (uniform(0, 1, len(voices), rng)[:, None] * (of >= 0).sum(dim=1, keepdim=True)).long()
        return self.faces.pixels(of.gather(1, place).squeeze(1)[self.rows])

    def mixture(self, identities: Tensor) -> Tensor:
        """Shares of a composite [n, identities], some below 0: those of probabilities, sharpened, exaggerated."""
        return torch.lerp(self.mean_mixture, self._sharpen(identities), self.config.exaggeration)

    def _sharpen(self, identities: Tensor) -> Tensor:
        return F.normalize(identities**self.config.sharpness, p=1, dim=1)

    def _sample(self, count: int, rng: torch.Generator, cdf: Tensor | None = None) -> Tensor:
        """A batch of numbers below `count`, all as likely, or by weights whose sums so far are `cdf` [count]."""
        if cdf is None:
            return torch.randint(count, (self.config.batch,), generator=rng, device=self.device)
        place = torch.rand(self.config.batch, generator=rng, device=self.device, dtype=cdf.dtype) * cdf[-1]
        return torch.searchsorted(cdf, place, right=True).clamp(max=count - 1)


def _faces_of_identities(pack: Pack) -> Tensor:
    """Face rows by identity [identities, most faces], filled up with -1."""
    faces = [np.flatnonzero(pack.face_identity == label) for label in range(pack.identities)]
    table = np.full((pack.identities, max(map(len, faces))), -1)
    for row, indices in zip(table, faces, strict=True):
        row[: len(indices)] = indices
    return torch.from_numpy(table)
