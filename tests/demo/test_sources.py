"""What the demonstration corpus is made from: lists that come along, and whether a folder has what they name."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from v2f.demo.sources import (
    COMMON_VOICE,
    LIBRISPEECH,
    PAIRS,
    PORTRAITS,
    SPEECHOCEAN,
    PublicSource,
    heldout,
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
    return PublicSource("a corpus", "somewhere", tmp_path / "list.csv", digest.hexdigest())


@pytest.mark.parametrize(
    ("source", "files"), list(zip(SOURCES, (5734, 1500, 251, 3441, 2 * 968), strict=True))
)
def test_the_lists_name_all_files_once(source: PublicSource, files: int) -> None:
    assert len(source.files) == len(set(source.files)) == files
    assert source.table.stat().st_size < 150_000 and len(source.sha256) == 64


def test_portraits_are_of_grown_people() -> None:
    assert min(int(row["apparent_age"]) for row in PORTRAITS.rows) >= 18


@pytest.mark.parametrize(("source", "people"), [(COMMON_VOICE, 2335), (SPEECHOCEAN, 250), (LIBRISPEECH, 251)])
def test_the_lists_hold_speakers_and_what_they_reported(source: PublicSource, people: int) -> None:
    spoken = source.rows
    assert len({row["speaker"] for row in spoken}) == people
    assert {row["gender"] for row in spoken} <= {"female", "male", ""}
    assert all(5 <= int(row["age"]) <= 95 for row in spoken if row["age"])


def test_of_each_speechocean_speaker_there_are_six_recordings_at_most() -> None:
    speakers = [row["speaker"] for row in SPEECHOCEAN.rows]
    assert max(speakers.count(speaker) for speaker in set(speakers)) == 6


def test_no_person_is_in_two_corpora() -> None:
    names = [{row["speaker"] for row in source.rows} for source in (COMMON_VOICE, SPEECHOCEAN, LIBRISPEECH)]
    assert len(set.union(*names)) == sum(map(len, names))


def test_fifty_readers_are_held_out() -> None:
    assert reported_by_heldout(LIBRISPEECH, "test") == ["female"] * 25 + ["male"] * 25


def test_two_hundred_common_voice_speakers_are_held_out() -> None:
    assert reported_by_heldout(COMMON_VOICE, "common voice") == ["female"] * 100 + ["male"] * 100


def reported_by_heldout(source: PublicSource, split: str) -> list[str]:
    """The genders of the speakers of a split of those held out, sorted, all of whom the source has."""
    spoken = {row["speaker"]: row["gender"] for row in reversed(source.rows)}  # the first one counts
    return sorted(spoken[name] for name, kept in heldout().items() if kept == split)


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
    header, first, second = source.table.read_text().splitlines(keepends=True)
    source.table.write_text(header + second + first)
    with pytest.raises(CorpusError, match="their contents differ"):
        source.check(tmp_path)
    (tmp_path / "a" / "1.wav").rename(tmp_path / "a" / "one.wav")
    source.table.write_text(header + first.replace("1.wav", "one.wav") + second)
    with pytest.raises(CorpusError, match="their contents differ"):
        source.check(tmp_path)


def test_the_readers_at_hand_are_the_listed_ones(shared_data: Path) -> None:
    LIBRISPEECH.check(shared_data / "speech" / "librispeech")
    with pytest.raises(CorpusError, match="their contents differ"):
        replace(LIBRISPEECH, sha256="0" * 64).check(shared_data / "speech" / "librispeech")
