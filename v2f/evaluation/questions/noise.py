"""Do faces from noise differ from faces from voices? By the model's own discriminator, and by face detectors.

Paper: 1,000 samples of each, lengths not given. Here: three seconds of speech, or of noise, for every face, so that
they differ in nothing else; up to 1,000 pieces of recordings, and 1,000 noises, which go past the voice detector.

Sounds that are no voice, such as animals and traffic, go the whole way of a visitor's recording: a file should either
get the sentence that there is no speech in it, or a face that no detector takes for one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from v2f.audio import SAMPLE_RATE, make_noise
from v2f.audio.features import FRAMES_PER_SECOND
from v2f.audio.front_ends import FRONT_ENDS
from v2f.errors import CorpusError, NoSpeechError, UnreadableAudioError
from v2f.evaluation.intervals import mean_over_people
from v2f.evaluation.judges import detections
from v2f.evaluation.subjects import Subjects
from v2f.pipeline import VoiceToFace
from v2f.report.results import Judge, LeftOut, Measure, Part, People, Question, Result

QUESTION = Question.NOISE
KINDS = ("white", "pink", "brown", "hum")  # babble is left out: it is made of voices
SECONDS, FACES = 3.0, 1000
PAPER = {Part.VOICES: (0.09, 0.13), Part.NOISE: (0.06, 0.07)}  # Sec. 4.2: the score's mean and deviation


def noise(engine: VoiceToFace, subjects: Subjects, seed: int, workers: int = 1) -> Iterator[Result | LeftOut]:
    """Scores and detections of faces from pieces of voices and from noise."""
    from scipy.stats import percentileofscore

    pieces, recordings = voice_pieces(subjects, seed)
    if not pieces:
        yield LeftOut(QUESTION, subjects.name, f"no recording holds {SECONDS:g} s of speech")
        return
    people, used = subjects.voice_person[recordings], len(np.unique(recordings))
    front_end = FRONT_ENDS[subjects.encoder]
    noises = [front_end.features(noise_of(i, seed)) for i in range(FACES)]
    scores = {}
    of_noise = {"people": 0, "recordings": 0}
    for part, features, groups, counts in (
        (Part.VOICES, pieces, people, {"recordings": used}),
        (Part.NOISE, noises, np.arange(FACES), of_noise),  # every noise is resampled by itself
    ):
        images, judged = engine.faces(engine.embed(features))
        seen = detections(images, workers)
        shares = [(Measure.FACE_DETECTED, by, detected) for by, detected in seen.items()]
        unseen = ~np.any(list(seen.values()), axis=0)
        shares.append((Measure.NO_FACE_DETECTED, Judge.FACE_DETECTORS, unseen))
        for measure, by, values in shares:
            estimate, fields = mean_over_people(values, groups, seed), {"by": by, "part": part, **counts}
            yield Result.of(estimate, QUESTION, measure, subjects.name, **fields)
        if judged is not None:
            scores[part] = judged
            yield from _scores(judged, groups, counts, part, subjects.name, seed)
    if scores:
        above = percentileofscore(scores[Part.NOISE], scores[Part.VOICES], kind="mean") / 100  # ties one half
        estimate = mean_over_people(above, people, seed)
        fields = {"recordings": used, "by": Judge.DISCRIMINATOR, "chance": 0.5}
        yield Result.of(estimate, QUESTION, Measure.SCORE_ABOVE_NOISE, subjects.name, **fields)
    else:
        yield LeftOut(QUESTION, subjects.name, "the weights hold no discriminator to score faces")


def _scores(
    scores: np.ndarray, groups: np.ndarray, counts: dict[str, int], part: Part, on: People, seed: int
) -> Iterator[Result]:
    """Mean and standard deviation of the discriminator's scores float [n] of faces from voices or noise."""
    paper_mean, paper_deviation = PAPER[part]
    estimate, deviation = mean_over_people(scores, groups, seed), float(scores.std())
    fields = {"by": Judge.DISCRIMINATOR, "part": part, "share": False, "paper": paper_mean, **counts}
    mean = Result.of(estimate, QUESTION, Measure.SCORE, on, **fields)
    yield mean
    mean = replace(mean, measure=Measure.SCORE_DEVIATION, paper=paper_deviation)
    yield replace(mean, value=deviation, low=None, high=None)


def sounds(
    engine: VoiceToFace, files: Sequence[Path], on: People, seed: int, workers: int = 1
) -> Iterator[Result | LeftOut]:
    """What becomes of files of sounds that are no voice, each taken from the file to the face as a recording is."""
    if not files:
        why = "no sounds that are no voice were given; --sounds names a folder of them"
        yield LeftOut(QUESTION, on, why)
        return
    images, silent, unreadable = [], 0, 0
    for path in files:
        try:
            images.append(engine.face(path).image)
        except NoSpeechError:
            silent += 1
        except UnreadableAudioError:
            unreadable += 1
    if unreadable:
        yield LeftOut(QUESTION, on, f"{unreadable} of the files of sounds hold none that can be read")
    if not (images or silent):
        return
    seen = detections(np.array(images, np.uint8), workers)
    undetected = ~np.any(list(seen.values()), axis=0)
    for measure, by, of_images in (
        (Measure.NO_SPEECH_DETECTED, Judge.VOICE_DETECTOR, np.zeros(len(images), bool)),
        (Measure.NO_SPEECH_OR_FACE_DETECTED, Judge.VOICE_AND_FACE_DETECTORS, undetected),
    ):
        values = np.append(np.ones(silent, bool), of_images)
        estimate = mean_over_people(values, np.arange(len(values)), seed)
        yield Result.of(estimate, QUESTION, measure, on, by=by, people=0, recordings=0)


def sound_files(folder: Path) -> list[Path]:
    """All files of a folder and of those within it; raises CorpusError where there are none."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if not files:
        raise CorpusError(f"{folder} holds no files of sounds; check the path.")
    return files


def voice_pieces(subjects: Subjects, seed: int) -> tuple[list[torch.Tensor], np.ndarray]:
    """Up to FACES pieces of SECONDS, features [bins, frames] each, and their recordings, int [pieces].

    Of FACES recordings, in random order, every one gives its first piece, then every one its second, and so on.
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
