"""Are training identities recognised? The identity classifier on faces from held-out parts of their recordings.

Paper: held-out recordings of training identities. Here: the last fifth of their training recordings, which no crop of
any training stage reaches; and, beside it, the rest of the same recordings, which was trained on.
"""

from collections.abc import Iterator

import numpy as np
import torch

from v2f.audio.features import FRAMES_PER_SECOND
from v2f.evaluation.generated_faces import trunk_features
from v2f.evaluation.intervals import mean_over_people
from v2f.evaluation.subjects import Subjects
from v2f.metrics import top_k
from v2f.pipeline import VoiceToFace
from v2f.report.results import LeftOut, Result

QUESTION = "closed-set identification"
PAPER = {1: 0.617, 5: 0.823}  # Sec. 4.2: 4,620 recordings of 924 identities
HELD_OUT, TRAINED_ON = "the end of the recording, not trained on", "the rest of it, trained on"
SHORTEST = FRAMES_PER_SECOND  # of a held-out part, in frames: a second
KNOWN = 0.2  # beyond chance: the least share of true faces that a classifier names where their identities are its own


def closed_set_identification(
    engine: VoiceToFace, training: Subjects, seed: int
) -> Iterator[Result | LeftOut]:
    """Top-1 and top-5 accuracy on recordings of the training identities."""
    classifier, identities = engine.model.classifier, len(training.people)
    if classifier is None:
        yield LeftOut(QUESTION, training.name, "the weights hold no identity classifier")
        return
    if classifier.out_features != identities:
        why = f"the weights tell {classifier.out_features} identities apart, the store has {identities}"
        yield LeftOut(QUESTION, training.name, why)
        return
    held_out = {i: training.held_out_features(i) for i in range(len(training.voice_person))}
    held_out = {i: features for i, features in held_out.items() if features.shape[1] >= SHORTEST}
    if not held_out:
        why = "no recording is long enough to keep a second of it apart"
        yield LeftOut(QUESTION, training.name, why)
        return
    people = training.voice_person[list(held_out)]
    for part, features in (
        (HELD_OUT, list(held_out.values())),
        (TRAINED_ON, [training.features(i) for i in held_out]),
    ):
        images, _ = engine.faces(engine.embed(features))
        logits = _logits(engine, images)
        for k in (1, 5):
            estimate = mean_over_people(top_k(logits, people, k), people, seed)
            paper, chance = PAPER[k] if part == HELD_OUT else None, min(1.0, k / identities)
            measure = f"top-{k}, {part}"
            yield Result.of(estimate, QUESTION, measure, training.name, chance=chance, paper=paper)


def names_faces(engine: VoiceToFace, training: Subjects) -> bool:
    """Whether the weights' classifier knows the true faces of the training identities by their numbers.

    A store that was prepared anew on another processor is not the same to the bit, but has the same identities.
    """
    classifier, faces = engine.model.classifier, training.faces
    if classifier is None or classifier.out_features != len(training.people) or not len(faces):
        return False
    named = top_k(_logits(engine, faces), training.face_person, 1).mean()
    return bool(named >= 1 / len(training.people) + KNOWN)


@torch.inference_mode()
def _logits(engine: VoiceToFace, images: np.ndarray) -> np.ndarray:
    """The classifier's logits float32 [n, identities] of faces uint8 [n, size, size, 3]."""
    classifier, of_trunk = engine.model.classifier, trunk_features(engine, images)
    assert classifier is not None and of_trunk is not None, "a classifier comes with its trunk"
    return classifier(torch.from_numpy(of_trunk).to(classifier.weight.device)).float().cpu().numpy()
