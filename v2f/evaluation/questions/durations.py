"""What does more speech bring? Gender agreement, matching, and how near the embedding is to the whole recording's.

At 1, 2, 3, 5 and 10 s of speech (Sec. 4.1), always on the recordings that are at least so long; gender agreement also
on the whole recordings, of women and men apart.
"""

from collections.abc import Iterator

import numpy as np

from v2f.audio import FRAMES_PER_SECOND
from v2f.data.landmarks import descriptor
from v2f.evaluation.faceres import NAME, FaceRes
from v2f.evaluation.generated_faces import GeneratedFaces, embed
from v2f.evaluation.intervals import mean_over_pairs, mean_over_people
from v2f.evaluation.judges import JUDGE, apparent_sex, each
from v2f.evaluation.questions.gender import (
    APPARENT,
    GENERATED,
    agreement_with_people,
    classified_gender,
    gender_of_people,
)
from v2f.evaluation.questions.matching import UNSTRATIFIED
from v2f.evaluation.trials import Trials, score
from v2f.models.classifiers import GenderClassifier
from v2f.pipeline import DURATIONS, VoiceToFace
from v2f.report.results import LeftOut, Result

QUESTION = "duration"
COSINE, MATCHING = "cosine to the whole recording's embedding", "1:2 matching"
MOST = 2000  # recordings, sampled


def durations(
    engine: VoiceToFace,
    generated: GeneratedFaces,
    lists: dict[str, Trials],
    classifier: GenderClassifier | None,
    second: FaceRes | None,
    seed: int,
    workers: int = 1,
) -> Iterator[Result | LeftOut]:
    """The same measures after each duration that some recordings reach; `second` is the second judge, if there is."""
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
        images, _ = engine.faces(embeddings)
        cosines = (embeddings * generated.embeddings[recordings]).sum(axis=1)
        estimate = mean_over_people(cosines, people, seed)
        yield Result.of(estimate, QUESTION, COSINE, subjects.name, share=False, seconds=seconds)

        verdicts = second.describe(images) if second else None
        genders = {}
        if gender_of_people(generated).any():
            genders[JUDGE] = np.array(each(apparent_sex, images, workers))
            if verdicts is not None:
                genders[NAME] = verdicts.sex
            if classifier is not None:
                genders["classifier"] = classified_gender(classifier, images)
        yield from _gender(generated, genders, recordings, seconds, seed)
        if UNSTRATIFIED in lists:
            descriptors = {"dlib": np.array(each(descriptor, images, workers))}
            if verdicts is not None:
                descriptors[NAME] = verdicts.descriptor
            yield from _matching(generated, lists[UNSTRATIFIED], recordings, descriptors, seconds, seed)
    genders = {by: verdicts.sex[sampled] for by, (verdicts, _) in generated.looks.items()}
    if classifier is not None:
        genders["classifier"] = classified_gender(classifier, generated.images[sampled])
    yield from _gender(generated, genders, sampled, None, seed)


def _gender(
    generated: GeneratedFaces,
    genders: dict[str, np.ndarray],
    recordings: np.ndarray,
    seconds: float | None,
    seed: int,
) -> Iterator[Result]:
    """Agreement of the genders str [n] that judges see in faces from recordings int [n]; seconds None: whole ones."""
    people = generated.subjects.voice_person[recordings]
    apparent = "" if generated.subjects.gender.any() else APPARENT
    for by, judged in genders.items():
        agreed = agreement_with_people(generated, by, judged, people, seed)
        for group, (estimate, chance) in agreed.items():
            measure, on = GENERATED + apparent + group, generated.subjects.name
            yield Result.of(estimate, QUESTION, measure, on, by=by, chance=chance, seconds=seconds)


def _matching(
    generated: GeneratedFaces,
    trials: Trials,
    recordings: np.ndarray,
    descriptors: dict[str, np.ndarray],
    seconds: float,
    seed: int,
) -> Iterator[Result]:
    """1:2 matching, in the trials of some recordings, by each judge's descriptors [n, d] of the faces from them."""
    place = np.full(len(trials.probe_person), -1)
    place[recordings] = np.arange(len(recordings))
    chosen = place[trials.probe] >= 0
    if not chosen.any():
        return
    kept = Trials(
        place[trials.probe[chosen]].astype(np.int32),
        trials.true[chosen],
        trials.imposter[chosen],
        trials.probe_person[recordings],
        trials.face_person,
    )
    counts = {"recordings": np.unique(kept.probe).size}
    for judge, probes in descriptors.items():
        _, true = generated.descriptors[judge]
        for by, centred in ((judge, False), (f"{judge}, centred", True)):
            wins = score(probes, true, kept, centred)
            estimate = mean_over_pairs(wins, kept.speaker, kept.stranger, seed)
            fields = {"by": by, "seconds": seconds, "chance": 0.5, **counts}
            yield Result.of(estimate, QUESTION, MATCHING, generated.subjects.name, **fields)
