"""How much is tried, and what every try must keep: one sentence, ten seconds, one gigabyte."""

import os
import resource
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, settings

from tests.support.browser import EXAMPLES
from v2f.errors import V2FError

LONGEST = timedelta(seconds=10)
MOST_MEMORY = 1 << 20  # kilobytes that a module of tests may add

settings.register_profile(
    "quick",
    max_examples=15,
    deadline=LONGEST,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
settings.register_profile(
    "fuzz", settings.get_profile("quick"), max_examples=1000, derandomize=False, print_blob=True
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


def allowed(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call it; it may raise V2FError of one sentence, and nothing else. Returns what it gives, or None."""
    try:
        return function(*arguments)
    except V2FError as error:
        one_sentence(str(error))
        return None


def one_sentence(text: str) -> None:
    assert text and "\n" not in text and "Traceback" not in text, text
    assert text.rstrip()[-1] in ".:" and len(text) < 1000, text


@pytest.fixture(scope="module", autouse=True)
def little_memory() -> Iterator[None]:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < MOST_MEMORY, f"{grown / 1024:.0f} MB more"


@pytest.fixture(scope="session")
def voice() -> np.ndarray:
    """Three seconds of a bundled example, float32 at 16 kHz."""
    return soundfile.read(EXAMPLES[0], frames=48_000, dtype="float32")[0]
