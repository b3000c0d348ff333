"""The faces that a model generates from recordings of its subjects, beside their true faces."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from v2f.evaluation.faceres import NAME, FaceRes
from v2f.evaluation.judges import JUDGE, Verdicts, judge_faces
from v2f.evaluation.subjects import Subjects
from v2f.models.pixels import as_input
from v2f.pipeline import VoiceToFace

BATCH = 256  # recordings or faces, to bound memory


@dataclass(frozen=True)
class GeneratedFaces:
    """One face for each recording of the subjects, and what judges say of these and of the true faces.

    The trunk is the model's own face embedding, which its discriminator and classifier share; None for weights without
    one. What is said of true faces is None for subjects without any, the second judge's verdicts are None without it.
    """

    subjects: Subjects
    embeddings: np.ndarray  # float32 [recordings, 64], of the voices
    images: np.ndarray  # uint8 [recordings, 64, 64, 3]
    scores: np.ndarray | None  # float32 [recordings], by the discriminator
    verdicts: Verdicts
    true_verdicts: Verdicts | None
    trunk: np.ndarray | None  # float32 [recordings, 64]
    true_trunk: np.ndarray | None  # float32 [faces, 64]
    second_verdicts: Verdicts | None = None
    true_second_verdicts: Verdicts | None = None

    @property
    def looks(self) -> dict[str, tuple[Verdicts, Verdicts | None]]:
        """Verdicts by the name of who judges sex and age: on the generated faces, and on the true ones."""
        looks = {JUDGE: (self.verdicts, self.true_verdicts)}
        if self.second_verdicts is not None:
            looks[NAME] = (self.second_verdicts, self.true_second_verdicts)
        return looks

    @property
    def descriptors(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """The judges' face embeddings by name: of the generated faces, and of the true ones, which there must be."""
        pairs = zip(("dlib", NAME), self.looks.values(), strict=False)
        return {name: (of.descriptor, true.descriptor) for name, (of, true) in pairs if true is not None}

    @property
    def embedding_spaces(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """The judges' face embeddings and the trunk's by name, as `descriptors`."""
        spaces = self.descriptors
        if self.trunk is not None and self.true_trunk is not None:
            spaces["trunk"] = (self.trunk, self.true_trunk)
        return spaces


def generate_faces(
    engine: VoiceToFace, subjects: Subjects, workers: int = 1, second: FaceRes | None = None
) -> GeneratedFaces:
    """Generate a face from each whole recording, and have all faces judged."""
    embeddings = embed(engine, subjects, np.arange(len(subjects.voice_person)))
    images, scores = engine.faces(embeddings)
    true = subjects.faces
    return GeneratedFaces(
        subjects,
        embeddings,
        images,
        scores,
        judge_faces(images, workers),
        judge_faces(true, workers) if len(true) else None,
        trunk_features(engine, images),
        trunk_features(engine, true) if len(true) else None,
        second.describe(images) if second else None,
        second.describe(true) if second and len(true) else None,
    )


def embed(
    engine: VoiceToFace, subjects: Subjects, recordings: np.ndarray, seconds: float | None = None
) -> np.ndarray:
    """Unit embeddings float32 [n, 64] of the first seconds of recordings int [n], none shorter; None: of all."""
    parts = [np.empty((0, 64), np.float32)]
    for start in range(0, len(recordings), BATCH):
        batch = recordings[start : start + BATCH]
        if seconds is None:
            parts.append(engine.embed([subjects.features(recording) for recording in batch]))
        else:
            features = (subjects.first_features(recording, seconds) for recording in batch)
            parts.append(engine.embed([one for one in features if one is not None]))
    embeddings = np.concatenate(parts)
    assert len(embeddings) == len(recordings)
    return embeddings


@torch.inference_mode()
def trunk_features(engine: VoiceToFace, images: np.ndarray) -> np.ndarray | None:
    """The trunk's embeddings float32 [n, 64] of faces uint8 [n, 64, 64, 3]; None for weights without a trunk."""
    trunk = engine.model.trunk
    if trunk is None:
        return None
    parts = [np.empty((0, 64), np.float32)]
    for faces in network_inputs(images, engine.runtime.device):
        with engine.runtime.autocast():
            parts.append(trunk(faces).float().cpu().numpy())
    return np.concatenate(parts)


def network_inputs(images: np.ndarray, device: torch.device) -> Iterator[Tensor]:
    """Faces uint8 [n, 64, 64, 3] -> batches float32 [part, 3, 64, 64] in [-1, 1]."""
    for start in range(0, len(images), BATCH):
        yield as_input(torch.from_numpy(images[start : start + BATCH]).to(device))
