"""Do generated faces look of their speaker's gender?

By the classifier of Sec. 4.2 (`v2f train gender`) and by independent judges; of everybody, and of women and men apart.
Where nobody's gender is known, it is what the same judge sees in their true faces, and the measure says so; for the
classifier it is what the first judge sees.

Chance is the larger of the two genders' shares, which always giving the same answer reaches.
"""

from collections.abc import Iterator

import numpy as np

from v2f.evaluation.generated_faces import GeneratedFaces, network_inputs
from v2f.evaluation.intervals import mean_over_people
from v2f.evaluation.judges import JUDGE
from v2f.models.classifiers import GenderClassifier
from v2f.report.results import Estimate, LeftOut, Result

QUESTION = "gender"
REAL, GENERATED = "real faces are classified correctly", "generated faces agree with their speaker"
APPARENT = ", by the true face"
APART = {"female": ", women alone", "male": ", men alone"}
PAPER = {REAL: 0.9897, GENERATED: 0.9645}  # Sec. 4.2, by the classifier
SPEECH2FACE = (0.895, 0.875, 0.913)  # its own pictures of the same clips, by the same judge


def gender(
    generated: GeneratedFaces, classifier: GenderClassifier | None, seed: int
) -> Iterator[Result | LeftOut]:
    """Agreement in gender, of real and of generated faces."""
    subjects = generated.subjects
    if classifier is None:
        why = "no gender classifier was given; `v2f train gender` makes one"
        yield LeftOut(QUESTION, subjects.name, why)
    if not gender_of_people(generated).any():
        yield LeftOut(QUESTION, subjects.name, "nobody's gender is known, and there are no faces")
        return
    apparent = "" if subjects.gender.any() else APPARENT
    for measure, person, images in (
        (REAL, subjects.face_person, subjects.faces),
        (GENERATED, subjects.voice_person, generated.images),
    ):
        judged = {by: true if measure == REAL else made for by, (made, true) in generated.looks.items()}
        genders = {by: verdicts.sex for by, verdicts in judged.items() if verdicts is not None}
        if apparent and measure == REAL:
            genders = {}  # a judge would be compared with itself
        if classifier is not None and len(images):
            genders["classifier"] = classified_gender(classifier, images)
        for by, seen in genders.items():
            for group, (estimate, chance) in agreement_with_people(generated, by, seen, person, seed).items():
                yield Result.of(
                    estimate,
                    QUESTION,
                    measure + apparent + group,
                    subjects.name,
                    by=by,
                    chance=chance,
                    paper=PAPER[measure] if group == "" and by == "classifier" else None,
                    speech2face=SPEECH2FACE if group == "" and by == JUDGE and apparent else None,
                )
    if generated.true_verdicts is None:
        yield LeftOut(QUESTION, subjects.name, "there are no true faces to see genders in")


def agreement_with_people(
    generated: GeneratedFaces, by: str, genders: np.ndarray, person: np.ndarray, seed: int
) -> dict[str, tuple[Estimate, float | None]]:
    """`agreement` of genders str [n], seen by a judge in faces of people int [n], with what `gender_of_people` gives.

    Nothing where nobody's gender is known.
    """
    reference = gender_of_people(generated, by if by in generated.looks else JUDGE)[person]
    known = reference != ""
    return agreement(genders[known], reference[known], person[known], seed) if known.any() else {}


def agreement(
    genders: np.ndarray, reference: np.ndarray, person: np.ndarray, seed: int
) -> dict[str, tuple[Estimate, float | None]]:
    """How often genders str [n] are the reference's, str [n], of people [n], with chance, by the measure's ending.

    Of everybody under "", and of women and men apart where there are both. These have no chance: always giving the same
    answer reaches 100 % of the one and 0 % of the other.
    """
    right = genders == reference
    share = float(np.unique(reference, return_counts=True)[1].max() / len(reference))
    agreed: dict[str, tuple[Estimate, float | None]] = {"": (mean_over_people(right, person, seed), share)}
    if share < 1:
        for gender, ending in APART.items():
            own = reference == gender
            agreed[ending] = (mean_over_people(right[own], person[own], seed), None)
    return agreed


def classified_gender(classifier: GenderClassifier, images: np.ndarray) -> np.ndarray:
    """The gender that the classifier sees in faces uint8 [n, 64, 64, 3], str [n]."""
    batches = network_inputs(images, classifier.runtime.device)
    female = np.concatenate([classifier.female(part).cpu().numpy() for part in batches])
    return np.where(female > 0.5, "female", "male")


def gender_of_people(generated: GeneratedFaces, by: str = JUDGE) -> np.ndarray:
    """Each person's gender, str [people]: the store's or, where it holds nobody's, that of most true faces to a judge.

    "" where it is not known.
    """
    genders, face_person = generated.subjects.gender, generated.subjects.face_person
    true = generated.looks[by][1]
    if true is not None and not genders.any():
        for person in np.unique(face_person):
            female = true.sex[face_person == person] == "female"
            genders[person] = "female" if female.mean() > 0.5 else "male"
    return genders
