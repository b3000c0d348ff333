"""Do generated faces look as old as their speaker's true faces? Ages are what an independent judge sees in either."""

from typing import Any

import numpy as np

from v2f.evaluation.drawn import Drawn
from v2f.evaluation.gender import JUDGE
from v2f.evaluation.intervals import mean_over_people, rank_correlation
from v2f.evaluation.results import LeftOut, Result

QUESTION = "age"
SPEECH2FACE = (0.32, None, None)  # its own pictures of the same clips, by the same judge


def age(drawn: Drawn, seed: int) -> list[Result | LeftOut]:
    """How apparent ages of generated faces follow those of the speakers' true faces."""
    subjects = drawn.subjects
    ages = age_of_people(drawn)[subjects.voice_person]
    some = ~np.isnan(ages)
    if len(np.unique(subjects.voice_person[some])) < 2:
        return [
            LeftOut(QUESTION, subjects.name, "no ages are known, and there are no true faces to see them in")
        ]
    made, people = drawn.made.age[some], subjects.voice_person[some]
    error = mean_over_people(np.abs(made - ages[some]), people, seed)
    constant = float(np.abs(ages[some] - np.median(ages[some])).mean())  # of always saying the median
    told: dict[str, Any] = {"by": JUDGE, "share": False}
    measure = "years between generated and true face"
    found: list[Result | LeftOut] = [
        Result.of(error, QUESTION, measure, subjects.name, chance=constant, **told)
    ]
    correlation = rank_correlation(made, ages[some], people, seed)
    if correlation is None:
        return [*found, LeftOut(QUESTION, subjects.name, "all faces look equally old")]
    told |= {"chance": 0.0, "speech2face": None if subjects.shown else SPEECH2FACE}
    measure = "rank correlation with the true face's"
    return [Result.of(correlation, QUESTION, measure, subjects.name, **told), *found]


def age_of_people(drawn: Drawn) -> np.ndarray:
    """The median apparent age of each person's true faces in years, float [people]; NaN without any."""
    ages = np.full(len(drawn.subjects.people), np.nan)
    if drawn.true is not None:
        for person in np.unique(drawn.subjects.face_person):
            ages[person] = np.median(drawn.true.age[drawn.subjects.face_person == person])
    return ages
