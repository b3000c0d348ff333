"""Who computes when: a few computations at a time, whoever asks; the others wait, though not for long."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore
from typing import TypeVar

from v2f.kiosk.problems import Problem

WORKERS = 2  # threads, and so computations at the same time
PATIENCE_SECONDS = 10  # of waiting, after which a visitor is told that the booth is busy

Result = TypeVar("Result")


class ComputeQueue:
    """Runs computations in a fixed set of threads, because torch keeps memory for every thread it ever ran in."""

    def __init__(self) -> None:
        self._workers = ThreadPoolExecutor(WORKERS, "faces")
        self._noise_places = BoundedSemaphore(WORKERS // 2)  # so that a voice seldom waits for noise

    def run(self, task: Callable[[], Result]) -> Result:
        """Run a task when its turn has come.

        Returns:
            What the task returns.

        Raises:
            Problem: "busy", where its turn does not come within PATIENCE_SECONDS; and whatever the task raises.
        """
        turn = self._workers.submit(task)
        try:
            return turn.result(PATIENCE_SECONDS)
        except TimeoutError:
            turn.cancel()
            raise Problem("busy") from None

    def run_noise(self, task: Callable[[], Result]) -> Result:
        """Run a task of less importance: as `run`, while half of the threads stay free for voices."""
        if not self._noise_places.acquire(timeout=PATIENCE_SECONDS):
            raise Problem("busy")
        try:
            return self.run(task)
        finally:
            self._noise_places.release()
