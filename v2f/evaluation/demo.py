"""How good the demonstration model is: readers it never heard, true pairs of voice and face, and noise.

`measure` gives the answers as plain values for JSON (report.py puts them into words) and the pictures that
the contact sheets show. No picture of the true pairs leaves this module.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from tqdm import tqdm

from v2f.audio import SAMPLE_RATE, make_noise, read_audio
from v2f.errors import CorpusError, NoSpeechError
from v2f.evaluation.intervals import mean_over_people, rank_correlation
from v2f.evaluation.judges import Verdicts, judge_faces, judge_versions
from v2f.evaluation.matching import one_of_two
from v2f.evaluation.subjects import Pair, Reader, face_of, held_out_readers, kept_pairs
from v2f.pipeline import DURATIONS, Face, VoiceToFace

SHOWN_READERS = 10  # half of them women, half men
NOISES = ("white", "pink", "brown", "hum")  # babble is left out here: it is made of voices
NOISE_FACES = 100
NOISE_SECONDS = 5.0

T = TypeVar("T")


@dataclass(frozen=True)
class Sources:
    """Where the people to measure on are: folders and lists as described in subjects.py."""

    speech: Path
    heldout: Path
    pairs: Path
    pairs_split: Path


@dataclass(frozen=True)
class Strip:
    """A reader's faces by duration, as VoiceToFace.strip gives them."""

    reader: Reader
    faces: list[Face | None]


@dataclass(frozen=True)
class Measured:
    """`results` for JSON; every held-out reader with the whole recording's face; the strips of a few."""

    results: dict[str, Any]
    gallery: list[tuple[Reader, Face]]
    strips: list[Strip]


def measure(model: VoiceToFace, sources: Sources, seed: int = 0, workers: int = 1) -> Measured:
    """Answer every question about the demonstration model.

    Raises CorpusError when a source is missing, V2FError when the judging packages are.
    """
    judges = judge_versions()
    readers = held_out_readers(sources.speech, sources.heldout)
    pairs = kept_pairs(sources.pairs, sources.pairs_split)
    whole = [model.face(reader.clip) for reader in _progress(readers, "held-out readers")]
    halves = _halves(model, readers)
    results = {
        "seed": seed,
        "judges": judges,
        "readers": measure_readers(readers, whole, seed, workers),
        "difference": measure_difference(halves, seed, workers),
        "noise": measure_noise(model, [face for _, *both in halves for face in both], seed, workers),
        "pairs": measure_pairs(model, pairs, seed, workers),
    }
    shown = draw_readers(readers, seed)
    strips = [Strip(reader, model.strip(reader.clip, DURATIONS)) for reader in shown]
    return Measured(results, list(zip(readers, whole, strict=True)), strips)


def measure_readers(
    readers: Sequence[Reader], faces: Sequence[Face], seed: int, workers: int
) -> dict[str, Any]:
    """One face per held-out reader: is its apparent sex the reader's, and is it seen as a face?"""
    verdicts = judge_faces([face.image for face in faces], workers)
    speakers = [reader.speaker for reader in readers]
    agrees = verdicts.sex == np.array([reader.sex for reader in readers])
    by_sex = {
        sex: float(np.mean(agrees[[reader.sex == sex for reader in readers]]))
        for sex in sorted({reader.sex for reader in readers})
    }
    return {
        "sex_agreement": asdict(mean_over_people(agrees, speakers, seed)),
        "sex_agreement_by_sex": by_sex,
        "face_found": asdict(mean_over_people(verdicts.found, speakers, seed)),
        "apparent_age": {"median": float(np.median(verdicts.age)), "spread": float(np.std(verdicts.age))},
    }


def measure_difference(
    halves: Sequence[tuple[Reader, Face, Face]], seed: int, workers: int
) -> dict[str, Any]:
    """Do different readers give different faces? Distances between faces from readers' two half recordings.

    Each distance is between a first half's face and a second half's, so those within a reader and those
    between readers differ only in whose the halves are. `recognised`: how often the first half's face nearest
    to a second half's is the same reader's; chance is 1 / readers.
    """
    readers = [reader for reader, _, _ in halves]
    verdicts = judge_faces([face.image for _, *both in halves for face in both], workers)
    pixels = np.array([face.image for _, *both in halves for face in both], dtype=np.float64)
    spaces = {
        "descriptor": verdicts.descriptor.astype(np.float64),  # Euclidean; below 0.6: usually one person
        "pixel": pixels.reshape(len(pixels), -1) / np.sqrt(pixels[0].size),  # so: root mean square, 0 to 255
    }
    sex = np.array([reader.sex for reader in readers])
    own = np.eye(len(readers), dtype=bool)
    same_sex = (sex[:, None] == sex) & ~own
    answers: dict[str, Any] = {"readers": len(readers)}
    for name, points in spaces.items():
        distances = np.linalg.norm(points[1::2, None] - points[None, 0::2], axis=2)
        recognised = distances.argmin(axis=1) == np.arange(len(readers))
        answers[name] = {
            "within_reader": float(distances[own].mean()),
            "between_readers": float(distances[~own].mean()),
            "between_readers_of_one_sex": float(distances[same_sex].mean()),
            "recognised": asdict(mean_over_people(recognised, [reader.speaker for reader in readers], seed)),
        }
    return answers


