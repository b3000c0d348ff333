"""What the demonstration corpus is made from: public sources, what is used of each, whether a copy fits.

The lists are tables beside this file, so a folder needs nothing but the files they name. The people of the recordings
have numbers, never names; Common Voice's terms ask not to try to identify them.
"""

import csv
import gzip
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from v2f.errors import CorpusError

HERE = Path(__file__).parent
PAIRS_SPLIT = HERE / "avspeech_split.csv"  # which true pairs the map learns from and which measure
HELDOUT_READERS = HERE / "heldout_readers.txt"  # 25 women and 25 men of LibriSpeech who are never trained on
HELDOUT_COMMON_VOICE = HERE / "heldout_commonvoice.txt"  # 100 women and 100 men, likewise


@dataclass(frozen=True)
class ListedRecording:
    """A recording of the lists."""

    file: str
    speaker: str
    gender: str  # "female", "male" or "", as the speaker reported it
    age: str  # years, or "" where unknown; the middle of a band where only that was reported


@dataclass(frozen=True)
class PublicSource:
    """Where files come from, which they are, and the sha256 over their names and contents."""

    name: str
    origin: str
    licence: str
    table: Path
    sha256: str

    @property
    def files(self) -> list[str]:
        """Paths below the source's folder."""
        rows = read_table(self.table)
        return [
            file for row in rows for file in ([row["file"]] if "file" in row else files_of_pair(row["pair"]))
        ]

    @property
    def recordings(self) -> list[ListedRecording]:
        """The rows of a list of recordings."""
        return [ListedRecording(**row) for row in read_table(self.table)]

    def require(self, folder: Path) -> None:
        """Raise CorpusError, with a sentence about what is missing, unless every file is in the folder."""
        files = self.files
        missing = [file for file in files if not (folder / file).is_file()]
        if missing:
            raise CorpusError(
                f"Of the {len(files):,} files of {self.name}, {len(missing):,} are missing in {folder}, the first is "
                f"{missing[0]}; get them from {self.origin}."
            )

    def check(self, folder: Path) -> None:
        """Raise CorpusError, with a sentence about what differs, unless every file is there and as it was."""
        self.require(folder)
        actual = hash_of_files(folder, self.files)
        if actual != self.sha256:
            raise CorpusError(
                f"All {len(self.files):,} files of {self.name} are in {folder}, but their contents differ: sha256 "
                f"{actual[:12]} and not {self.sha256[:12]}; get them from {self.origin}."
            )


COMMON_VOICE = PublicSource(
    "Common Voice 6.1's sample",
    "https://github.com/omnilingo/rsample-100-cv-corpus-6.1-2020-12-11 at commit "
    "6785f863fec9770151abfe50a5e3e3787fd20ba2",
    "CC0-1.0",
    HERE / "commonvoice.csv.gz",
    "8467e99f267759e7656f0d8228a0ced350a18f7dc96c219bd2ba2ee12e27eb27",
)
SPEECHOCEAN = PublicSource(  # the first six recordings of each speaker
    "speechocean762",
    "https://github.com/jimbozhang/speechocean762 at commit 613968e3b0b789fc33936fb5eba1973176ba7d11",
    "Apache-2.0; free for commercial and other use",
    HERE / "speechocean.csv.gz",
    "466c657ef83480a5b16916dff61fa1d2f865ed00327b6f98e5165b8ff935f06b",
)
LIBRISPEECH = PublicSource(  # an utterance of each
    "LibriSpeech's readers",
    "https://github.com/resemble-ai/Resemblyzer, which has them from train-clean-100",
    "CC BY 4.0",
    HERE / "librispeech.csv.gz",
    "5d4b38e29e872c40580109a18b6840a63be88ce2d7287505ef27447a02f73cdf",
)
PORTRAITS = PublicSource(
    "the portraits",
    "https://github.com/Hainish/congress-images-225x275, vharnathka/cse151a, and the figures of "
    "SelfishGene/SFHQ-dataset and SFHQ-T2I-dataset",
    "congress/: public domain; sfhq/: MIT",
    HERE / "portraits.csv.gz",
    "23922f3386d60abb4f7a414626bd9b83d6b029bb3eb07d884bfff62b1c534b73",
)
PAIRS = PublicSource(  # learned from and measured with; none of it enters the corpus
    "AVSpeech's true pairs",
    "the figures of the Speech2Face project page",
    "none given",
    PAIRS_SPLIT,
    "4b82643843285396dd60ac6f95abc6c0d45f50ca5a74c7aea982219042f3c973",
)


@cache
def heldout_readers() -> set[str]:
    """The LibriSpeech speakers that are never trained on."""
    return set(HELDOUT_READERS.read_text("utf-8").split())


@cache
def heldout_common_voice() -> set[str]:
    """The Common Voice speakers that are never trained on."""
    return set(HELDOUT_COMMON_VOICE.read_text("utf-8").split())


def pairs_part(part: str) -> list[dict[str, str]]:
    """Rows (pair, person, part) of the true pairs whose part is "map" or "measure"; no person is in both."""
    return [row for row in read_table(PAIRS_SPLIT) if row["part"] == part]


def files_of_pair(pair: str) -> tuple[str, str]:
    """The voice and the face of a true pair, below their folder."""
    return f"voices/{pair}.opus", f"faces/{pair}.jpg"


def read_table(path: Path) -> list[dict[str, str]]:
    """The rows of a list that comes with this package."""
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    return list(csv.DictReader(text.splitlines()))


def hash_of_files(folder: Path, files: Iterable[str]) -> str:
    """sha256 over the names and contents of files below a folder, in this order."""
    digest = hashlib.sha256()
    for file in files:
        contents = hashlib.sha256((folder / file).read_bytes()).hexdigest()
        digest.update(f"{file} {contents}\n".encode())
    return digest.hexdigest()
