"""What an evaluation finds: one line of JSON for each number, and one for whatever had to be left out.

{"weights": ..., "store": ..., "seed": 0, ...}                                     the run, first
{"question": "matching", "measure": ..., "value": 0.62, "low": 0.59, ...}          a `Result`
{"question": "matching", "on": "test", "left_out": "its people have no faces"}     a `LeftOut`
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from v2f.data.shards import write_atomically
from v2f.errors import CorpusError

if TYPE_CHECKING:
    from PIL import Image

RESULTS = "results.jsonl"
# Questions, and words in measures, as files of before have them: what they are called now.
RENAMED = {
    "question": {"known speakers": "closed-set identification", "steadiness": "consistency"},
    "measure": {
        "are told right": "are classified correctly",
        "told right": "classified correctly",
        "a face is found": "a face is detected",
        "no speech is heard": "no speech is detected",
    },
}


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
    """One number of the report. `question` to `seconds` tell it from all others."""

    question: str  # the file of this package that asks it, and the report's section
    measure: str  # what is measured, in words
    on: str  # whom it is measured on, as `Subjects.name`
    by: str = ""  # who judges: a classifier, a descriptor, a matcher
    stratum: str = ""  # imposters are alike in this
    seconds: float | None = None  # of speech heard; None: the whole recordings
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

    @classmethod
    def of(cls, estimate: Estimate, question: str, measure: str, on: str, **told: Any) -> "Result":
        """A result with its interval and counts."""
        counts = {"trials": estimate.trials, "people": estimate.people}
        told = {"recordings": estimate.trials, **counts, **told}
        return cls(question, measure, on, value=estimate.value, low=estimate.low, high=estimate.high, **told)


@dataclass(frozen=True)
class LeftOut:
    """A question, or a part of one, that the data cannot answer, and why."""

    question: str
    on: str
    left_out: str


@dataclass(frozen=True)
class Findings:
    """All lines of one evaluation. `run` tells weights, store, their sha256, the seed and the judges' versions."""

    run: dict[str, Any]
    results: Sequence[Result]
    left_out: Sequence[LeftOut]

    def save(self, path: Path) -> None:
        """Write results.jsonl."""
        lines: Iterable[Any] = (self.run, *map(asdict, self.results), *map(asdict, self.left_out))
        write_atomically(path, "".join(json.dumps(line) + "\n" for line in lines).encode())

    @classmethod
    def load(cls, path: Path) -> "Findings":
        """Read what `save` wrote; raises CorpusError when it is missing or something else."""
        try:
            run, *lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
            lines = [_renamed(line) for line in lines]
            results = [
                Result(**{**line, "speech2face": line["speech2face"] and tuple(line["speech2face"])})
                for line in lines
                if "left_out" not in line
            ]
            left_out = [LeftOut(**line) for line in lines if "left_out" in line]
        except OSError as error:
            raise CorpusError(f"{path} cannot be read: {error.strerror}.") from error
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise CorpusError(f"{path} holds no results of an evaluation.") from error
        return cls(run, results, left_out)

    def find(self, question: str, measure: str, **told: Any) -> Result | None:
        """The one result with these `on`, `by`, `stratum` and `seconds`, as far as given; None without it."""
        unknown = told.keys() - {field.name for field in fields(Result)}
        assert not unknown, unknown
        for result in self.results:
            same = all(getattr(result, name) == value for name, value in told.items())
            if same and (result.question, result.measure) == (question, measure):
                return result
        return None


def _renamed(line: dict[str, Any]) -> dict[str, Any]:
    """A line with the names of today."""
    for field, names in RENAMED.items():
        for old, new in names.items():
            if old in line.get(field, ""):
                line[field] = line[field].replace(old, new)
    return line


@dataclass(frozen=True)
class Figure:
    """A picture and what it shows. `caption`: what rows and columns are, how they were chosen, what the paper shows."""

    file: str  # the name of its PNG file, without a folder
    title: str
    caption: str
    picture: "Image.Image"
