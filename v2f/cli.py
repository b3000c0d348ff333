"""What the commands of the command line have in common."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path


def named(clips: Iterable[Path]) -> Iterator[tuple[str, Path]]:
    """Each clip with a name of its own: its stem or, met again, stem-2, stem-3, ..."""
    taken: set[str] = set()
    for clip in clips:
        name, count = clip.stem, 1
        while name in taken:
            count += 1
            name = f"{clip.stem}-{count}"
        taken.add(name)
        yield name, clip


def complain(sentence: str) -> int:
    """Say what went wrong on stderr; returns the exit code."""
    print(f"v2f: {sentence}", file=sys.stderr)
    return 1
