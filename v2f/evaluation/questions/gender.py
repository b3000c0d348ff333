"""Do generated faces look of their speaker's gender?

By the classifier of Sec. 4.2 (`v2f train gender`) and by judges of gender; of everybody, and of women and men apart.
Where nobody's gender is known, it is what the same judge sees in their true faces, and the measure says so; for the
classifier it is what the first judge sees.

Chance is the larger of the two genders' shares, which always giving the same answer reaches.
"""

from collections.abc import Iterator

import numpy as np

from v2f.evaluation.generated_faces import GeneratedFaces, network_inputs
from v2f.evaluation.intervals import mean_over_people
from v2f.evaluation.judges import JUDGE, Verdicts
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
    # Where judges give the reference, they would be compared with themselves on real faces.
    judged = generated.true_verdicts if subjects.gender.any() else {}
    yield from _agreements(generated, REAL, judged, subjects.faces, subjects.face_person, classifier, seed)
    yield from generated_gender(generated, classifier, seed)
    if not generated.true_verdicts:
        yield LeftOut(QUESTION, subjects.name, "there are no true faces to see genders in")


def generated_gender(
    generated: GeneratedFaces, classifier: GenderClassifier | None, seed: int
) -> Iterator[Result]:
    """Agreement in gender of generated faces."""
    verdicts, person = generated.verdicts, generated.subjects.voice_person
    yield from _agreements(generated, GENERATED, verdicts, generated.images, person, classifier, seed)


def _agreements(
    generated: GeneratedFaces,
    measure: str,
    verdicts: dict[str, Verdicts],
    images: np.ndarray,
    person: np.ndarray,
    classifier: GenderClassifier | None,
    seed: int,
) -> Iterator[Result]:
    """Agreement of judges, and of the classifier, on images uint8 [n, size, size, 3] with people's gender [n]."""
    apparent = "" if generated.subjects.gender.any() else APPARENT
    genders = {by: verdict.sex for by, verdict in verdicts.items() if verdict.sex is not None}
    if classifier is not None and len(images):
        genders["classifier"] = classified_gender(classifier, images)
    for by, seen in genders.items():
        reference = gender_of_people(generated, JUDGE if by == "classifier" else by)[person]
        known = reference != ""
        if not known.any():
            continue
        agreed = agreement(seen[known], reference[known], person[known], seed)
        for group, (estimate, chance) in agreed.items():
            yield Result.of(
                estimate,
                QUESTION,
                measure + apparent + group,
                generated.subjects.name,
                by=by,
                chance=chance,
                paper=PAPER[measure] if group == "" and by == "classifier" else None,
                speech2face=SPEECH2FACE if group == "" and by == JUDGE and apparent else None,
            )


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
    """The gender that the classifier sees in faces uint8 [n, size, size, 3], str [n]."""
    batches = network_inputs(images, classifier.runtime.device, classifier.trunk.image_size)
    female = np.concatenate([classifier.female(part).cpu().numpy() for part in batches])
    return np.where(female > 0.5, "female", "male")


def gender_of_people(generated: GeneratedFaces, by: str = JUDGE) -> np.ndarray:
    """Each person's gender, str [people]: the store's or, where it holds nobody's, that of most true faces to a judge.

    "" where it is not known.
    """
    genders, face_person = generated.subjects.gender, generated.subjects.face_person
    if not genders.any():
        for person in np.unique(face_person):
            sex = generated.true_verdicts[by].sex
            assert sex is not None, "only judges that see it are asked"
            female = sex[face_person == person] == "female"
            genders[person] = "female" if female.mean() > 0.5 else "male"
    return genders
