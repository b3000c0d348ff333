"""What does more speech bring? Gender agreement, matching, and how near the embedding is to the whole recording's.

At 1, 2, 3, 5 and 10 s of speech (Sec. 4.1), always on the recordings that are at least so long; gender agreement also
on the whole recordings, of women and men apart.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from v2f.audio.features import FRAMES_PER_SECOND
from v2f.evaluation.generated_faces import GeneratedFaces, embed
from v2f.evaluation.intervals import mean_over_people
from v2f.evaluation.judges import Judges, Verdicts
from v2f.evaluation.questions.gender import generated_gender
from v2f.evaluation.questions.matching import matching
from v2f.evaluation.trials import Trials
from v2f.models.classifiers import GenderClassifier
from v2f.pipeline import DURATIONS, VoiceToFace
from v2f.report.results import Judge, LeftOut, Measure, Question, Result, Stratum

QUESTION = Question.DURATION
MOST = 2000  # recordings, sampled


def durations(
    engine: VoiceToFace,
    generated: GeneratedFaces,
    lists: dict[Stratum | None, Trials],
    judges: Judges,
    classifier: GenderClassifier | None,
    seed: int,
) -> Iterator[Result | LeftOut]:
    """The same measures after each duration that some recordings reach."""
    subjects = generated.subjects
    sampled = np.random.default_rng(seed).permutation(len(subjects.voice_person))[:MOST]
    lengths = np.array([subjects.frames(recording).shape[1] for recording in sampled])
    for seconds in map(float, DURATIONS):
        recordings = np.sort(sampled[lengths >= seconds * FRAMES_PER_SECOND])
        people = subjects.voice_person[recordings]
        if len(np.unique(people)) < 2:
            why = f"there are no two speakers with {seconds:g} s of speech"
            yield LeftOut(QUESTION, subjects.name, why)
            continue
        embeddings = embed(engine, subjects, recordings, seconds)
        cosines = (embeddings * generated.embeddings[recordings]).sum(axis=1)
        estimate = mean_over_people(cosines, people, seed)
        measure = Measure.COSINE_TO_WHOLE
        yield Result.of(estimate, QUESTION, measure, subjects.name, share=False, seconds=seconds)

        images, _ = engine.faces(embeddings)
        part = _of_recordings(generated, recordings, images, {name: judges[name](images) for name in judges})
        results = list(generated_gender(part, classifier, seed))
        trials = lists[None].among(recordings) if None in lists else None
        if trials is not None and len(trials.probe):
            results += matching(part, {None: trials}, seed)
        yield from (_at_duration(result, seconds) for result in results)
    verdicts = {name: of_all.among(sampled) for name, of_all in generated.verdicts.items()}
    part = _of_recordings(generated, sampled, generated.images[sampled], verdicts)
    yield from (_at_duration(result, None) for result in generated_gender(part, classifier, seed))


def _of_recordings(
    generated: GeneratedFaces, recordings: np.ndarray, images: np.ndarray, verdicts: dict[Judge, Verdicts]
) -> GeneratedFaces:
    """Other faces from some of the recordings, int [n], without the trunk's embeddings."""
    subjects = replace(generated.subjects, voice_person=generated.subjects.voice_person[recordings])
    return replace(generated, subjects=subjects, images=images, verdicts=verdicts, trunk=None)


def _at_duration(result: Result, seconds: float | None) -> Result:
    """A result of another question as one of this; nobody published figures by duration."""
    return replace(result, question=QUESTION, seconds=seconds, paper=None, speech2face=None)
