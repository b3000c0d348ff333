"""Who computes when: a few computations at a time, whoever asks; the others wait, though not for long."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count
from queue import PriorityQueue
from threading import BoundedSemaphore, Lock
from typing import TypeVar

from v2f.audio.front_ends import FRONT_ENDS
from v2f.kiosk.problems import Problem
from v2f.pipeline import Face, Prefixes, VoiceToFace

WORKERS = 2  # threads, and so computations at the same time
MOST_TOGETHER = 32  # recordings in one batch: one waits for the others
PATIENCE_SECONDS = 10  # of waiting, after which a visitor is told that the booth is busy

Result = TypeVar("Result")
Strip = list[Face | None]


class ComputeQueue:
    """Runs computations in a fixed set of threads, because torch keeps memory for every thread it ever ran in."""

    def __init__(self, engine: VoiceToFace) -> None:
        """`engine`: generates faces."""
        self._engine = engine
        self._front_end = FRONT_ENDS[engine.model.config.encoder]
        self._workers = ThreadPoolExecutor(WORKERS, "faces")
        self._noise_places = BoundedSemaphore(WORKERS // 2)  # so that a voice seldom waits for noise
        # Those with durations first, as their faces are looked at for longer than live ones; then in order.
        self._recordings: PriorityQueue[tuple[bool, int, Prefixes, Future[Strip]]] = PriorityQueue()
        self._order = count()
        self._one_batch = Lock()

    def run(self, task: Callable[[], Result]) -> Result:
        """Run a task when its turn has come.

        Returns:
            What the task returns.

        Raises:
            Problem: "busy", where its turn does not come within PATIENCE_SECONDS; and whatever the task raises.
        """
        return _wait(self._workers.submit(task))

    def run_noise(self, task: Callable[[], Result]) -> Result:
        """Run a task of less importance: as `run`, while half of the threads stay free for voices."""
        if not self._noise_places.acquire(timeout=PATIENCE_SECONDS):
            raise Problem("busy")
        try:
            return self.run(task)
        finally:
            self._noise_places.release()

    def strip(self, recording: Prefixes) -> Strip:
        """Generate a strip, as `VoiceToFace.strips` does, together with those that others wait for.

        Raises:
            Problem: "busy", as for `run`.
        """
        turn: Future[Strip] = Future()
        self._workers.submit(self._join_batch, recording, turn)
        return _wait(turn)

    def _join_batch(self, recording: Prefixes, turn: Future[Strip]) -> None:
        """Compute what is a recording's own; then let one worker at a time do the rest, of all that wait for it."""
        try:
            recording.frames(self._front_end)
        except Exception as error:  # whoever waits is told
            return turn.set_exception(error)
        self._recordings.put((not recording.durations, next(self._order), recording, turn))
        while not self._recordings.empty() and self._one_batch.acquire(blocking=False):
            try:
                self._generate_batch()
            finally:
                self._one_batch.release()

    def _generate_batch(self) -> None:
        together: list[tuple[Prefixes, Future[Strip]]] = []
        while len(together) < MOST_TOGETHER and not self._recordings.empty():
            *_, recording, turn = self._recordings.get()
            if turn.set_running_or_notify_cancel():
                together.append((recording, turn))
        try:
            strips = self._engine.strips([recording for recording, _ in together])
        except Exception as error:
            for _, turn in together:
                turn.set_exception(error)
        else:
            for (_, turn), strip in zip(together, strips, strict=True):
                turn.set_result(strip)


def _wait(turn: Future[Result]) -> Result:
    try:
        return turn.result(PATIENCE_SECONDS)
    except TimeoutError:
        turn.cancel()
        raise Problem("busy") from None
