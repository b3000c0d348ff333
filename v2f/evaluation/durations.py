"""What does more speech bring? Gender agreement, matching, and how near the embedding is to the whole recording's.

At 1, 2, 3, 5 and 10 s of speech (Sec. 4.1), always on the recordings that are at least so long.
"""

import numpy as np

from v2f.evaluation.drawn import Drawn, embed
from v2f.evaluation.gender import APPARENT, GENERATED, JUDGE, gender_of_people, told_by
from v2f.evaluation.intervals import mean_over_pairs, mean_over_people
from v2f.evaluation.judges import judge_faces
from v2f.evaluation.matching import UNSTRATIFIED
from v2f.evaluation.results import LeftOut, Result
from v2f.evaluation.trials import Trials, score
from v2f.pipeline import DURATIONS, VoiceToFace
from v2f.training.gender import GenderClassifier

QUESTION = "duration"
SETTLED, MATCHING = "cosine to the whole recording's embedding", "1:2 matching"
MOST = 2000  # recordings, drawn by chance


def durations(
    engine: VoiceToFace,
    drawn: Drawn,
    lists: dict[str, Trials],
    classifier: GenderClassifier | None,
    seed: int,
    workers: int = 1,
) -> list[Result | LeftOut]:
    """The same measures after each duration that some recordings reach."""
    subjects = drawn.subjects
    recordings = np.random.default_rng(seed).permutation(len(subjects.voice_person))[:MOST]
    lengths = np.array([subjects.frames(recording).shape[1] for recording in recordings]) / 100
    gender = gender_of_people(drawn)
    apparent = "" if (subjects.gender != "").any() else APPARENT
    found: list[Result | LeftOut] = []
    for seconds in DURATIONS:
        heard = np.sort(recordings[lengths >= seconds])
        people = subjects.voice_person[heard]
        if len(np.unique(people)) < 2:
            found.append(LeftOut(QUESTION, subjects.name, f"no two speakers are heard for {seconds} s"))
            continue
        embeddings = embed(engine, [(recording, seconds) for recording in heard], subjects)
        images, _ = engine.faces(embeddings)
        made = judge_faces(images, workers)
        told = {"seconds": float(seconds)}
        settled = (embeddings * drawn.embeddings[heard]).sum(axis=1)
        found.append(
            Result.of(
                mean_over_people(settled, people, seed),
                QUESTION,
                SETTLED,
                subjects.name,
                share=False,
                **told,
            )
        )
        known = gender[people] != ""
        told_genders = {JUDGE: made.sex}
        if classifier is not None:
            told_genders["classifier"] = told_by(classifier, images)
        for by, genders in told_genders.items():
            if known.any():
                agrees = mean_over_people((genders == gender[people])[known], people[known], seed)
                measure = GENERATED + apparent
                found.append(Result.of(agrees, QUESTION, measure, subjects.name, by=by, chance=0.5, **told))
        found += _matching(drawn, lists, heard, made.descriptor, seconds, seed)
    return found


def _matching(
    drawn: Drawn,
    lists: dict[str, Trials],
    heard: np.ndarray,
    descriptors: np.ndarray,
    seconds: float,
    seed: int,
) -> list[Result]:
    """1:2 matching by dlib's descriptors [recordings heard, 128], in those of the trials that are of these."""
    if drawn.true is None or UNSTRATIFIED not in lists:
        return []
    trials = lists[UNSTRATIFIED]
    place = np.full(len(trials.probe_person), -1)
    place[heard] = np.arange(len(heard))
    some = place[trials.probe] >= 0
    if not some.any():
        return []
    kept = Trials(
        place[trials.probe[some]].astype(np.int32),
        trials.true[some],
        trials.imposter[some],
        trials.probe_person[heard],
        trials.face_person,
    )
    told = {"seconds": float(seconds), "chance": 0.5, "recordings": np.unique(kept.probe).size}
    results = []
    for by, centred in (("dlib", False), ("dlib, centred", True)):
        wins = score(descriptors, drawn.true.descriptor, kept, centred)
        estimate = mean_over_pairs(wins, kept.speaker, kept.stranger, seed)
        results.append(Result.of(estimate, QUESTION, MATCHING, drawn.subjects.name, by=by, **told))
    return results
