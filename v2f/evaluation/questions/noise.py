"""Are faces from noise told from faces from voices? By the model's own discriminator, and by face detectors.

Paper: 1,000 samples of each, lengths not given. Here: three seconds of speech, or of noise, for every face, so that
they differ in nothing else; up to 1,000 pieces of recordings, and 1,000 noises, which go past the voice detector.

Sounds that are no voice, such as animals and traffic, go the whole way of a visitor's recording: a file should either
get the sentence that there is no speech in it, or a face that no detector takes for one.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from v2f.audio import FRAMES_PER_SECOND, FRONT_ENDS, SAMPLE_RATE, make_noise
from v2f.errors import CorpusError, NoSpeechError, UnreadableAudioError
from v2f.evaluation.intervals import mean_over_people
from v2f.evaluation.judges import found_by
from v2f.evaluation.subjects import Subjects
from v2f.metrics import area_under_curve
from v2f.pipeline import VoiceToFace
from v2f.report.results import LeftOut, Result

QUESTION = "noise"
KINDS = ("white", "pink", "brown", "hum")  # babble is left out: it is made of voices
SECONDS, FACES = 3.0, 1000
UNSEEN = "no detector finds a face, from {}"
NO_SPEECH = "no speech is heard in sounds that are no voice"
UNVOICED = "no speech is heard, or no detector finds a face, from sounds that are no voice"
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
        seen = found_by(images, workers)
        for by, faces in seen.items():
            estimate = mean_over_people(faces, who, seed)
            found.append(Result.of(estimate, QUESTION, measure, subjects.name, by=by, **told))
        unseen = mean_over_people(~np.any(list(seen.values()), axis=0), who, seed)
        by = ", ".join(seen)
        found.append(Result.of(unseen, QUESTION, UNSEEN.format(source), subjects.name, by=by, **told))
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


def sounds(
    engine: VoiceToFace, files: Sequence[Path], on: str, seed: int, workers: int = 1
) -> list[Result | LeftOut]:
    """What becomes of files of sounds that are no voice, each taken from the file to the face as a recording is."""
    if not files:
        return [
            LeftOut(QUESTION, on, "no sounds that are no voice were given; --sounds names a folder of them")
        ]
    images, silent, unreadable = [], 0, 0
    for path in files:
        try:
            images.append(engine.face(path).image)
        except NoSpeechError:
            silent += 1
        except UnreadableAudioError:
            unreadable += 1
    found: list[Result | LeftOut] = []
    if unreadable:
        found.append(LeftOut(QUESTION, on, f"{unreadable} of the files of sounds hold none that can be read"))
    if not (images or silent):
        return found
    seen = found_by(np.array(images, np.uint8).reshape(-1, 64, 64, 3), workers)
    unseen = ~np.any(list(seen.values()), axis=0)
    no_speech, faceless = (
        np.repeat([True, False], [silent, len(images)]),
        np.append(np.ones(silent, bool), unseen),
    )
    for measure, values, by in (
        (NO_SPEECH, no_speech, "voice detector"),
        (UNVOICED, faceless, ", ".join(("voice detector", *seen))),
    ):
        estimate = mean_over_people(values, np.arange(len(values)), seed)
        found.append(Result.of(estimate, QUESTION, measure, on, by=by, people=0, recordings=0))
    return found


def sound_files(folder: Path) -> list[Path]:
    """All files of a folder and of those within it; raises CorpusError where there are none."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if not files:
        raise CorpusError(f"{folder} holds no files of sounds; check the path.")
    return files


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
