"""What a running process takes: memory, open files, threads, and space in its temporary folder; and how it changed."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from statistics import median

from tests.support.browser import Kiosk

WINDOW = 5  # samples whose median stands for a moment
TOLERANCE = 0.05
RESTLESS = {"threads"}  # a pool that breathes with the last questions; told, not judged


@dataclass(frozen=True)
class Footprint:
    """One look at a process."""

    minutes: float  # since the first visitor
    rss: int  # bytes resident, those shared with other processes too
    pss: int  # bytes, shared ones divided among their users
    uss: int  # bytes that are this process' alone
    files: int  # open file descriptors
    threads: int
    disk_bytes: int  # in the temporary folder
    disk_files: int


@dataclass(frozen=True)
class Change:
    """How one measure of a footprint ended, against its value once warm."""

    name: str
    before: float
    after: float

    @property
    def share(self) -> float:
        """Of growth: 0.05 is five per cent; infinite where something came out of nothing."""
        if self.before:
            return self.after / self.before - 1
        return math.inf if self.after else 0.0

    @property
    def passed(self) -> bool:
        return self.name in RESTLESS or self.after <= (1 + TOLERANCE) * self.before


def footprint(kiosk: Kiosk, minutes: float) -> Footprint:
    """Look at the kiosk's process (Linux). Raises OSError when it is gone."""
    process = Path("/proc", str(kiosk.process.pid))
    memory = kilobytes((process / "smaps_rollup").read_text())
    left = kiosk.files()
    return Footprint(
        minutes=minutes,
        rss=1024 * memory["Rss"],
        pss=1024 * memory["Pss"],
        uss=1024 * (memory["Private_Clean"] + memory["Private_Dirty"]),
        files=len(list((process / "fd").iterdir())),
        threads=len(list((process / "task").iterdir())),
        disk_bytes=sum(size_of(path) for path in left),
        disk_files=len(left),
    )


def kilobytes(rollup: str) -> dict[str, int]:
    """The lines `Name:  123 kB` of /proc/<pid>/smaps_rollup."""
    rows = [line.split() for line in rollup.splitlines() if line.endswith(" kB")]
    return {name.rstrip(":"): int(amount) for name, amount, _ in rows}


def size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # read and deleted since it was listed
        return 0


def compare(samples: Sequence[Footprint], settled: float) -> list[Change]:
    """Every measure after the first `settled` minutes and at the end: the medians of WINDOW samples each.

    Of a short soak fewer samples make a median; no sample is in both. Raises ValueError for fewer than two
    samples since then.
    """
    since = [asdict(sample) for sample in samples if sample.minutes >= settled]
    window = min(WINDOW, len(since) // 2)
    if not window:
        raise ValueError("a comparison takes two samples")
    return [
        Change(
            name,
            median(sample[name] for sample in since[:window]),
            median(sample[name] for sample in since[-window:]),
        )
        for name in (field.name for field in fields(Footprint) if field.name != "minutes")
    ]


def table(changes: Sequence[Change]) -> str:
    """The changes as lines of text."""
    lines = [f"{'':12} {'once warm':>14} {'at the end':>14} {'change':>9}"]
    lines += [
        f"{change.name:12} {change.before:14,.0f} {change.after:14,.0f} {change.share:+9.1%}"
        + ("" if change.passed else "  too much")
        for change in changes
    ]
    return "\n".join(lines)
