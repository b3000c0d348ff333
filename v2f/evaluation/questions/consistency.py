"""Do different speakers get different faces, and one speaker the same? Faces from both halves of a recording.

Every distance is between a face from a first half and one from a second half, so those within a speaker and those
between speakers differ only in whose the halves are.
"""

from collections.abc import Iterator

import numpy as np

from v2f.audio.features import FRAMES_PER_SECOND
from v2f.evaluation.generated_faces import GeneratedFaces
from v2f.evaluation.intervals import mean_over_pairs, mean_over_people
from v2f.evaluation.judges import DESCRIPTORS, Judges
from v2f.evaluation.questions.gender import gender_of_people
from v2f.metrics import one_each
from v2f.pipeline import VoiceToFace
from v2f.report.results import Judge, LeftOut, Measure, Question, Result

QUESTION = Question.CONSISTENCY
SHORTEST = 2 * FRAMES_PER_SECOND  # of a recording, in frames
MOST = 200  # speakers, with one recording each


def consistency(
    engine: VoiceToFace, generated: GeneratedFaces, judges: Judges, seed: int
) -> Iterator[Result | LeftOut]:
    """Distances within a speaker and between speakers, and how often a speaker is recognised by the other half.

    In every judge's descriptor.
    """
    subjects = generated.subjects
    halves, people = [], []
    for recording in one_each(subjects.voice_person, seed)[:MOST]:
        frames = subjects.frames(recording)
        middle = frames.shape[1] // 2
        if frames.shape[1] >= SHORTEST:
            halves += [subjects.normalise(frames[:, :middle]), subjects.normalise(frames[:, middle:])]
            people.append(subjects.voice_person[recording])
    if len(people) < 2:
        yield LeftOut(QUESTION, subjects.name, "there are not two speakers with two seconds of speech each")
        return
    images, _ = engine.faces(engine.embed(halves))
    for judge in judges:
        points = judges[judge](images).descriptor.astype(np.float64)
        yield from _by(DESCRIPTORS.get(judge, judge), points, np.array(people), generated, seed)


def _by(
    by: Judge, points: np.ndarray, person: np.ndarray, generated: GeneratedFaces, seed: int
) -> Iterator[Result]:
    """In one descriptor [2 n, d], of the first and the second half of each of the people [n]."""
    on = generated.subjects.name
    distances = np.linalg.norm(points[1::2, None] - points[None, 0::2], axis=2)  # [second, first]
    nearest = distances.argmin(axis=1) == np.arange(len(person))
    recognised = mean_over_people(nearest, person, seed)
    yield Result.of(recognised, QUESTION, Measure.RECOGNISED, on, by=by, chance=1 / len(person))

    gender = gender_of_people(generated)[person]
    own = np.eye(len(person), dtype=bool)
    one_gender = ~own & (gender[:, None] == gender) & (gender != "")
    for measure, chosen in (
        (Measure.DISTANCE_WITHIN_SPEAKER, own),
        (Measure.DISTANCE_WITHIN_GENDER, one_gender),
        (Measure.DISTANCE_BETWEEN_SPEAKERS, ~own),
    ):
        if chosen.any():
            second, first = np.nonzero(chosen)
            estimate = mean_over_pairs(distances[chosen], person[second], person[first], seed)
            counts = {"recordings": np.unique(second).size}
            yield Result.of(estimate, QUESTION, measure, on, by=by, share=False, **counts)
