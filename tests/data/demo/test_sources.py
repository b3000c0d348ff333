"""What the demonstration corpus is made from: lists that come along, and whether a folder has what they name."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from v2f.data.demo import sources as demo_sources
from v2f.data.demo.sources import (
    COMMON_VOICE,
    LIBRISPEECH,
    PAIRS,
    PORTRAITS,
    SPEECHOCEAN,
    PublicSource,
    heldout_common_voice,
    heldout_readers,
    pairs_part,
)
from v2f.errors import CorpusError

SOURCES = (COMMON_VOICE, SPEECHOCEAN, LIBRISPEECH, PORTRAITS, PAIRS)


@pytest.fixture
def source(tmp_path: Path) -> PublicSource:
    """A source of two files, which are there."""
    (tmp_path / "list.csv").write_text("file,speaker,gender,age\na/1.wav,x,female,25\nb/2.wav,y,,\n")
    contents = {"a/1.wav": b"one", "b/2.wav": b"two"}
    digest = hashlib.sha256()
    for file, data in contents.items():
        (tmp_path / file).parent.mkdir()
        (tmp_path / file).write_bytes(data)
        digest.update(f"{file} {hashlib.sha256(data).hexdigest()}\n".encode())
    return PublicSource("a corpus", "somewhere", "CC0", tmp_path / "list.csv", digest.hexdigest())


@pytest.mark.parametrize(
    ("source", "files"), list(zip(SOURCES, (5734, 1500, 251, 2995, 2 * 968), strict=True))
)
def test_the_lists_name_all_files_once(source: PublicSource, files: int) -> None:
    assert len(source.files) == len(set(source.files)) == files
    assert source.table.stat().st_size < 150_000 and len(source.sha256) == 64


@pytest.mark.parametrize(("source", "people"), [(COMMON_VOICE, 2335), (SPEECHOCEAN, 250), (LIBRISPEECH, 251)])
def test_the_lists_hold_speakers_and_what_they_reported(source: PublicSource, people: int) -> None:
    spoken = source.recordings
    assert len({row.speaker for row in spoken}) == people
    assert {row.gender for row in spoken} <= {"female", "male", ""}
    assert all(5 <= int(row.age) <= 95 for row in spoken if row.age)


def test_of_each_speechocean_speaker_there_are_six_recordings_at_most() -> None:
    speakers = [row.speaker for row in SPEECHOCEAN.recordings]
    assert max(speakers.count(speaker) for speaker in set(speakers)) == 6


def test_no_person_is_in_two_corpora() -> None:
    names = [
        {row.speaker for row in source.recordings} for source in (COMMON_VOICE, SPEECHOCEAN, LIBRISPEECH)
    ]
    assert len(set.union(*names)) == sum(map(len, names))


def test_fifty_readers_are_held_out() -> None:
    readers = {row.speaker: row.gender for row in LIBRISPEECH.recordings if row.speaker in heldout_readers()}
    assert sorted(readers.values()) == ["female"] * 25 + ["male"] * 25


def test_two_hundred_common_voice_speakers_are_held_out() -> None:
    spoken = {row.speaker: row.gender for row in reversed(COMMON_VOICE.recordings)}  # the first one counts
    assert sorted(spoken[name] for name in heldout_common_voice()) == ["female"] * 100 + ["male"] * 100


def test_no_person_is_on_both_sides_of_the_split_of_pairs() -> None:
    learned = {row["person"] for row in pairs_part("map")}
    measured = {row["person"] for row in pairs_part("measure")}
    assert learned and measured and not learned & measured
    assert len(measured) == 310 and len(learned) == 621  # a third and two thirds of 931 people


def test_a_folder_that_has_everything_passes(source: PublicSource, tmp_path: Path) -> None:
    source.require(tmp_path)
    source.check(tmp_path)


@pytest.mark.parametrize("check", [PublicSource.require, PublicSource.check])
def test_a_missing_file_is_one_sentence(source: PublicSource, tmp_path: Path, check) -> None:
    (tmp_path / "b" / "2.wav").unlink()
    with pytest.raises(CorpusError) as error:
        check(source, tmp_path)
    assert str(error.value) == (
        f"Of the 2 files of a corpus, 1 are missing in {tmp_path}, the first is b/2.wav; get them from somewhere."
    )


def test_an_altered_file_is_one_sentence(source: PublicSource, tmp_path: Path) -> None:
    (tmp_path / "b" / "2.wav").write_bytes(b"too")
    source.require(tmp_path)
    with pytest.raises(CorpusError, match="All 2 files of a corpus are in .* but their contents differ"):
        source.check(tmp_path)


def test_the_order_of_files_and_their_names_are_in_the_hash(source: PublicSource, tmp_path: Path) -> None:
    files = source.files
    assert demo_sources.hash_of_files(tmp_path, files) == source.sha256
    assert demo_sources.hash_of_files(tmp_path, files[::-1]) != source.sha256


def test_the_readers_at_hand_are_the_listed_ones(shared_data: Path) -> None:
    LIBRISPEECH.check(shared_data / "speech" / "librispeech")
    with pytest.raises(CorpusError, match="their contents differ"):
        replace(LIBRISPEECH, sha256="0" * 64).check(shared_data / "speech" / "librispeech")
