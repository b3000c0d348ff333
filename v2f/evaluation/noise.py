"""Are faces from noise told from faces from voices? By the model's own discriminator, and by face detectors.

Paper: 1,000 samples of each, lengths not given. Here: three seconds of speech, or of noise, for every face, so that
they differ in nothing else; up to 1,000 pieces of recordings, and 1,000 noises.
"""

from typing import Any

import numpy as np
import torch

from v2f.audio import FRAMES_PER_SECOND, FRONT_ENDS, SAMPLE_RATE, make_noise
from v2f.evaluation.intervals import mean_over_people
from v2f.evaluation.judges import detectors, each
from v2f.evaluation.metrics import area_under_curve
from v2f.evaluation.results import LeftOut, Result
from v2f.evaluation.subjects import Subjects
from v2f.pipeline import VoiceToFace

QUESTION = "noise"
KINDS = ("white", "pink", "brown", "hum")  # babble is left out: it is made of voices
SECONDS, FACES = 3.0, 1000
PAPER = {"voices": (0.09, 0.13), "noise": (0.06, 0.07)}  # Sec. 4.2: mean and standard deviation of the score


def noise(engine: VoiceToFace, subjects: Subjects, seed: int, workers: int = 1) -> list[Result | LeftOut]:
    """Scores and detections of faces from pieces of voices and from noise."""
    pieces, recordings = voice_pieces(subjects, seed)
    if not pieces:
        return [LeftOut(QUESTION, subjects.name, f"no recording holds {SECONDS:g} s of speech")]
    people = subjects.voice_person[recordings]
    used = len(np.unique(recordings))
    front_end = FRONT_ENDS[subjects.encoder]
    noises = [front_end.features(noise_of(i, seed)) for i in range(FACES)]
    found: list[Result | LeftOut] = []
    scores = {}
    for source, heard in (("voices", pieces), ("noise", noises)):
        images, judged = engine.faces(engine.embed(heard))
        who = people if source == "voices" else np.arange(FACES)  # every noise is its own
        told: dict[str, Any] = {"trials": len(images)} | (
            {"recordings": used} if source == "voices" else {"people": 0, "recordings": 0}
        )
        measure = f"a face is found, from {source}"
        for by, finds in detectors().items():
            seen = mean_over_people(np.array(each(finds, images, workers)), who, seed)
            found.append(Result.of(seen, QUESTION, measure, subjects.name, by=by, **told))
        if judged is not None:
            scores[source] = judged
            mean = mean_over_people(judged, who, seed)
            told |= {"by": "discriminator", "share": False}
            paper_mean, paper_deviation = PAPER[source]
            found.append(
                Result.of(mean, QUESTION, f"score, from {source}", subjects.name, paper=paper_mean, **told)
            )
            deviation = Result(
                QUESTION,
                f"standard deviation of the score, from {source}",
                subjects.name,
                value=float(judged.std()),
                paper=paper_deviation,
                **{"people": mean.people, **told},
            )
            found.append(deviation)
    if not scores:
        return [*found, LeftOut(QUESTION, subjects.name, "the weights hold no discriminator to score faces")]
    return [*found, _told_apart(scores["voices"], scores["noise"], people, used, subjects.name, seed)]


def voice_pieces(subjects: Subjects, seed: int) -> tuple[list[torch.Tensor], np.ndarray]:
    """Up to FACES pieces of SECONDS, features [bins, frames] each, and their recordings, int [pieces].

    Of FACES recordings, in an order of chance, every one gives its first piece, then every one its second, and so on.
    """
    size = round(SECONDS * FRAMES_PER_SECOND)
    cut = []
    for recording in np.random.default_rng(seed).permutation(len(subjects.voice_person))[:FACES]:
        whole = subjects.frames(recording)
        for turn, start in enumerate(range(0, whole.shape[1] - size + 1, size)):
            cut.append((turn, subjects.normalise(whole[:, start : start + size]), recording))
    chosen = sorted(cut, key=lambda piece: piece[0])[:FACES]
    return [features for _, features, _ in chosen], np.array([recording for _, _, recording in chosen], int)


def noise_of(number: int, seed: int) -> torch.Tensor:
    """The sound of one noise, float32 [samples]; the kinds take turns."""
    samples = round(SECONDS * SAMPLE_RATE)
    return torch.from_numpy(make_noise(KINDS[number % len(KINDS)], samples, seed + number))


def _told_apart(
    voices: np.ndarray, noises: np.ndarray, people: np.ndarray, recordings: int, on: str, seed: int
) -> Result:
    """How often a face from a voice scores above one from noise, speakers resampled."""
    above = [
        area_under_curve(np.append(noises, score), np.append(np.zeros(len(noises), bool), True))
        for score in voices
    ]
    estimate = mean_over_people(np.array(above), people, seed)
    told: dict[str, Any] = {"recordings": recordings, "by": "discriminator", "chance": 0.5}
    return Result.of(estimate, QUESTION, "score of a voice above noise's (AUC)", on, **told)