def measure_noise(model: VoiceToFace, voices: Sequence[Face], seed: int, workers: int) -> dict[str, Any]:
    """Faces from voices against faces from noise: the discriminator's score, and are they seen as faces?"""
    samples = round(NOISE_SECONDS * SAMPLE_RATE)
    noises: list[Face] = []
    for i in _progress(range(NOISE_FACES), "noises"):
        noise = make_noise(NOISES[i % len(NOISES)], samples, seed + i)
        (face,) = model.noise_strip(None, noise, None, durations=())
        assert face is not None  # noise goes past the voice detector
        noises.append(face)
    voice, noise_scores = _scores(voices), _scores(noises)
    return {
        "kinds": list(NOISES),
        "voice": _summary(voice, judge_faces([face.image for face in voices], workers)),
        "noise": _summary(noise_scores, judge_faces([face.image for face in noises], workers)),
        "score_auc": None if voice is None or noise_scores is None else area_under_curve(voice, noise_scores),
    }


def measure_pairs(model: VoiceToFace, pairs: Sequence[Pair], seed: int, workers: int) -> dict[str, Any]:
    """Against the speakers' true faces: agreement in apparent sex and age, and 1:2 matching."""
    used, true, generated, faceless, silent = [], [], [], 0, 0
    for pair in _progress(pairs, "true pairs"):
        face = face_of(pair.picture)
        if face is None:
            faceless += 1
            continue
        try:
            generated.append(model.face(pair.clip).image)
        except NoSpeechError:
            silent += 1
            continue
        used.append(pair.person)
        true.append(face)
    if len(set(used)) < 2:
        raise CorpusError("Fewer than two people can be measured on: the true pairs show too few faces.")
    seen, made = judge_faces(true, workers), judge_faces(generated, workers)
    age = rank_correlation(made.age, seen.age, used, seed)
    return {
        "pairs": len(used),
        "people": len(set(used)),
        "dropped": {"no frontal face in the picture": faceless, "too little speech in the clip": silent},
        "face_found": asdict(mean_over_people(made.found, used, seed)),
        "sex_agreement": asdict(mean_over_people(made.sex == seen.sex, used, seed)),
        "age_rank_correlation": asdict(age) if age else None,
        "matching": measure_matching(made, seen, used, seed),
    }


def measure_matching(made: Verdicts, true: Verdicts, people: Sequence[str], seed: int) -> dict[str, Any]:
    """1:2 matching by dlib's descriptor: unstratified and within apparent sex, by both scores."""
    return {
        stratum: {
            score: asdict(
                one_of_two(
                    made.descriptor,
                    true.descriptor,
                    people,
                    true.sex,
                    within_sex=within_sex,
                    centred=centred,
                    seed=seed,
                )
            )
            for score, centred in (("cosine", False), ("centred_cosine", True))
        }
        for stratum, within_sex in (("unstratified", False), ("within_sex", True))
    }


def draw_readers(readers: Sequence[Reader], seed: int) -> list[Reader]:
    """The readers a contact sheet shows: the first of each sex in an order shuffled by the seed."""
    order = np.random.default_rng(seed).permutation(len(readers))
    shuffled = [readers[i] for i in order]
    return [
        reader
        for sex in ("female", "male")
        for reader in [reader for reader in shuffled if reader.sex == sex][: SHOWN_READERS // 2]
    ]


def area_under_curve(positive: np.ndarray, negative: np.ndarray) -> float:
    """How often a score of [n] is above one of [m], ties counting one half."""
    difference = positive[:, None] - negative[None]
    return float(np.mean((difference > 0) + 0.5 * (difference == 0)))


def _halves(model: VoiceToFace, readers: Sequence[Reader]) -> list[tuple[Reader, Face, Face]]:
    """The faces of both halves of each reader's recording, where both hold enough speech."""
    faces = []
    for reader in _progress(readers, "half recordings"):
        waveform = read_audio(reader.clip)
        middle = waveform.size // 2
        try:
            faces.append((reader, model.face(waveform[:middle]), model.face(waveform[middle:])))
        except NoSpeechError:
            continue
    return faces


def _scores(faces: Sequence[Face]) -> np.ndarray | None:
    scores = [face.score for face in faces if face.score is not None]
    return np.array(scores) if len(scores) == len(faces) else None


def _summary(scores: np.ndarray | None, verdicts: Verdicts) -> dict[str, Any]:
    return {
        "faces": len(verdicts.found),
        "score": None if scores is None else {"mean": float(scores.mean()), "spread": float(scores.std())},
        "face_found": float(verdicts.found.mean()),
    }


def _progress(items: Collection[T], name: str) -> Iterable[T]:
    return tqdm(items, desc=name, leave=False, disable=None)
