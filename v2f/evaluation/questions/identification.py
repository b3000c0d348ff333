"""Are faces of known speakers recognised? The identity classifier on faces from held-out parts of their recordings.

Paper: held-out recordings of training identities. Here: the last fifth of their training recordings, which no crop of
any training stage reaches; and, beside it, the rest of the same recordings, which training did hear.
"""

import torch
from torch import Tensor

from v2f.audio import FRAMES_PER_SECOND
from v2f.evaluation.generated_faces import trunk_features
from v2f.evaluation.intervals import mean_over_people
from v2f.evaluation.subjects import Subjects
from v2f.metrics import top_k
from v2f.pipeline import VoiceToFace
from v2f.report.results import LeftOut, Result

QUESTION = "known speakers"
PAPER = {1: 0.617, 5: 0.823}  # Sec. 4.2: 4,620 recordings of 924 identities
HELD_OUT, HEARD = "the end of the recording, not trained on", "the rest of it, trained on"
SHORTEST = FRAMES_PER_SECOND  # of a held-out part, in frames: a second


def known_speakers(engine: VoiceToFace, training: Subjects, seed: int) -> list[Result | LeftOut]:
    """Top-1 and top-5 accuracy on recordings of the training identities."""
    classifier = engine.model.classifier
    if classifier is None:
        return [LeftOut(QUESTION, training.name, "the weights hold no identity classifier")]
    if classifier.out_features != len(training.people):
        why = f"the weights tell {classifier.out_features} identities apart, the store has {len(training.people)}"
        return [LeftOut(QUESTION, training.name, why)]
    parts: dict[str, list[Tensor]] = {HELD_OUT: [], HEARD: []}
    used = []
    for recording in range(len(training.voice_person)):
        held_out, heard = training.held_out(recording), training.hear(recording)
        assert heard is not None
        if held_out.shape[1] >= SHORTEST:
            used.append(recording)
            for part, one in zip(parts.values(), (held_out, heard), strict=True):
                part.append(one)
    if not used:
        return [LeftOut(QUESTION, training.name, "no recording is long enough to keep a second of it apart")]
    people = training.voice_person[used]
    found: list[Result | LeftOut] = []
    for heard_part, features in parts.items():
        images, _ = engine.faces(engine.embed(features))
        of_trunk = trunk_features(engine, images)
        assert of_trunk is not None, "a classifier comes with its trunk"
        with torch.inference_mode():
            logits = classifier(torch.from_numpy(of_trunk).to(classifier.weight.device)).float().cpu().numpy()
        for k in (1, 5):
            estimate = mean_over_people(top_k(logits, people, k), people, seed)
            chance = min(1.0, k / len(training.people))
            told = {"chance": chance, "paper": PAPER[k] if heard_part == HELD_OUT else None}
            found.append(Result.of(estimate, QUESTION, f"top-{k}, {heard_part}", training.name, **told))
    return found
