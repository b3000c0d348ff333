"""How cost grows: a row for every size, and a machine's number of visitors found between two crowds."""

from pathlib import Path

import pytest

from benchmarks import growth, serving
from tests.support.browser import EXAMPLES
from tests.support.browser import serving as served
from v2f.audio import read_audio
from v2f.models import Runtime
from v2f.training.pack import Pack

pytestmark = pytest.mark.slow

CPU = Runtime.choose("cpu")


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    small = {"STEPS": (1, 2), "STEPS_BATCH": 2, "BATCHES": (2, 3), "HOURS": (0.01, 0.02), "ROUNDS": 1}
    for name, value in small.items():
        monkeypatch.setattr(growth, name, value)


def test_training_has_a_row_for_every_number_of_steps_and_every_batch() -> None:
    assert [row["iterations"] for row in growth.iterations(CPU)] == ["1", "2"]
    by_batch = growth.batches(CPU)
    assert [row["batch"] for row in growth.batch_rows(by_batch)] == ["2", "3"]


def test_preparing_has_a_row_for_every_number_of_hours() -> None:
    first, second = growth.preparing()
    assert (first["hours"], second["hours"]) == ("0.01", "0.02")
    assert (first["recordings"], second["recordings"]) == ("3", "6")


def test_what_a_process_does_and_what_it_passes_on_add_up() -> None:
    by_batch = {16: [0.2], 32: [0.3], 64: [0.5], 128: [0.9]}  # 0.1 s, and 1 s for 160
    one, two, *_, sixteen = growth.computed(by_batch, size=10**8, rate=1e9)
    assert one["a step"] == "900 ms" and one["times as fast"] == "1.00"
    assert list(two.values()) == ["2", "500 ms", "100 ms", "600 ms", "1.50"]
    assert sixteen["its share of batch 128"] == "150 ms"  # of 8, by the line through 16 and 32


def test_two_processes_add_up_gradients() -> None:
    assert growth.summing_rate(1 << 16) > 0


def test_the_made_pack_is_one_that_train_py_takes(tmp_path: Path) -> None:
    pack, encoder = growth.save_made_pack(tmp_path)
    assert Pack.open(pack).hashes[1] == growth.file_hash(encoder)


def test_steps_of_train_py_are_timed_by_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growth, "PROCESS_BATCH", 2)
    monkeypatch.setattr(growth, "PROCESS_STEPS", 20)
    pack, encoder = growth.save_made_pack(tmp_path)
    took = growth.step_times(2, pack, encoder, tmp_path / "run")
    assert len(took) == 1 and took[0] > 0


@pytest.mark.parametrize("most", [1, 5, 8, 11, 16, 17, 99])
def test_the_number_held_is_found_between_two_crowds(most: int) -> None:
    asked: list[int] = []

    def holds(visitors: int) -> bool:
        asked.append(visitors)
        return visitors <= most

    held, behind = serving.limits(holds, serving.CROWDS)
    assert held == min(most, 32) and behind == (None if most >= 32 else most + 1)
    assert len(asked) == len(set(asked)) <= 10


def test_faces_that_never_came_are_not_in_time() -> None:
    assert serving.Heard([0.16] * 50, [0.1] * 10).in_time
    assert not serving.Heard([0.16] * 50, [0.1] * 8 + [serving.math.inf] * 2).in_time
    assert not serving.Heard([0.3] * 50, [0.1] * 10).in_time
    assert not serving.Heard().in_time


def test_visitors_are_answered_by_the_kiosk_as_it_is(random_weights: Path) -> None:
    with served("--weights", str(random_weights)) as kiosk:
        heard = serving.crowd_speaks(kiosk, read_audio(EXAMPLES[0], 2), visitors=2)
    assert len(heard.delays) == 4  # of one and of two seconds, for both
    assert all(delay > 0 for delay in heard.delays) and len(heard.gaps) >= 2
