"""What does more speech bring? Gender agreement, matching, and how near the embedding is to the whole recording's.

At 1, 2, 3, 5 and 10 s of speech (Sec. 4.1), always on the recordings that are at least so long; gender agreement also
on the whole recordings, of women and men apart.
"""

import numpy as np

from v2f.audio import FRAMES_PER_SECOND
from v2f.data.landmarks import descriptor
from v2f.evaluation.faceres import NAME, FaceRes
from v2f.evaluation.generated_faces import GeneratedFaces, embed
from v2f.evaluation.intervals import mean_over_pairs, mean_over_people
from v2f.evaluation.judges import apparent_sex, each
from v2f.evaluation.questions.gender import APPARENT, GENERATED, JUDGE, agreement, gender_of_people, told_by
from v2f.evaluation.questions.matching import UNSTRATIFIED
from v2f.evaluation.trials import Trials, score
from v2f.models.classifiers import GenderClassifier
from v2f.pipeline import DURATIONS, VoiceToFace
from v2f.report.results import LeftOut, Result

QUESTION = "duration"
SETTLED, MATCHING = "cosine to the whole recording's embedding", "1:2 matching"
MOST = 2000  # recordings, drawn by chance


def durations(
    engine: VoiceToFace,
    drawn: GeneratedFaces,
    lists: dict[str, Trials],
    classifier: GenderClassifier | None,
    seed: int,
    workers: int = 1,
    second: FaceRes | None = None,
) -> list[Result | LeftOut]:
    """The same measures after each duration that some recordings reach; `second` is the second judge, if there is."""
    subjects = drawn.subjects
    recordings = np.random.default_rng(seed).permutation(len(subjects.voice_person))[:MOST]
    lengths = np.array([subjects.frames(recording).shape[1] for recording in recordings])
    found: list[Result | LeftOut] = []
    for seconds in DURATIONS:
        heard = np.sort(recordings[lengths >= seconds * FRAMES_PER_SECOND])
        people = subjects.voice_person[heard]
        if len(np.unique(people)) < 2:
            found.append(LeftOut(QUESTION, subjects.name, f"no two speakers are heard for {seconds} s"))
            continue
        embeddings = embed(engine, [(recording, seconds) for recording in heard], subjects)
        images, _ = engine.faces(embeddings)
        settled = (embeddings * drawn.embeddings[heard]).sum(axis=1)
        found.append(
            Result.of(
                mean_over_people(settled, people, seed),
                QUESTION,
                SETTLED,
                subjects.name,
                share=False,
                seconds=float(seconds),
            )
        )
        described = second.describe(images) if second else None
        genders = {}
        if gender_of_people(drawn).any():
            genders[JUDGE] = np.array(each(apparent_sex, images, workers))
            if described is not None:
                genders[NAME] = described.sex
            if classifier is not None:
                genders["classifier"] = told_by(classifier, images)
        found += _gender(drawn, genders, heard, float(seconds), seed)
        if drawn.true is not None and UNSTRATIFIED in lists:
            spaces = {"dlib": (np.array(each(descriptor, images, workers)), drawn.true.descriptor)}
            if described is not None and drawn.true_second is not None:
                spaces[NAME] = (described.descriptor, drawn.true_second.descriptor)
            found += _matching(drawn, lists[UNSTRATIFIED], heard, spaces, seconds, seed)
    whole = {by: made.sex[recordings] for by, (made, _) in drawn.looks.items()}
    if classifier is not None:
        whole["classifier"] = told_by(classifier, drawn.images[recordings])
    return [*found, *_gender(drawn, whole, recordings, None, seed)]


def _gender(
    drawn: GeneratedFaces, genders: dict[str, np.ndarray], heard: np.ndarray, seconds: float | None, seed: int
) -> list[Result]:
    """Gender agreement of faces from recordings `heard`, whose genders str [heard] judges tell; seconds None: whole."""
    people, results = drawn.subjects.voice_person[heard], []
    apparent = "" if (drawn.subjects.gender != "").any() else APPARENT
    for by, told in genders.items():
        reference = gender_of_people(drawn, by if by in drawn.looks else JUDGE)[people]
        some = reference != ""
        if not some.any():
            continue
        agreed = agreement(told[some], reference[some], people[some], seed)
        for group, (estimate, chance) in agreed.items():
            measure, among = GENERATED + apparent + group, drawn.subjects.name
            results.append(
                Result.of(estimate, QUESTION, measure, among, by=by, chance=chance, seconds=seconds)
            )
    return results


def _matching(
    drawn: GeneratedFaces,
    trials: Trials,
    heard: np.ndarray,
    spaces: dict[str, tuple[np.ndarray, np.ndarray]],
    seconds: float,
    seed: int,
) -> list[Result]:
    """1:2 matching by descriptors of faces from recordings `heard` and of true ones, in trials of these."""
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
    for judge, (made, true) in spaces.items():
        for by, centred in ((judge, False), (f"{judge}, centred", True)):
            wins = score(made, true, kept, centred)
            estimate = mean_over_pairs(wins, kept.speaker, kept.stranger, seed)
            results.append(Result.of(estimate, QUESTION, MATCHING, drawn.subjects.name, by=by, **told))
    return results
