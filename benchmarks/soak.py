"""A soak: what a process takes from the machine over hours, sampled once a minute, and whether that grows."""

import json
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

import psutil

from benchmarks.timing import Row
from tests.support.browser import BenchError

WARM_MINUTES = 10  # after which the process has taken what it needs
SAMPLE_MINUTES = 1
WINDOW = 5  # samples whose median is compared
TOLERANCE = 0.05


@dataclass(frozen=True)
class Footprint:
    """What a process takes."""

    minutes: float  # since the soak began
    rss: int  # bytes resident, those shared with other processes too
    uss: int  # bytes that are this process' alone
    files: int  # open file descriptors
    disk_bytes: int  # in the files that it keeps
    disk_files: int

    @classmethod
    def of(cls, process: int, kept: Iterable[Path], minutes: float) -> "Footprint":
        """`kept`: the files whose number and size must not grow. Raises psutil.NoSuchProcess when it is gone."""
        running = psutil.Process(process)
        memory, sizes = running.memory_full_info(), [path.stat().st_size for path in kept if path.exists()]
        return cls(minutes, memory.rss, memory.uss, running.num_fds(), sum(sizes), len(sizes))


@dataclass
class Soak:
    """What has happened so far; `out`, if any, always holds all of it."""

    minutes: float
    out: Path | None = None
    samples: list[Footprint] = field(default_factory=list)

    def due(self, minutes: float) -> bool:
        """Whether it is time for a sample: a minute after the one before, and at the end."""
        pace = min(SAMPLE_MINUTES, self.minutes / 12)
        return minutes >= self.minutes or not self.samples or minutes >= self.samples[-1].minutes + pace

    def sample(self, process: subprocess.Popen[str], kept: Iterable[Path], minutes: float) -> None:
        """Raises BenchError when the process has stopped."""
        if process.poll() is not None:
            raise BenchError(f"The process has stopped after {minutes:.0f} minutes.")
        self.samples.append(Footprint.of(process.pid, kept, minutes))
        if self.out:
            draft = self.out.with_name(self.out.name + ".part")
            draft.write_text(json.dumps(asdict(self) | {"out": None}, indent=1) + "\n")
            draft.replace(self.out)

    def growth(self) -> dict[str, tuple[float, float]]:
        """Each measure once the process was warm and at the end. Raises BenchError for fewer than two samples."""
        warm = [s for s in self.samples if s.minutes >= min(WARM_MINUTES, self.minutes / 4)]
        window = min(WINDOW, len(warm) // 2)
        if not window:
            raise BenchError("The soak was too short for a comparison.")
        return {
            name: (median_of(warm[:window], name), median_of(warm[-window:], name))
            for name in ("rss", "uss", "files", "disk_bytes", "disk_files")
        }

    def passed(self) -> bool:
        return all(after <= (1 + TOLERANCE) * before for before, after in self.growth().values())

    def rows(self) -> list[Row]:
        return [row(name, *values) for name, values in self.growth().items()]


def median_of(samples: Sequence[Footprint], name: str) -> float:
    return median(getattr(sample, name) for sample in samples)


def row(name: str, before: float, after: float) -> Row:
    change = f"{after / before - 1:+.1%}" if before else ""
    return {"measured": name, "once warm": f"{before:,.0f}", "at the end": f"{after:,.0f}", "change": change}
