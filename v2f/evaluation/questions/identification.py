"""Are training identities recognised? The identity classifier on faces from recordings that were not trained on.

Paper: held-out recordings of training identities. Here: those; and the last fifth of recordings of people who have one
only (v2f/data/recordings.py), each by itself. Beside them: what the same people's training did use.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from v2f.audio.features import FRAMES_PER_SECOND
from v2f.evaluation.generated_faces import trunk_features
from v2f.evaluation.intervals import mean_over_people
from v2f.evaluation.subjects import Subjects
from v2f.metrics import top_k
from v2f.pipeline import VoiceToFace
from v2f.report.results import LeftOut, Measure, Part, Question, Result

QUESTION = Question.CLOSED_SET_IDENTIFICATION
PAPER = {1: 0.617, 5: 0.823}  # Sec. 4.2: 4,620 recordings of 924 identities
TRAINED_ON = {Part.RECORDINGS: Part.OTHER_RECORDINGS, Part.ENDS: Part.BEGINNINGS}
SHORTEST = FRAMES_PER_SECOND  # of a held-out part, in frames: a second
KNOWN = 0.2  # beyond chance: the least share of true faces that a classifier names where their identities are its own


def closed_set_identification(
    engine: VoiceToFace, training: Subjects, held_out: Mapping[Part, Subjects], seed: int
) -> Iterator[Result | LeftOut]:
    """Top-1 and top-5 accuracy on what was held out of the training identities' recordings, by what that is."""
    classifier, identities = engine.model.classifier, len(training.people)
    if classifier is None:
        yield LeftOut(QUESTION, training.name, "the weights hold no identity classifier")
        return
    if classifier.out_features != identities:
        why = f"the weights tell {classifier.out_features} identities apart, the store has {identities}"
        yield LeftOut(QUESTION, training.name, why)
        return
    measured = False
    for part, subjects in held_out.items():
        features, people = _long_enough(subjects)
        if not features:
            continue
        measured = True
        known = replace(
            training, voice_person=np.where(np.isin(training.voice_person, people), training.voice_person, -1)
        )
        for what, (heard, of), paper in (
            (part, (features, people), PAPER),
            (TRAINED_ON[part], _long_enough(known), {}),
        ):
            if not heard:
                continue
            images, _ = engine.faces(engine.embed(heard))
            logits = _logits(engine, images)
            for k in (1, 5):
                estimate = mean_over_people(top_k(logits, of, k), of, seed)
                fields = {"part": what, "k": k, "chance": min(1.0, k / identities), "paper": paper.get(k)}
                yield Result.of(estimate, QUESTION, Measure.TOP_K, training.name, **fields)
    if not measured:
        why = "no recording, or part of one, that was kept out of training is a second long"
        yield LeftOut(QUESTION, training.name, why)


def _long_enough(subjects: Subjects) -> tuple[list[Tensor], np.ndarray]:
    """Features [bins, frames] of those recordings that are SHORTEST or longer, and whose they are [n]; -1 is nobody."""
    heard = {i: subjects.features(i) for i in np.flatnonzero(subjects.voice_person >= 0).tolist()}
    heard = {i: features for i, features in heard.items() if features.shape[1] >= SHORTEST}
    return list(heard.values()), subjects.voice_person[list(heard)]


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
