"""Do generated faces look of their speaker's gender?

By the classifier of Sec. 4.2 (`v2f train gender`) and by independent judges; of everybody, and of women and men apart.
Where nobody's gender is known, it is what the same judge sees in their true faces, and the measure says so; for the
classifier it is what the first judge sees.

Chance is the larger of the two genders' shares, which one reaches who always says the same.
"""

import numpy as np

from v2f.evaluation.generated_faces import JUDGE, GeneratedFaces, pixels
from v2f.evaluation.intervals import mean_over_people
from v2f.models.classifiers import GenderClassifier
from v2f.report.results import Estimate, LeftOut, Result

QUESTION = "gender"
REAL, GENERATED = "real faces are told right", "generated faces agree with their speaker"
APPARENT = ", by the true face"
APART = {"female": ", women alone", "male": ", men alone"}
PAPER = {REAL: 0.9897, GENERATED: 0.9645}  # Sec. 4.2, by the classifier
SPEECH2FACE = (0.895, 0.875, 0.913)  # its own pictures of the same clips, by the same judge


def gender(drawn: GeneratedFaces, classifier: GenderClassifier | None, seed: int) -> list[Result | LeftOut]:
    """Agreement in gender, of real and of generated faces."""
    subjects = drawn.subjects
    found: list[Result | LeftOut] = []
    if classifier is None:
        found.append(
            LeftOut(QUESTION, subjects.name, "no gender classifier was given; `v2f train gender` makes one")
        )
    if not gender_of_people(drawn).any():
        return [*found, LeftOut(QUESTION, subjects.name, "nobody's gender is known, and there are no faces")]
    apparent = not (subjects.gender != "").any()
    for measure, person, images in (
        (REAL, subjects.face_person, subjects.faces),
        (GENERATED, subjects.voice_person, drawn.images),
    ):
        for by, genders in _told(drawn, measure, images, classifier).items():
            reference = gender_of_people(drawn, by if by in drawn.looks else JUDGE)[person]
            some = reference != ""
            if not some.any() or (apparent and measure == REAL and by in drawn.looks):
                continue  # a judge would be compared with itself
            agreed = agreement(genders[some], reference[some], person[some], seed)
            for group, (estimate, chance) in agreed.items():
                everybody = group == ""
                found.append(
                    Result.of(
                        estimate,
                        QUESTION,
                        measure + (APPARENT if apparent else "") + group,
                        subjects.name,
                        by=by,
                        chance=chance,
                        paper=PAPER[measure] if by == "classifier" and everybody else None,
                        speech2face=SPEECH2FACE if apparent and by == JUDGE and everybody else None,
                    )
                )
    if drawn.true is None:
        found.append(LeftOut(QUESTION, subjects.name, "there are no true faces to tell the gender of"))
    return found


def agreement(
    genders: np.ndarray, reference: np.ndarray, person: np.ndarray, seed: int
) -> dict[str, tuple[Estimate, float | None]]:
    """How often genders str [n] are the reference's, str [n], of people [n], with chance, by the measure's ending.

    Of everybody under "", and of women and men apart where there are both. Chance is not told of these: who always says
    the same reaches 100 % of the one and 0 % of the other.
    """
    right = genders == reference
    share = float(np.unique(reference, return_counts=True)[1].max() / len(reference))
    agreed: dict[str, tuple[Estimate, float | None]] = {"": (mean_over_people(right, person, seed), share)}
    if share < 1:
        for gender, ending in APART.items():
            own = reference == gender
            agreed[ending] = (mean_over_people(right[own], person[own], seed), None)
    return agreed


def _told(
    drawn: GeneratedFaces, measure: str, images: np.ndarray, classifier: GenderClassifier | None
) -> dict[str, np.ndarray]:
    """The genders str [n] that every judge sees in the true faces, or in the generated ones."""
    told = {}
    for by, (made, true) in drawn.looks.items():
        verdicts = true if measure == REAL else made
        if verdicts is not None:
            told[by] = verdicts.sex
    if classifier is not None and len(images):
        told["classifier"] = told_by(classifier, images)
    return told


def told_by(classifier: GenderClassifier, images: np.ndarray) -> np.ndarray:
    """The gender that the classifier sees in faces uint8 [n, 64, 64, 3], str [n]."""
    female = [
        classifier.female(part).cpu().numpy() > 0.5 for part in pixels(images, classifier.runtime.device)
    ]
    return np.where(np.concatenate(female), "female", "male")


def gender_of_people(drawn: GeneratedFaces, by: str = JUDGE) -> np.ndarray:
    """Each person's gender, str [people]: the store's or, where it knows nobody's, what a judge sees.

    That is, in most of their true faces.
    """
    known = drawn.subjects.gender
    true = drawn.looks[by][1]
    if (known != "").any() or true is None:
        return known
    told = known.copy()
    for person in np.unique(drawn.subjects.face_person):
        female = (true.sex == "female")[drawn.subjects.face_person == person]
        told[person] = "female" if female.mean() > 0.5 else "male"
    return told
