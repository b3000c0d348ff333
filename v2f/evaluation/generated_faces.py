"""The faces that a model generates from recordings of its subjects, beside their true faces."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from v2f.evaluation.judges import DESCRIPTORS, Judges, Verdicts
from v2f.evaluation.subjects import Subjects
from v2f.models.pixels import as_input, shrink
from v2f.pipeline import VoiceToFace
from v2f.report.results import Judge

BATCH = 256  # recordings or faces, to bound memory


@dataclass(frozen=True)
class GeneratedFaces:
    """One face for each recording of the subjects, and what judges say of these and of the true faces.

    Verdicts are by judge; of true faces there are none for subjects without any. The trunk is the model's own face
    embedding, which its discriminator and classifier share; None for weights without one.
    """

    subjects: Subjects
    embeddings: np.ndarray  # float32 [recordings, 64], of the voices
    images: np.ndarray  # uint8 [recordings, size, size, 3]
    scores: np.ndarray | None  # float32 [recordings], by the discriminator
    verdicts: dict[Judge, Verdicts]
    true_verdicts: dict[Judge, Verdicts]
    trunk: np.ndarray | None  # float32 [recordings, 64]
    true_trunk: np.ndarray | None  # float32 [faces, 64]

    @property
    def embedding_spaces(self) -> dict[Judge, tuple[np.ndarray, np.ndarray]]:
        """Face embeddings, the judges' and the trunk's: of the generated faces, and of the true ones."""
        spaces = {
            DESCRIPTORS.get(judge, judge): (self.verdicts[judge].descriptor, true.descriptor)
            for judge, true in self.true_verdicts.items()
        }
        if self.trunk is not None and self.true_trunk is not None:
            spaces[Judge.TRUNK] = (self.trunk, self.true_trunk)
        return spaces


def generate_faces(engine: VoiceToFace, subjects: Subjects, judges: Judges) -> GeneratedFaces:
    """Generate a face from each whole recording, and have all faces judged."""
    embeddings = embed(engine, subjects, np.arange(len(subjects.voice_person)))
    images, scores = engine.faces(embeddings)
    true = subjects.faces
    return GeneratedFaces(
        subjects,
        embeddings,
        images,
        scores,
        {name: judge(images) for name, judge in judges.items()},
        {name: judge(true) for name, judge in judges.items()} if len(true) else {},
        trunk_features(engine, images),
        trunk_features(engine, true) if len(true) else None,
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
    """The trunk's embeddings float32 [n, 64] of faces uint8 [n, size, size, 3]; None for weights without a trunk."""
    trunk = engine.model.trunk
    if trunk is None:
        return None
    parts = [np.empty((0, 64), np.float32)]
    for faces in network_inputs(images, engine.runtime.device, trunk.image_size):
        with engine.runtime.autocast():
            parts.append(trunk(faces).float().cpu().numpy())
    return np.concatenate(parts)


def network_inputs(images: np.ndarray, device: torch.device, size: int) -> Iterator[Tensor]:
    """Faces uint8 [n, height, width, 3] -> batches float32 [part, 3, size, size] in [-1, 1], by area averaging."""
    for start in range(0, len(images), BATCH):
        yield as_input(torch.from_numpy(shrink(images[start : start + BATCH], size)).to(device))
