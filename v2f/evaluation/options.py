"""The options of ``v2f evaluate``: what to evaluate, and with what."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PAIRS_SPLIT = Path(__file__).with_name(
    "avspeech_split.csv"
)  # which true pairs are measured, and which learned from
TEST_TRIALS = 2_353_560  # Sec. 4.2


@dataclass(frozen=True)
class Options:
    """Each field is the flag of the same name."""

    data: Path  # a store
    split: str = "test"  # whose people are measured; "validation" while settings are still chosen
    weights: str | None = None  # None: the bundled ones
    gender: Path | None = None  # by `v2f train gender`
    matcher: Sequence[Path] = ()  # by `v2f train matcher`
    second_judge: Path | None = None  # a folder with FaceRes' two files
    outside_judge: Path | None = None  # MobileFaceNet's file
    sounds: Path | None = None  # a folder of sounds that are no voice
    pairs: Path | None = None  # a folder of true pairs
    pairs_split: Path = PAIRS_SPLIT  # which of them to measure on
    trials: Path | None = None  # a folder of lists of trials: read if there, else written
    count: int = TEST_TRIALS
    workers: int = 1
    seed: int = 0
    exact: bool = False  # float32 throughout
