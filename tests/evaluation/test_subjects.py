"""Whom a model is measured on."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from v2f.errors import CorpusError
from v2f.evaluation.subjects import Reader, face_of, held_out_readers, kept_pairs

LISTS = Path(__file__).resolve().parents[2] / "v2f" / "data"


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    (tmp_path / "speakers.csv").write_text("file,speaker,sex\na.flac,7,F\nb.flac,9,M\nc.flac,11,F\n")
    (tmp_path / "heldout.txt").write_text("9\n11\n")
    return tmp_path


def write_pairs(folder: Path, split: str) -> Path:
    for name in ("voices/0000.opus", "voices/0001.opus", "faces/0000.jpg", "faces/0001.jpg"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"")
    (folder / "split.csv").write_text("pair,person,part\n" + split)
    return folder / "split.csv"


def test_held_out_readers_come_with_sex_and_recording(speech: Path) -> None:
    assert held_out_readers(speech, speech / "heldout.txt") == [
        Reader("9", "male", speech / "b.flac"),
        Reader("11", "female", speech / "c.flac"),
    ]


def test_a_reader_without_recording_is_named(speech: Path) -> None:
    (speech / "heldout.txt").write_text("9\n12\n")
    with pytest.raises(CorpusError, match="12"):
        held_out_readers(speech, speech / "heldout.txt")


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    (tmp_path / "heldout.txt").write_text("9\n")
    with pytest.raises(CorpusError, match="speakers.csv"):
        held_out_readers(tmp_path, tmp_path / "heldout.txt")


def test_only_pairs_kept_for_measuring_are_used(tmp_path: Path) -> None:
    split = write_pairs(tmp_path, "0000,ann,map\n0001,bob,measure\n")
    (pair,) = kept_pairs(tmp_path, split)
    assert (pair.person, pair.clip.name, pair.picture.name) == ("bob", "0001.opus", "0001.jpg")


def test_a_person_in_both_parts_is_refused(tmp_path: Path) -> None:
    split = write_pairs(tmp_path, "0000,ann,map\n0001,ann,measure\n")
    with pytest.raises(CorpusError, match="ann"):
        kept_pairs(tmp_path, split)


def test_missing_pairs_are_counted(tmp_path: Path) -> None:
    split = write_pairs(tmp_path, "0001,bob,measure\n0002,eve,measure\n")
    with pytest.raises(CorpusError, match="lacks 1 of the 2"):
        kept_pairs(tmp_path, split)


def test_the_projects_own_lists_fit_the_data(shared_data: Path) -> None:
    readers = held_out_readers(shared_data / "speech" / "librispeech", LISTS / "heldout_readers.txt")
    assert sorted(reader.sex for reader in readers) == ["female"] * 25 + ["male"] * 25
    pairs = kept_pairs(shared_data / "pairs" / "avspeech", LISTS / "avspeech_split.csv")
    assert 300 <= len(pairs) <= 350


def test_a_picture_without_a_face_gives_none(tmp_path: Path) -> None:
    Image.fromarray(np.full((80, 80, 3), 99, np.uint8)).save(tmp_path / "grey.png")
    assert face_of(tmp_path / "grey.png") is None


def test_a_damaged_picture_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    with pytest.raises(CorpusError, match="broken.jpg"):
        face_of(tmp_path / "broken.jpg")
