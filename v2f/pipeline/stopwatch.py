"""How long each stage of a computation took."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stopwatch(dict[str, float]):
    """Seconds spent per named stage; a stage entered twice adds up."""

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self[name] = self.get(name, 0.0) + time.perf_counter() - start
