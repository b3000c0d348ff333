"""Do generated faces match their speakers' true faces? The paper's test, and four more by the same similarities.

Sec. 4.2: of a true face and an imposter's, the one nearer to the generated face, by cosine in one fixed face embedding,
should be the true one; also with imposters alike in gender and, where it is known, nationality or age. Besides: to find
the true face among N, to find it in a gallery of everybody, and to verify that two faces are of one person.

Embeddings: the model's own trunk, the authors' way, and every judge's descriptor. "centred": after each side's mean is
taken away, which all generated faces, or all true ones, have in common. A model's faces may have been fitted to a
descriptor, by which it then does better than its faces are: each result tells, and the outside judge's stands beside.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from v2f.errors import CorpusError
from v2f.evaluation.generated_faces import GeneratedFaces
from v2f.evaluation.intervals import mean_over_pairs, mean_over_people, verification_over_pairs
from v2f.evaluation.questions.age import age_of_people
from v2f.evaluation.questions.gender import gender_of_people
from v2f.evaluation.subjects import Subjects
from v2f.evaluation.trials import Trials, distinct, sample, sample_each, score, similarities
from v2f.metrics import GALLERIES, Ranks, identification, one_each, rank, ranks_by_cosine, recall
from v2f.report import wording
from v2f.report.results import Judge, LeftOut, Measure, People, Question, Result, Stratum

QUESTION = Question.MATCHING
DECADE = 10  # years: people of one decade are alike in age
RECALLS = (1, 5, 10)
SAMPLED_GALLERIES = 100  # of which the mean is taken: the figures of one differ by which faces are in it
PAPER = {  # Table 3
    (People.TEST, None): 0.7607,
    (People.TEST, Stratum.GENDER): 0.5969,
    (People.TRAINING, None): 0.9683,
    (People.TRAINING, Stratum.GENDER): 0.9398,
}
# Speech2Face's own pictures of the same clips; by FaceRes, of the 328 clips of the part "measure"; by MobileFaceNet, of
# those of them that are measured here, both faces aligned at 128 pixels.
SPEECH2FACE = {  # by descriptor, whether it is centred, and stratum
    (Judge.DLIB, False, None): (0.735, 0.721, 0.750),
    (Judge.DLIB, False, Stratum.GENDER): (0.649, 0.632, 0.667),
    (Judge.FACERES, False, None): (0.712, None, None),
    (Judge.FACERES, False, Stratum.GENDER): (0.608, None, None),
    (Judge.FACERES, True, None): (0.769, None, None),
    (Judge.FACERES, True, Stratum.GENDER): (0.665, None, None),
    (Judge.MOBILEFACENET, False, None): (0.626, 0.599, 0.654),
    (Judge.MOBILEFACENET, False, Stratum.GENDER): (0.583, 0.558, 0.609),
    (Judge.MOBILEFACENET, True, None): (0.664, 0.629, 0.698),
    (Judge.MOBILEFACENET, True, Stratum.GENDER): (0.613, 0.582, 0.647),
}


def trials_of(
    generated: GeneratedFaces, count: int, seed: int, folder: Path | None = None
) -> tuple[dict[Stratum | None, Trials], list[LeftOut]]:
    """A list of trials for every stratum there is, and lines for those that there are not.

    count: of trials, where there are so many different ones; for true pairs every recording gets as many imposters as
    its subjects say. folder: lists in it are used instead, and those that are not in it are written.
    Raises CorpusError where a list in the folder is of other subjects.
    """
    subjects, lists, left_out = generated.subjects, {}, []
    for stratum, group in strata(generated).items():
        path = folder / f"{'_by_'.join(filter(None, (subjects.name, stratum)))}.npz" if folder else None
        if path and path.exists():
            lists[stratum] = Trials.load(path)
            lists[stratum].check_fits(subjects.voice_person, subjects.face_person)
            continue
        try:
            lists[stratum] = _sample(subjects, count, seed, group)
        except CorpusError as error:
            alike = wording.texts()["strata"][stratum] if stratum else ""
            why = str(error)[:1].lower() + str(error)[1:-1]
            if group is not None and (group < 0).all():
                why = f"nobody's {alike} is known"
            left_out.append(LeftOut(QUESTION, subjects.name, f"1:2{alike and f' by {alike}'}: {why}"))
            continue
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
            lists[stratum].save(path)
    return lists, left_out


def matching(generated: GeneratedFaces, lists: dict[Stratum | None, Trials], seed: int) -> Iterator[Result]:
    """1:2 matching by every list of trials, in every face embedding."""
    subjects = generated.subjects
    papers_set = subjects.name if subjects.name in (People.TRAINING, People.VALIDATION) else People.TEST
    for by, probes, faces, centred in _embeddings(generated):
        for stratum, trials in lists.items():
            wins = score(probes, faces, trials, centred)
            paper = None if centred else PAPER.get((papers_set, stratum))
            other = None if subjects.shown else SPEECH2FACE.get((by, centred, stratum))
            fields = {"by": by, "centred": centred, "paper": paper, "speech2face": other}
            yield result_of_wins(wins, trials, subjects, stratum, seed, **fields)


def result_of_wins(
    wins: np.ndarray,
    trials: Trials,
    subjects: Subjects,
    stratum: Stratum | None,
    seed: int,
    **fields: object,
) -> Result:
    """The result of trials won, float [trials]; both speakers and imposters are resampled."""
    estimate = mean_over_pairs(wins, trials.speaker, trials.stranger, seed)
    fields |= {"stratum": stratum, "chance": 0.5, "recordings": np.unique(trials.probe).size}
    return Result.of(estimate, QUESTION, Measure.MATCHING, subjects.name, **fields)


def galleries(generated: GeneratedFaces, seed: int) -> Iterator[Result | LeftOut]:
    """Finding the true face among N, and in a gallery with one face of everybody: the mean over many such galleries."""
    subjects = generated.subjects
    if len(np.intersect1d(subjects.voice_person, subjects.face_person)) < 2:
        why = "there are not two people with a voice and a face"
        yield LeftOut(Question.IDENTIFICATION, subjects.name, why)
        return
    sampled = [one_each(subjects.face_person, seed + i) for i in range(SAMPLED_GALLERIES)]
    face_person = subjects.face_person[sampled[0]]
    size = len(face_person)
    measures: list[tuple[Measure, Callable[[Ranks], np.ndarray], dict[str, float]]] = [
        (Measure.IDENTIFICATION, partial(identification, size=n), {"gallery": n, "chance": 1 / n})
        for n in GALLERIES
        if 2 < n <= size  # two is 1:2 matching
    ]
    measures += [
        (Measure.RECALL, partial(recall, k=k), {"k": k, "gallery": size, "chance": k / size})
        for k in RECALLS
        if k < size
    ]
    measures.append((Measure.PLACE, lambda ranks: (rank(ranks) - 1) / (size - 1), {"chance": 0.5}))
    for by, probes, faces, centred in _embeddings(generated):
        found = [
            ranks_by_cosine(probes, faces[gallery], subjects.voice_person, face_person, centred)
            for gallery in sampled
        ]
        for measure, of, fields in measures:
            question = Question.IDENTIFICATION if measure == Measure.IDENTIFICATION else Question.RETRIEVAL
            values = np.mean([of(ranks) for ranks in found], axis=0)
            estimate = mean_over_people(values, found[0].person, seed)
            yield Result.of(estimate, question, measure, subjects.name, by=by, centred=centred, **fields)


def verification(generated: GeneratedFaces, trials: Trials, seed: int) -> Iterator[Result]:
    """Equal error rate and area under the curve over the pairs that the unstratified trials hold."""
    first = np.concatenate([trials.speaker, trials.speaker])
    second = np.concatenate([trials.speaker, trials.stranger])
    recordings = np.unique(trials.probe).size
    measures = Measure.EQUAL_ERROR_RATE, Measure.AREA_UNDER_CURVE
    for by, probes, faces, centred in _embeddings(generated):
        scores = np.concatenate(similarities(probes, faces, trials, centred))
        estimates = verification_over_pairs(scores, first, second, seed)
        for measure, estimate in zip(measures, estimates, strict=True):
            fields = {"by": by, "centred": centred, "chance": 0.5, "recordings": recordings}
            yield Result.of(estimate, Question.VERIFICATION, measure, generated.subjects.name, **fields)


def strata(generated: GeneratedFaces) -> dict[Stratum | None, np.ndarray | None]:
    """In what imposters are alike, and everyone's group in it, int [people]; -1 where it is not known."""
    nationality = np.array([person.nationality for person in generated.subjects.people])
    decade = age_of_people(generated) // DECADE
    return {
        None: None,
        Stratum.GENDER: _numbered(gender_of_people(generated)),
        Stratum.NATIONALITY: _numbered(nationality),
        Stratum.APPARENT_AGE: np.where(np.isnan(decade), -1, np.nan_to_num(decade)).astype(int),
    }


def _numbered(labels: np.ndarray) -> np.ndarray:
    return np.where(labels == "", -1, np.unique(labels, return_inverse=True)[1])


def _sample(subjects: Subjects, count: int, seed: int, group: np.ndarray | None) -> Trials:
    people = (subjects.voice_person, subjects.face_person)
    if subjects.imposters is not None:
        return sample_each(*people, subjects.imposters, seed, group)
    return sample(*people, min(count, max(1, distinct(*people, group))), seed, group)


def _embeddings(generated: GeneratedFaces) -> Iterator[tuple[Judge, np.ndarray, np.ndarray, bool]]:
    """Whose embeddings, these of generated and of true faces, and whether to centre them, for each way to compare."""
    for by, (probes, faces) in generated.embedding_spaces.items():
        for centred in (False, True):
            yield by, probes, faces, centred
