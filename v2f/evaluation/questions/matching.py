"""Do generated faces match their speakers' true faces? The paper's test, and four more by the same likenesses.

Sec. 4.2: of a true face and an imposter's, the one nearer to the generated face, by cosine in one fixed face embedding,
should be the true one; also with imposters alike in gender and, where it is known, nationality or age. Besides: to find
the true face among N, to find it in a gallery of everybody, and to verify that two faces are of one person.

Embeddings: the model's own trunk, the authors' way, and dlib's descriptor, which no part of the model knows. "centred":
after each side's mean is taken away, which all generated faces, or all true ones, have in common.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from v2f.errors import CorpusError
from v2f.evaluation.generated_faces import GeneratedFaces
from v2f.evaluation.intervals import mean_over_pairs, mean_over_people, verification_over_pairs
from v2f.evaluation.questions.age import age_of_people
from v2f.evaluation.questions.gender import gender_of_people
from v2f.evaluation.subjects import Subjects
from v2f.evaluation.trials import Trials, distinct, draw, draw_each, score, similarities
from v2f.metrics import GALLERIES, identification, one_each, rank, recall, standing_by_cosine
from v2f.report.results import Estimate, LeftOut, Result

QUESTION, MEASURE = "matching", "1:2"
UNSTRATIFIED = ""
DECADE = 10  # years: people of one decade are alike in age
RECALLS = (1, 5, 10)
PAPER = {  # Table 3
    ("test", UNSTRATIFIED): 0.7607,
    ("test", "gender"): 0.5969,
    ("training", UNSTRATIFIED): 0.9683,
    ("training", "gender"): 0.9398,
}
SPEECH2FACE = {  # its own pictures of the same clips, by dlib's descriptor, not centred
    UNSTRATIFIED: (0.735, 0.721, 0.750),
    "gender": (0.649, 0.632, 0.667),
}


def trials_of(
    drawn: GeneratedFaces, count: int, seed: int, folder: Path | None = None
) -> tuple[dict[str, Trials], list[LeftOut]]:
    """A list of trials for every stratum there is, and what there is not.

    count: of trials, where there are so many different ones; subjects who say so get some imposters a recording.
    folder: lists found there are used instead, and those that are not there are written.
    Raises CorpusError where a list found does not fit.
    """
    subjects, lists, left_out = drawn.subjects, {}, []
    for stratum, group in strata(drawn).items():
        path = folder / f"{subjects.name}{stratum and f', by {stratum}'}.npz" if folder else None
        if path and path.exists():
            trials = Trials.load(path)
            trials.check_fits(subjects.voice_person, subjects.face_person)
        else:
            try:
                trials = _draw(subjects, count, seed, group)
            except CorpusError as error:
                why = f"1:2 by {stratum}" if stratum else "1:2"
                unknown = group is not None and (group < 0).all()
                told = (
                    f"nobody's {stratum} is known" if unknown else str(error)[:1].lower() + str(error)[1:-1]
                )
                left_out.append(LeftOut(QUESTION, subjects.name, f"{why}: {told}"))
                continue
            if path:
                path.parent.mkdir(parents=True, exist_ok=True)
                trials.save(path)
        lists[stratum] = trials
    return lists, left_out


def matching(drawn: GeneratedFaces, lists: dict[str, Trials], seed: int) -> list[Result]:
    """1:2 matching by every list of trials, in every face embedding."""
    subjects, found = drawn.subjects, []
    for by, probes, faces, centred in _ways(drawn):
        for stratum, trials in lists.items():
            wins = score(probes, faces, trials, centred)
            among = "training" if subjects.name == "training" else "test"
            told: dict[str, Any] = {"paper": None if centred else PAPER.get((among, stratum))}
            if not subjects.shown and by == "dlib":
                told["speech2face"] = SPEECH2FACE.get(stratum)
            found.append(result_of_wins(wins, trials, subjects, by, stratum, seed, **told))
    return found


def result_of_wins(
    wins: np.ndarray, trials: Trials, subjects: Subjects, by: str, stratum: str, seed: int, **told: object
) -> Result:
    """The result of trials won [trials]; both speakers and imposters are resampled."""
    estimate = mean_over_pairs(wins, trials.speaker, trials.stranger, seed)
    heard = np.unique(trials.probe).size
    return Result.of(
        estimate,
        QUESTION,
        MEASURE,
        subjects.name,
        **{"by": by, "stratum": stratum, "chance": 0.5, "recordings": heard, **told},
    )


def galleries(drawn: GeneratedFaces, seed: int) -> list[Result | LeftOut]:
    """Finding the true face among N, and in a gallery with one face of everybody."""
    subjects = drawn.subjects
    if len(np.intersect1d(subjects.voice_person, subjects.face_person)) < 2:
        return [LeftOut("identification", subjects.name, "there are not two people with a voice and a face")]
    gallery = one_each(subjects.face_person, seed)
    found: list[Result | LeftOut] = []
    for by, probes, faces, centred in _ways(drawn):
        told = {"by": by}
        stood = standing_by_cosine(
            probes, faces[gallery], subjects.voice_person, subjects.face_person[gallery], centred
        )
        among = [n for n in GALLERIES[1:] if n <= len(gallery)]  # two is 1:2 matching
        for n in among:
            estimate = mean_over_people(identification(stood, n), stood.person, seed)
            found.append(Result.of(estimate, "identification", f"1:{n}", subjects.name, chance=1 / n, **told))
        for k in [k for k in RECALLS if k < len(gallery)]:
            estimate = mean_over_people(recall(stood, k), stood.person, seed)
            chance = k / len(gallery)
            measure = f"in the first {k} of {len(gallery)}"
            found.append(Result.of(estimate, "retrieval", measure, subjects.name, chance=chance, **told))
        place = mean_over_people((rank(stood) - 1) / (len(gallery) - 1), stood.person, seed)
        found.append(
            Result.of(
                place, "retrieval", "place of the true face, 0 % the first", subjects.name, chance=0.5, **told
            )
        )
    return found


def verification(drawn: GeneratedFaces, trials: Trials, seed: int) -> list[Result]:
    """Equal error rate and area under the curve over the pairs that the unstratified trials hold."""
    subjects, found = drawn.subjects, []
    first = np.concatenate([trials.speaker, trials.speaker])
    second = np.concatenate([trials.speaker, trials.stranger])
    for by, probes, faces, centred in _ways(drawn):
        scores = np.concatenate(similarities(probes, faces, trials, centred))
        estimates: tuple[Estimate, Estimate] = verification_over_pairs(scores, first, second, seed)
        for measure, estimate in zip(("equal error rate", "area under the curve"), estimates, strict=True):
            heard = np.unique(trials.probe).size
            found.append(
                Result.of(
                    estimate, "verification", measure, subjects.name, by=by, chance=0.5, recordings=heard
                )
            )
    return found


def strata(drawn: GeneratedFaces) -> dict[str, np.ndarray | None]:
    """In what imposters are alike, and everyone's group in it, int [people]; -1 where it is not known."""
    nationality = np.array([person.nationality for person in drawn.subjects.people])
    decade = age_of_people(drawn) // DECADE
    groups = {
        "gender": _numbered(gender_of_people(drawn), ""),
        "nationality": _numbered(nationality, ""),
        "apparent age": np.where(np.isnan(decade), -1, np.nan_to_num(decade)).astype(int),
    }
    return {UNSTRATIFIED: None, **groups}


def _numbered(labels: np.ndarray, unknown: str) -> np.ndarray:
    return np.where(labels == unknown, -1, np.unique(labels, return_inverse=True)[1])


def _draw(subjects: Subjects, count: int, seed: int, group: np.ndarray | None) -> Trials:
    who = (subjects.voice_person, subjects.face_person)
    if subjects.imposters is not None:
        return draw_each(*who, subjects.imposters, seed, group)
    return draw(*who, min(count, max(1, distinct(*who, group))), seed, group)


def _ways(drawn: GeneratedFaces) -> Iterator[tuple[str, np.ndarray, np.ndarray, bool]]:
    for name, (probes, faces) in drawn.spaces.items():
        yield name, probes, faces, False
        yield f"{name}, centred", probes, faces, True
