"""A corpus store: tables and arrays that fit together, opened without being read."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from v2f.data import store
from v2f.errors import CorpusError

PEOPLE = [
    store.Person("A. Buckley", "male", "Ireland", "train", 0, "25"),
    store.Person("B. Only-Voices", "female", "", "train", -1),
    store.Person("C. Test", "female", "USA", "test", -1),
]
VOICES = [
    store.VoiceRow("a.wav", "A. Buckley", "", "male", "Ireland", 0.04, 4, "aa"),
    store.VoiceRow("b.wav", "B. Only-Voices", "", "female", "", 0.02, 2, "bb"),
    store.VoiceRow("c.wav", "C. Test", "", "female", "USA", 0.03, 3, "cc"),
]
FACES = [
    store.FaceRow("c.jpg", "C. Test", "", "", "", "dd"),
    store.FaceRow("a.jpg", "A. Buckley", "", "", "", "ee"),
]
SPEECH = np.array([0, 8192, 16384, -32768, 1, 2, 3, 4, 5], np.int16)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    store.write_array(tmp_path / store.SPEECH, SPEECH)
    store.write_array(
        tmp_path / store.FACES, np.arange(2, dtype=np.uint8).repeat(64 * 64 * 3).reshape(2, 64, 64, 3)
    )
    store.write_people(tmp_path, PEOPLE, VOICES, [0, 1, 2], FACES, [2, 0])
    return tmp_path


def test_what_was_written_is_read(folder: Path) -> None:
    opened = store.Store.open(folder)
    assert opened.people == PEOPLE
    assert opened.voices.tolist() == [(0, 4, 0), (4, 2, 1), (6, 3, 2)]
    assert opened.voice_identity.tolist() == [0, -1, -1] and opened.face_identity.tolist() == [-1, 0]
    assert opened.identities == 1
    assert opened.voices_in("train").tolist() == [0, 1] and opened.faces_in("test").tolist() == [0]
    assert opened.person_of(2).name == "C. Test"
    assert opened.waveform(0).tolist() == [0.0, 0.25, 0.5, -1.0]
    assert opened.waveform(0, slice(2, None)).tolist() == [0.5, -1.0]


def test_arrays_are_mapped_not_read(folder: Path) -> None:
    opened = store.Store.open(folder)
    assert isinstance(opened.speech, np.memmap) and isinstance(opened.faces, np.memmap)


def test_other_programs_need_numpy_alone(folder: Path) -> None:
    voices, speech = (np.load(folder / name, mmap_mode="r") for name in ("voices.npy", "speech.npy"))
    start, length, person = voices[2]
    assert np.array_equal(speech[start : start + length], SPEECH[6:9]) and person == 2


def test_the_manifests_hold_everything_in_words(folder: Path) -> None:
    lines = (folder / "voices.csv").read_text().splitlines()
    assert lines[0] == "file,person,gender,nationality,split,identity,seconds,start,length,sha256,age"
    assert lines[1] == "a.wav,A. Buckley,male,Ireland,train,0,0.04,0,4,aa,25"
    assert (folder / "faces.csv").read_text().splitlines()[1] == "c.jpg,C. Test,female,USA,test,-1,dd,"


def test_a_store_written_before_there_were_ages_is_read(folder: Path) -> None:
    lines = (folder / store.PEOPLE).read_text().splitlines()
    (folder / store.PEOPLE).write_text("".join(line.rpartition(",")[0] + "\n" for line in lines))
    assert store.Store.open(folder).people == [replace(person, age="") for person in PEOPLE]


def test_a_pairing_is_there_if_it_was_written(folder: Path) -> None:
    opened, before = store.Store.open(folder), store.store_hash(folder)
    assert opened.pairing is None
    store.write_array(folder / store.PAIRING, np.ones((3, 1), np.float16))
    assert opened.pairing.tolist() == [[1], [1], [1]]
    assert store.store_hash(folder) != before


def test_who_is_who_decides_the_hash(folder: Path) -> None:
    before = store.store_hash(folder)
    store.write_people(folder, PEOPLE, VOICES, [0, 2, 1], FACES, [2, 0])
    assert store.store_hash(folder) != before


@pytest.mark.parametrize("part", ["people.csv", "voices.npy", "speech.npy", "faces.npy", "face_person.npy"])
def test_a_missing_part_is_one_sentence(folder: Path, part: str) -> None:
    (folder / part).unlink()
    with pytest.raises(CorpusError, match="not a complete corpus store"):
        store.Store.open(folder)


@pytest.mark.parametrize("part", ["speech.npy", "faces.npy"])
def test_parts_of_different_lengths_are_refused(folder: Path, part: str) -> None:
    store.write_array(folder / part, np.load(folder / part)[:-1])
    with pytest.raises(CorpusError, match="do not fit together"):
        store.Store.open(folder)
