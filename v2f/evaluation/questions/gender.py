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
from v2f.report.results import Estimate, Judge, LeftOut, Measure, Part, Question, Result

QUESTION = Question.GENDER
PAPER = {Measure.REAL_AGREE: 0.9897, Measure.GENERATED_AGREE: 0.9645}  # Sec. 4.2, by the classifier
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
    faces = (judged, subjects.faces, subjects.face_person)
    yield from _agreements(generated, Measure.REAL_AGREE, *faces, classifier, seed)
    yield from generated_gender(generated, classifier, seed)
    if not generated.true_verdicts:
        yield LeftOut(QUESTION, subjects.name, "there are no true faces to see genders in")


def generated_gender(
    generated: GeneratedFaces, classifier: GenderClassifier | None, seed: int
) -> Iterator[Result]:
    """Agreement in gender of generated faces."""
    faces = (generated.verdicts, generated.images, generated.subjects.voice_person)
    yield from _agreements(generated, Measure.GENERATED_AGREE, *faces, classifier, seed)


def _agreements(
    generated: GeneratedFaces,
    measure: Measure,
    verdicts: dict[Judge, Verdicts],
    images: np.ndarray,
    person: np.ndarray,
    classifier: GenderClassifier | None,
    seed: int,
) -> Iterator[Result]:
    """Agreement of judges, and of the classifier, on images uint8 [n, size, size, 3] with people's gender [n]."""
    apparent = not generated.subjects.gender.any()
    genders = {by: verdict.sex for by, verdict in verdicts.items() if verdict.sex is not None}
    if classifier is not None and len(images):
        genders[Judge.CLASSIFIER] = classified_gender(classifier, images)
    for by, seen in genders.items():
        reference = gender_of_people(generated, JUDGE if by == Judge.CLASSIFIER else by)[person]
        known = reference != ""
        if not known.any():
            continue
        agreed = agreement(seen[known], reference[known], person[known], seed)
        for part, (estimate, chance) in agreed.items():
            fields: dict[str, object] = {"by": by, "part": part, "apparent": apparent, "chance": chance}
            if part is None:
                fields["paper"] = PAPER[measure] if by == Judge.CLASSIFIER else None
                fields["speech2face"] = SPEECH2FACE if by == JUDGE and apparent else None
            yield Result.of(estimate, QUESTION, measure, generated.subjects.name, **fields)


def agreement(
    genders: np.ndarray, reference: np.ndarray, person: np.ndarray, seed: int
) -> dict[Part | None, tuple[Estimate, float | None]]:
    """How often genders str [n] are the reference's, str [n], of people [n], with chance.

    Of everybody under None, and of women and men apart where there are both. These have no chance: always giving the
    same answer reaches 100 % of the one and 0 % of the other.
    """
    right = genders == reference
    share = float(np.unique(reference, return_counts=True)[1].max() / len(reference))
    everybody = mean_over_people(right, person, seed), share
    agreed: dict[Part | None, tuple[Estimate, float | None]] = {None: everybody}
    if share < 1:
        for gender, part in (("female", Part.WOMEN), ("male", Part.MEN)):
            own = reference == gender
            agreed[part] = (mean_over_people(right[own], person[own], seed), None)
    return agreed


def classified_gender(classifier: GenderClassifier, images: np.ndarray) -> np.ndarray:
    """The gender that the classifier sees in faces uint8 [n, size, size, 3], str [n]."""
    batches = network_inputs(images, classifier.runtime.device, classifier.trunk.image_size)
    female = np.concatenate([classifier.female(part).cpu().numpy() for part in batches])
    return np.where(female > 0.5, "female", "male")


def gender_of_people(generated: GeneratedFaces, by: Judge = JUDGE) -> np.ndarray:
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
