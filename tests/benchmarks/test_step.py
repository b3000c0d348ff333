"""A training step stands beside the baseline's and the roofline, by batch and by processes."""

from pathlib import Path

import pytest

from benchmarks import step
from benchmarks.timing import Roofline
from v2f.models import Runtime

pytestmark = pytest.mark.slow

CPU = Runtime.choose("cpu")


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"ROUNDS": 1, "BATCHES": (2, 3), "PROCESS_BATCH": 2, "PROCESS_STEPS": 20}.items():
        monkeypatch.setattr(step, name, value)


def test_a_step_stands_beside_the_baseline_and_the_roofline() -> None:
    row = step.step(step.made_pack(), 2, CPU, Roofline(1e9, 1e9))
    assert row["measured"].startswith("step of Algorithm 1, batch 2 (")
    assert row["speed-up"].endswith(")") and "Gflop" in row["roofline"]


def test_every_batch_has_a_row() -> None:
    assert [row["batch"] for row in step.by_batch(CPU)] == ["2", "3"]


def test_work_grows_with_the_batch_and_adam_reads_and_writes_every_parameter_once() -> None:
    small, large = step.step_work(2, identities=10), step.step_work(64, identities=10)
    assert large.flops == pytest.approx(32 * small.flops) and large.bytes == small.bytes
    task = step.make_task(step.made_pack(identities=10), 2, CPU)
    assert small.bytes == 7 * step.gradient_bytes(task)


@pytest.mark.distributed
def test_steps_of_two_processes_are_timed_by_their_log(tmp_path: Path) -> None:
    pack, encoder = step.save_made_pack(tmp_path)
    took = step.step_times(2, pack, encoder, tmp_path / "run")
    assert len(took) == 1 and took[0] > 0
