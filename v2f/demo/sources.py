"""The public sources of the demonstration corpus: which of their files are used, and whether a copy is complete.

The files are listed in tables beside this module; the table of true pairs is in v2f/evaluation, which reads it too. A
folder needs only the files that are listed. Speakers have numbers, never names; Common Voice's terms ask users not to
try to identify them.
"""

import csv
import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

from v2f.errors import CorpusError
from v2f.evaluation.options import PAIRS_SPLIT

HERE = Path(__file__).parent
HELDOUT = {  # speakers who are never trained on, by split
    "test": HERE / "heldout_readers.txt",  # 25 women and 25 men of LibriSpeech
    "common voice": HERE / "heldout_commonvoice.txt",  # 100 women and 100 men
}


@dataclass(frozen=True)
class PublicSource:
    """A source: where its files come from, their list, and the sha256 over their names and contents."""

    name: str
    origin: str
    table: Path
    sha256: str

    @property
    def rows(self) -> list[dict[str, str]]:
        """The rows of the list, by column.

        Recordings have file, speaker, gender ("female", "male" or "", as reported) and age (in years, the middle of a
        band where only that was reported, or ""); portraits file, apparent_sex and apparent_age; true pairs pair,
        person and part.
        """
        data = self.table.read_bytes()
        text = (gzip.decompress(data) if self.table.suffix == ".gz" else data).decode()
        return list(csv.DictReader(text.splitlines()))

    @property
    def files(self) -> list[str]:
        """Paths below the source's folder."""
        return [
            file
            for row in self.rows
            for file in ([row["file"]] if "file" in row else files_of_pair(row["pair"]))
        ]

    def require(self, folder: Path) -> None:
        """Raise CorpusError, naming what is missing, unless every file is in the folder."""
        files = self.files
        missing = [file for file in files if not (folder / file).is_file()]
        if missing:
            raise CorpusError(
                f"Of the {len(files):,} files of {self.name}, {len(missing):,} are missing in {folder}, the first is "
                f"{missing[0]}; get them from {self.origin}."
            )

    def check(self, folder: Path) -> None:
        """Raise CorpusError unless every file is in the folder and unchanged."""
        self.require(folder)
        files, digest = self.files, hashlib.sha256()
        for file in files:
            contents = hashlib.sha256((folder / file).read_bytes()).hexdigest()
            digest.update(f"{file} {contents}\n".encode())
        if (actual := digest.hexdigest()) != self.sha256:
            raise CorpusError(
                f"All {len(files):,} files of {self.name} are in {folder}, but their contents differ: sha256 "
                f"{actual[:12]} and not {self.sha256[:12]}; get them from {self.origin}."
            )


COMMON_VOICE = PublicSource(
    "Common Voice 6.1's sample",
    "https://github.com/omnilingo/rsample-100-cv-corpus-6.1-2020-12-11 at commit "
    "6785f863fec9770151abfe50a5e3e3787fd20ba2",
    HERE / "commonvoice.csv.gz",
    "8467e99f267759e7656f0d8228a0ced350a18f7dc96c219bd2ba2ee12e27eb27",
)
SPEECHOCEAN = PublicSource(  # the first six recordings of each speaker
    "speechocean762",
    "https://github.com/jimbozhang/speechocean762 at commit 613968e3b0b789fc33936fb5eba1973176ba7d11",
    HERE / "speechocean.csv.gz",
    "466c657ef83480a5b16916dff61fa1d2f865ed00327b6f98e5165b8ff935f06b",
)
LIBRISPEECH = PublicSource(  # an utterance of each
    "LibriSpeech's readers",
    "https://github.com/resemble-ai/Resemblyzer, which has them from train-clean-100",
    HERE / "librispeech.csv.gz",
    "5d4b38e29e872c40580109a18b6840a63be88ce2d7287505ef27447a02f73cdf",
)
PORTRAITS = PublicSource(
    "the portraits",
    "https://github.com/Hainish/congress-images-225x275, vharnathka/cse151a, globalroo/uk-mps, "
    "debruine/webmorphR.stim, and the figures of SelfishGene/SFHQ-dataset and SFHQ-T2I-dataset",
    HERE / "portraits.csv.gz",
    "6e383049c4e81594da0fdcbab9b3d139ab44d67578e500eaaa29c82e7ab6af70",
)
PAIRS = PublicSource(  # learned from and measured with; none of it enters the corpus
    "AVSpeech's true pairs",
    "the figures of the Speech2Face project page",
    PAIRS_SPLIT,
    "4b82643843285396dd60ac6f95abc6c0d45f50ca5a74c7aea982219042f3c973",
)


def heldout() -> dict[str, str]:
    """The speakers who are never trained on, by name, each with the split: "test" or "common voice"."""
    return {name: split for split, file in HELDOUT.items() for name in file.read_text("utf-8").split()}


def pairs_part(part: str) -> list[dict[str, str]]:
    """Rows (pair, person, part) of the true pairs whose part is "map" or "measure"; no person is in both."""
    return [row for row in PAIRS.rows if row["part"] == part]


def files_of_pair(pair: str) -> tuple[str, str]:
    """The voice and the face of a true pair, below their folder."""
    return f"voices/{pair}.opus", f"faces/{pair}.jpg"
