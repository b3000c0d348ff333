"""Faces of several visitors are generated together; who waits, in which order, and what a failure costs."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Event

import numpy as np
import pytest

import v2f
from tests.conftest import MadeVoice
from v2f.audio import decide
from v2f.kiosk import compute_queue
from v2f.kiosk.compute_queue import ComputeQueue, Strip
from v2f.kiosk.problems import Problem
from v2f.pipeline import Prefixes, VoiceToFace


class SlowEngine:
    """The real engine, which begins its first batch when it may, and the durations of each batch."""

    def __init__(self, engine: VoiceToFace) -> None:
        self.model, self._engine = engine.model, engine
        self.batches: list[list[Sequence[float]]] = []
        self.begun, self.may_go_on = Event(), Event()

    def strips(self, recordings: Sequence[Prefixes]) -> list[Strip]:
        self.batches.append([recording.durations for recording in recordings])
        self.begun.set()
        assert self.may_go_on.wait(60)
        return self._engine.strips(recordings)


@pytest.fixture
def engine(random_weights: Path) -> SlowEngine:
    return SlowEngine(v2f.load(random_weights, device="cpu", exact=True))


@pytest.fixture
def queue(engine: SlowEngine) -> ComputeQueue:
    return ComputeQueue(engine)  # type: ignore[arg-type]


def recording(waveform: np.ndarray, *durations: float) -> Prefixes:
    return Prefixes(waveform, decide(waveform), durations)


def wait_until_asked(queue: ComputeQueue, waiting: int) -> None:
    while queue._recordings.qsize() < waiting:
        Event().wait(0.01)


def test_those_who_come_meanwhile_are_one_batch_with_durations_first(
    queue: ComputeQueue, engine: SlowEngine, made_voice: MadeVoice
) -> None:
    voices = [made_voice(2.5, seed=seed) for seed in range(5)]
    asked = [(), (), (1.0,), (), (1.0, 2.0)]
    with ThreadPoolExecutor(5) as visitors:
        first = visitors.submit(queue.strip, recording(voices[0]))
        assert engine.begun.wait(60)
        others = []
        for waiting, (voice, durations) in enumerate(zip(voices[1:], asked[1:], strict=True), 1):
            others.append(visitors.submit(queue.strip, recording(voice, *durations)))
            wait_until_asked(queue, waiting)
        engine.may_go_on.set()
        strips = [visitor.result(60) for visitor in (first, *others)]
    assert engine.batches == [[()], [(1.0,), (1.0, 2.0), (), ()]]
    for voice, durations, strip in zip(voices, asked, strips, strict=True):
        [own] = engine._engine.strips([recording(voice, *durations)])
        for face, alone in zip(strip, own, strict=True):
            assert face and alone
            np.testing.assert_allclose(face.embedding, alone.embedding, rtol=0, atol=1e-5)


def test_who_no_longer_waits_is_left_out(
    queue: ComputeQueue, engine: SlowEngine, made_voice: MadeVoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    first: Future[Strip] = Future()
    queue._workers.submit(queue._join_batch, recording(made_voice(1.0)), first)
    assert engine.begun.wait(60)
    with monkeypatch.context() as hurried, pytest.raises(Problem, match="busy"):
        hurried.setattr(compute_queue, "PATIENCE_SECONDS", 0.05)
        queue.strip(recording(made_voice(1.0), 1.0))
    engine.may_go_on.set()
    assert first.result(60)[-1]
    assert queue.strip(recording(made_voice(1.0)))[-1]
    assert (1.0,) not in [durations for batch in engine.batches for durations in batch]


def test_a_failure_is_told_to_all_whom_it_concerns_and_the_next_are_served(
    queue: ComputeQueue, engine: SlowEngine, made_voice: MadeVoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.may_go_on.set()
    voice = made_voice(1.0)
    with monkeypatch.context() as broken:
        broken.setattr(engine._engine, "strips", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            queue.strip(recording(voice))
    with pytest.raises(AttributeError):
        queue.strip(Prefixes(voice, decide(voice), (), None))  # type: ignore[arg-type] (before the batch)
    assert queue.strip(recording(voice))[-1]
