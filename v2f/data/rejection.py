"""What becomes of a file that a corpus cannot use."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rejected:
    """A file left out of a corpus, and why, in a few words; behind a colon there may be more."""

    file: str
    reason: str
