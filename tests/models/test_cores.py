"""Parts of a computation run at the same time where a process was told to use several cores, else one by one."""

from collections.abc import Iterator
from functools import partial
from threading import Barrier, Event, current_thread

import numpy as np
import pytest
import torch

from v2f.models import FusedEncoder, Inference, Model, NetworkConfig, Runtime
from v2f.models import cores as module
from v2f.models.cores import cores, shares, side_by_side, use_cores
from v2f.models.portrait_generator import PortraitGenerator


@pytest.fixture
def two_cores(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    threads = torch.get_num_threads()
    for name in ("_cores", "_others"):  # so that both are put back
        monkeypatch.setattr(module, name, getattr(module, name))
    use_cores(2)
    yield
    module._others.shutdown()
    torch.set_num_threads(threads)


def thread() -> str:
    return current_thread().name


def test_one_core_is_used_unless_it_is_said() -> None:
    assert cores() == 1
    assert side_by_side([thread, thread, thread]) == [thread()] * 3


def test_parts_run_at_the_same_time(two_cores: None) -> None:
    meeting = Barrier(2)
    assert cores() == 2 and torch.get_num_threads() == 1
    assert sorted(side_by_side([partial(meeting.wait, 5)] * 2)) == [0, 1]


def test_results_are_in_the_order_of_the_parts(two_cores: None) -> None:
    assert side_by_side([partial(int, number) for number in range(9)]) == list(range(9))
    assert side_by_side([]) == []


def test_nobody_waits_for_a_core_that_is_busy_with_others(two_cores: None) -> None:
    done = Event()
    module._others.submit(done.wait, 5)
    assert side_by_side([thread, thread]) == [thread()] * 2
    done.set()


def test_what_a_part_raises_is_raised(two_cores: None) -> None:
    with pytest.raises(ValueError):
        side_by_side([thread, partial(int, "one")])


def test_parts_compute_in_the_modes_of_whoever_asks(two_cores: None) -> None:
    def modes() -> tuple[bool, bool]:
        return torch.is_inference_mode_enabled(), torch.is_autocast_enabled("cpu")

    assert side_by_side([modes, modes]) == [(False, False)] * 2
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        assert side_by_side([modes, modes]) == [(True, True)] * 2


@pytest.mark.parametrize(
    ("count", "expected"), [(0, [[1, 2, 3, 4, 5]]), (2, [[1, 2, 3], [4, 5]]), (9, [[1], [2], [3], [4], [5]])]
)
def test_shares_are_as_large_as_one_another(count: int, expected: list[list[int]]) -> None:
    assert shares([1, 2, 3, 4, 5], count) == expected and shares([], count) == []


def test_faces_and_embeddings_are_the_same_on_more_cores(request: pytest.FixtureRequest) -> None:
    torch.manual_seed(0)
    config = NetworkConfig(encoder="fused", generator="portrait", image_size=128)
    model = Model(config, FusedEncoder(), PortraitGenerator(config), None, None, None, {})
    engine, voices = Inference(model, Runtime.choose("cpu", exact=True)), torch.rand(3, 121, 700)
    embeddings = engine.embed(list(voices))
    images, _ = engine.faces(embeddings)
    request.getfixturevalue("two_cores")
    np.testing.assert_allclose(engine.embed(list(voices)), embeddings, atol=1e-5)
    again, _ = engine.faces(embeddings)
    assert np.abs(again.astype(int) - images).max() <= 1
