"""Trained classifiers that an evaluation asks: the gender classifier of Sec. 4.2 and the matchers of Table 3."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import torch
from torch import Tensor

from v2f.errors import WeightsError
from v2f.models.networks import GENDERS, Chooser, Classifier, FaceTrunk, VoiceEncoder, unit
from v2f.models.runtime import Runtime
from v2f.models.weights import load_networks

Kind = Literal["dimnet-i", "dimnet-g", "svhf"]
KINDS: tuple[Kind, ...] = get_args(Kind)
BATCH = 256  # faces, where no gradients are needed


@dataclass(frozen=True)
class GenderClassifier:
    """A classifier of a face's apparent gender, ready for inference."""

    trunk: FaceTrunk
    head: Classifier
    runtime: Runtime

    @classmethod
    def open(cls, path: str | Path, runtime: Runtime) -> "GenderClassifier":
        """Read what `v2f train gender` wrote; raises WeightsError when the file is something else."""
        networks, _, _ = load_networks(path)
        trunk, head = networks.get("trunk"), networks.get("gender")
        if not isinstance(trunk, FaceTrunk) or not isinstance(head, Classifier):
            raise WeightsError(f"{path} holds no gender classifier; make one with `v2f train gender`.")
        return cls(runtime.place(trunk), runtime.place(head), runtime)

    @torch.no_grad()
    def female(self, faces: Tensor) -> Tensor:
        """Faces [n, 3, size, size] in [-1, 1], of the trunk's size -> probability of a woman's, float32 [n]."""
        with self.runtime.autocast():
            logits = torch.cat([self.head(self.trunk(part)) for part in faces.split(BATCH)])
        return logits.float().softmax(dim=1)[:, GENDERS.index("female")]


@dataclass(frozen=True)
class Matcher:
    """The networks of a matcher, ready for inference. Only SVHF's has a chooser."""

    kind: Kind
    encoder: VoiceEncoder
    trunk: FaceTrunk
    chooser: Chooser | None
    runtime: Runtime

    @classmethod
    def open(cls, path: str | Path, runtime: Runtime) -> "Matcher":
        """Read what `v2f train matcher` wrote; raises WeightsError when the file is something else."""
        networks, _, provenance = load_networks(path)
        kind = next((kind for kind in KINDS if kind == provenance.get("kind")), None)
        encoder, trunk, chooser = (networks.get(name) for name in ("encoder", "trunk", "chooser"))
        if kind is None or not isinstance(encoder, VoiceEncoder) or not isinstance(trunk, FaceTrunk):
            raise WeightsError(f"{path} holds no matcher; make one with `v2f train matcher`.")
        if kind != "svhf":
            return cls(kind, runtime.place(encoder), runtime.place(trunk), None, runtime)
        if not isinstance(chooser, Chooser):
            raise WeightsError(f"{path} holds an SVHF matcher without its chooser; make it again.")
        return cls(kind, runtime.place(encoder), runtime.place(trunk), runtime.place(chooser), runtime)

    @torch.no_grad()
    def embed_voices(self, log_mels: Tensor) -> Tensor:
        """Normalised log-mel [n, 64, frames] -> embeddings float32 [n, 64]; of DIMNet, of unit length."""
        with self.runtime.autocast():
            return self._finished(self.encoder(log_mels))

    @torch.no_grad()
    def embed_faces(self, faces: Tensor) -> Tensor:
        """Faces [n, 3, size, size] in [-1, 1], of its size -> embeddings float32 [n, 64]; DIMNet's: unit length."""
        with self.runtime.autocast():
            return self._finished(torch.cat([self.trunk(part) for part in faces.split(BATCH)]))

    @torch.no_grad()
    def choose(self, voice: Tensor, face_a: Tensor, face_b: Tensor) -> Tensor:
        """Is a voice the first face's? Embeddings [n, 64] of each -> [n] in [0, 1], above 0.5 where it is.

        SVHF: the probability, averaged over both orders of the faces. DIMNet, which knows no probabilities: one half,
        and a quarter of the difference of the cosines. With the faces exchanged it is one minus that.
        """
        if self.chooser is None:
            voice, face_a, face_b = unit(voice), unit(face_a), unit(face_b)
            return 0.5 + ((voice * face_a).sum(dim=1) - (voice * face_b).sum(dim=1)) / 4
        as_first = self.chooser(voice, face_a, face_b).softmax(dim=1)[:, 0]
        as_second = self.chooser(voice, face_b, face_a).softmax(dim=1)[:, 1]
        return (as_first + as_second) / 2

    def _finished(self, embeddings: Tensor) -> Tensor:
        return unit(embeddings.float()) if self.chooser is None else embeddings.float()
