"""What a process takes, and when that is growth."""

import math
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.footprint import Change, Footprint, compare, footprint, kilobytes, table
from tests.support.browser import Kiosk

SMALL = Footprint(minutes=0, rss=100, pss=100, uss=100, files=40, threads=10, disk_bytes=0, disk_files=0)


def samples(memory: list[int]) -> list[Footprint]:
    """One a minute, from minute 0 on."""
    return [replace(SMALL, minutes=minute, rss=rss) for minute, rss in enumerate(memory)]


def rss(changes: list[Change]) -> Change:
    return next(change for change in changes if change.name == "rss")


def test_the_first_minutes_do_not_count() -> None:
    change = rss(compare(samples([10] * 10 + [100] * 20), settled=10))
    assert (change.before, change.after, change.share) == (100, 100, 0)


def test_a_moment_is_the_median_of_five_samples() -> None:
    change = rss(compare(samples([100, 100, 900, 100, 100, *[100] * 10, 104, 900, 104, 104, 104]), settled=0))
    assert (change.before, change.after) == (100, 104)
    assert change.passed


def test_growth_beyond_five_per_cent_fails_and_shrinking_does_not() -> None:
    assert Change("rss", 100, 105).passed
    assert not Change("rss", 1000, 1051).passed
    assert Change("rss", 100, 50).passed
    assert Change("threads", 6, 9).passed  # they come and go


def test_something_out_of_nothing_is_growth() -> None:
    assert math.isinf(Change("disk_files", 0, 1).share) and not Change("disk_files", 0, 1).passed
    assert Change("disk_files", 0, 0).passed


def test_a_short_soak_compares_what_it_has_and_never_a_sample_with_itself() -> None:
    change = rss(compare(samples([1, 100, 200]), settled=1))
    assert (change.before, change.after) == (100, 200)
    with pytest.raises(ValueError, match="two samples"):
        compare(samples([1, 100]), settled=1)


def test_every_measure_is_compared_and_told() -> None:
    grown = replace(SMALL, minutes=1, files=80, disk_files=1)
    changes = compare([SMALL, grown], settled=0)
    assert [change.name for change in changes if not change.passed] == ["files", "disk_files"]
    lines = table(changes).split("\n")
    assert len(lines) == 8
    assert [line.split()[0] for line in lines if line.endswith("too much")] == ["files", "disk_files"]


def test_the_lines_of_proc_are_read() -> None:
    rollup = "55d0-7ffd ---p 00000000 00:00 0  [rollup]\nRss:   1234 kB\nPrivate_Dirty:      56 kB\n"
    assert kilobytes(rollup) == {"Rss": 1234, "Private_Dirty": 56}


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_living_process_is_looked_at(tmp_path: Path) -> None:
    program = "import sys; file = open(sys.argv[1]); print(flush=True); input()"
    (tmp_path / "left.wav").write_bytes(bytes(1000))
    with subprocess.Popen(
        [sys.executable, "-c", program, os.devnull], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout and process.stdout.readline()
        seen = footprint(Kiosk(process, 0, tmp_path, 0.0), minutes=3)
        process.communicate("\n")
    assert seen.minutes == 3
    assert seen.rss >= seen.pss >= seen.uss > 1 << 20
    assert seen.files == 4  # its standard three and the one it opened
    assert seen.threads == 1
    assert (seen.disk_files, seen.disk_bytes) == (1, 1000)
