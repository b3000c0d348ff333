"""What an evaluation measured: one line of JSON for each number, and one for whatever had to be left out.

{"weights": ..., "store": ..., "seed": 0, ...}                                     the run, first
{"question": "matching", "measure": ..., "value": 0.62, "low": 0.59, ...}          a `Result`
{"question": "matching", "on": "test", "left_out": "its people have no faces"}     a `LeftOut`
"""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from v2f.errors import CorpusError

if TYPE_CHECKING:
    from PIL import Image

RESULTS = "results.jsonl"


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

    question: str  # the file of this package that asks it, and the report's section
    measure: str  # what is measured, in words
    on: str  # whom it is measured on, as `Subjects.name`
    by: str = ""  # who judges: a classifier, a descriptor, a matcher
    stratum: str = ""  # imposters are alike in this
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
    def of(cls, estimate: Estimate, question: str, measure: str, on: str, **fields: Any) -> "Result":
        """A result with the interval and counts of an estimate, and further fields."""
        return cls(question, measure, on, **{"recordings": estimate.trials, **asdict(estimate), **fields})


@dataclass(frozen=True)
class LeftOut:
    """A question, or a part of one, that the data cannot answer, and why."""

    question: str
    on: str
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

    def first(self, question: str, measure: str, among: Sequence[str], **fields: Any) -> Result | None:
        """The first defined number whose measure begins so and whose fields are these.

        It is of the first people `among` whom there is such a number of; None without one.
        """
        for people in among:
            wanted = {"question": question, "on": people, **fields}
            for result in self.results:
                same = all(getattr(result, name) == value for name, value in wanted.items())
                if same and result.measure.startswith(measure) and not math.isnan(result.value):
                    return result
        return None

    def same(self, result: Result) -> Result | None:
        """The number here that answers the same; None without one."""
        fields = {"by": result.by, "stratum": result.stratum, "seconds": result.seconds}
        return self.first(result.question, result.measure, [result.on], **fields)


def _line(**fields: Any) -> Result | LeftOut:
    if "left_out" in fields:
        return LeftOut(**fields)
    return Result(**{**fields, "speech2face": fields["speech2face"] and tuple(fields["speech2face"])})
