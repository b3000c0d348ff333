"""A soak samples what a process takes, and tells whether that has grown."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.soak import Footprint, Soak
from tests.support.browser import BenchError


@pytest.fixture
def process() -> Iterator[subprocess.Popen[str]]:
    """One that has started, and does nothing."""
    command = [sys.executable, "-c", "print(flush=True); input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        process.stdout.readline()
        yield process
        process.communicate("\n")


def taken(minutes: float, rss: int = 100, disk_files: int = 0) -> Footprint:
    return Footprint(minutes, rss, rss, files=40, disk_bytes=0, disk_files=disk_files)


def test_samples_are_a_minute_apart_and_the_last_one_is_always_taken() -> None:
    soak = Soak(minutes=120)
    for minutes in (0.1, 0.5, 1.2, 1.9, 2.3, 120.1):
        if soak.due(minutes):
            soak.samples.append(taken(minutes))
    assert [sample.minutes for sample in soak.samples] == [0.1, 1.2, 2.3, 120.1]


def test_a_sample_is_of_the_process_and_its_files(process: subprocess.Popen[str], tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(bytes(1000))
    soak = Soak(minutes=120)
    soak.sample(process, [tmp_path / "kept", tmp_path / "just deleted"], 1)
    (sample,) = soak.samples
    assert sample.rss > 1e6 and sample.files >= 3
    assert (sample.disk_bytes, sample.disk_files) == (1000, 1)


def test_growth_is_from_once_warm_to_the_end() -> None:
    warm = [taken(minute, rss=100 + minute // 30) for minute in range(10, 120)]
    soak = Soak(minutes=120, samples=[taken(0, rss=1), *warm])
    assert soak.growth()["rss"] == (100, 103) and soak.passed()
    soak.samples += [taken(121, disk_files=1)] * 5
    assert not soak.passed(), "files out of nothing"
    assert [row["measured"] for row in soak.rows()] == list(soak.growth())


def test_a_killed_soak_leaves_its_data(tmp_path: Path, process: subprocess.Popen[str]) -> None:
    soak = Soak(minutes=120, out=tmp_path / "soak.json")
    for minutes in (1, 2):
        soak.sample(process, [], minutes)
        data = json.loads((tmp_path / "soak.json").read_text())
        assert [sample["minutes"] for sample in data["samples"]] == list(range(1, minutes + 1))


def test_a_process_that_stopped_ends_the_soak() -> None:
    with subprocess.Popen([sys.executable, "-c", ""], text=True) as process:
        process.wait()
    with pytest.raises(BenchError, match="stopped after 7 minutes"):
        Soak(minutes=120).sample(process, [], 7)


def test_too_short_a_soak_says_so() -> None:
    with pytest.raises(BenchError, match="too short"):
        Soak(minutes=1).growth()
