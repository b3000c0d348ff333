"""A corpus store: tables and arrays that fit together."""

import numpy as np
import pytest

from v2f.data import store
from v2f.errors import CorpusError

FACE_ROWS = [store.FaceRow("a.jpg", "made", "female", 30, 0), store.FaceRow("b.jpg", "made", "male", 41, 1)]
VOICE_ROWS = [
    store.VoiceRow("a.flac", "a", "female", "made", "train", 0, 0, 4),
    store.VoiceRow("b.flac", "b", "male", "made", "heldout", -1, 4, 2),
]


@pytest.fixture
def folder(tmp_path):
    store.write_array(tmp_path / store.FACES, np.zeros((2, 64, 64, 3), np.uint8))
    store.write_table(tmp_path / store.FACE_TABLE, store.FaceRow, FACE_ROWS)
    store.write_array(tmp_path / store.SPEECH, np.array([0, 8192, 16384, -32768, 1, 2], np.int16))
    store.write_table(tmp_path / store.VOICE_TABLE, store.VoiceRow, VOICE_ROWS)
    store.write_array(tmp_path / store.DVECTORS, np.zeros((2, 256), np.float32))
    return tmp_path


def test_what_was_written_is_read(folder):
    opened = store.Store.open(folder)
    assert opened.face_rows == FACE_ROWS and opened.voice_rows == VOICE_ROWS
    assert opened.identities == 2
    assert opened.waveform(0).tolist() == [0.0, 0.25, 0.5, -1.0]
    assert opened.waveform(1).tolist() == [1 / 32768, 2 / 32768]


def test_arrays_are_mapped_not_read(folder):
    assert isinstance(store.Store.open(folder).speech, np.memmap)


def test_pairing_decides_the_hash(folder):
    before = store.store_hash(folder)
    store.write_table(folder / store.VOICE_TABLE, store.VoiceRow, [VOICE_ROWS[1], VOICE_ROWS[0]])
    assert store.store_hash(folder) != before


@pytest.mark.parametrize(
    "part", [store.FACES, store.FACE_TABLE, store.SPEECH, store.VOICE_TABLE, store.DVECTORS]
)
def test_a_missing_part_is_one_sentence(folder, part):
    (folder / part).unlink()
    with pytest.raises(CorpusError, match="not a complete corpus store"):
        store.Store.open(folder)


def test_parts_of_different_lengths_are_refused(folder):
    store.write_array(folder / store.FACES, np.zeros((3, 64, 64, 3), np.uint8))
    with pytest.raises(CorpusError, match="differ in length"):
        store.Store.open(folder)
