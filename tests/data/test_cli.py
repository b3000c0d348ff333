"""v2f prepare: a mistake gives one sentence at once."""

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from v2f.__main__ import main
from v2f.data.landmarks import landmark_backend
from v2f.data.store import Store


@pytest.fixture
def voices(tmp_path: Path, made_voice) -> Path:
    for person in ("Frances Fisher", "Carla Gugino"):
        (tmp_path / "voices" / person).mkdir(parents=True)
        soundfile.write(tmp_path / "voices" / person / "a.wav", made_voice(3.0), 16_000)
    return tmp_path / "voices"


def prepare(*arguments: str | Path) -> int:
    return main(["prepare", *map(str, arguments), "--workers", "1"])


def test_a_folder_of_recordings_becomes_a_store(voices: Path, tmp_path: Path, capsys) -> None:
    out = tmp_path / "store"
    assert prepare("voices", voices, "--voice-layout", "folders", "--split", "paper", "--out", out) == 0
    assert "Table 1 of this corpus" in capsys.readouterr().out
    store = Store.open(out)
    assert {person.name: person.split for person in store.people} == {
        "Carla Gugino": "test",
        "Frances Fisher": "train",
    }


def test_what_is_left_out_is_counted_and_named(voices: Path, tmp_path: Path, capsys) -> None:
    (voices / "Frances Fisher" / "b.dss").write_bytes(b"a dictation")
    (voices / "loose.wav").write_bytes(b"of nobody")
    assert prepare("voices", voices, "--voice-layout", "folders", "--out", tmp_path / "store") == 0
    report = capsys.readouterr().out
    assert "Left out: 2 files" in report
    assert "1  of a kind that is not read: Frances Fisher/b.dss\n" in report
    assert "1  in nobody's folder: loose.wav\n" in report
    assert "loose.wav,in nobody's folder\n" in (tmp_path / "store" / "rejected.csv").read_text()


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def splits(store: Path) -> dict[str, str]:
    return {person.name: person.split for person in Store.open(store).people}


def test_a_second_call_from_elsewhere_changes_nothing(voices: Path, tmp_path: Path, monkeypatch) -> None:
    out = tmp_path / "store"
    assert prepare("voices", voices, "--voice-layout", "folders", "--split", "paper", "--out", out) == 0
    before = contents(out)
    monkeypatch.chdir(voices)
    assert prepare("voices", ".", "--voice-layout", "folders", "--out", "../store") == 0
    assert contents(out) == before


@pytest.mark.parametrize("asked", [["--split", "random", "--seed", "3"], ["--split", "paper"], []])
def test_what_came_later_is_added_and_splits_stay(voices: Path, tmp_path: Path, asked: list[str]) -> None:
    out, again = (
        tmp_path / "store",
        ["voices", voices, "--voice-layout", "folders", "--out", tmp_path / "store"],
    )
    for name in "GHIJKLMN":
        shutil.copytree(voices / "Carla Gugino", voices / name)
    assert prepare(*again, *asked) == 0
    before, speech = splits(out), np.load(out / "speech.npy")
    shutil.copytree(voices / "Carla Gugino", voices / "Abe")
    shutil.copy(voices / "N" / "a.wav", voices / "Carla Gugino" / "b.wav")
    assert prepare(*again) == 0
    after, store = splits(out), Store.open(out)
    assert after.pop("Abe") and after == before
    assert store.files("voices.csv")[10:] == ["Abe/a.wav", "Carla Gugino/b.wav"]
    assert np.array_equal(store.speech[: len(speech)], speech)


def test_another_split_is_made_when_it_is_asked_for(voices: Path, tmp_path: Path) -> None:
    again = ["voices", str(voices), "--voice-layout", "folders", f"--out={tmp_path / 'store'}"]
    assert prepare(*again) == prepare(*again, "--split", "paper") == 0
    assert splits(tmp_path / "store") == {"Carla Gugino": "test", "Frances Fisher": "train"}


def test_people_may_get_their_names_later(voices: Path, tmp_path: Path) -> None:
    (voices / "Carla Gugino").rename(voices / "id00101")
    (voices / "Frances Fisher").rename(voices / "id00102")
    tables = [tmp_path / "ids.csv", tmp_path / "names.csv"]
    tables[0].write_text("VoxCeleb2 ID,VGGFace2 ID,Gender\nid00101,n000101,f\nid00102,n000102,f\n")
    tables[1].write_text("Name,VoxCeleb2ID,Gender\nCarla_Gugino,id00101,f\n")
    for given in (tables[:1], tables):
        meta = [f"--voice-meta={table}" for table in given]
        assert prepare("voices", voices, *meta, "--split", "paper", "--out", tmp_path / "store") == 0
    assert splits(tmp_path / "store") == {"Carla Gugino": "test", "n000102": "train"}


@pytest.fixture
def faces(tmp_path: Path, shared_data: Path) -> Path:
    """A portrait of each of the people of `voices`, under an id."""
    portraits = sorted((shared_data / "portraits" / "congress").glob("*.jpg"))
    for i, portrait in enumerate(portraits[:2]):
        (tmp_path / "faces" / f"n00000{i}").mkdir(parents=True)
        shutil.copy(portrait, tmp_path / "faces" / f"n00000{i}" / "1.jpg")
    return tmp_path / "faces"


def test_nobody_on_both_sides_is_one_sentence_before_any_work(voices, faces, tmp_path, capsys) -> None:
    folders = ["--voice-layout", "folders", "--face-layout", "folders", f"--out={tmp_path / 'store'}"]
    assert prepare("corpus", "--voices", voices, "--faces", faces, *folders) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "'Carla Gugino'" in error and "'n000000'" in error
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(
    ("absent", "asked", "needed"),
    [
        (["dlib"], ["--detector", "dlib"], "needs dlib"),
        (["dlib", "face_alignment"], [], "package face-alignment"),
    ],
)
def test_a_missing_detector_is_one_sentence_before_any_work(
    absent: list[str], asked: list[str], needed: str, voices, faces, tmp_path, monkeypatch, capsys
) -> None:
    (faces / "n000000").rename(faces / "Carla Gugino")
    for package in absent:
        monkeypatch.setitem(sys.modules, package, None)
    landmark_backend.cache_clear()
    folders = ["--voice-layout", "folders", "--face-layout", "folders", f"--out={tmp_path / 'store'}"]
    assert prepare("corpus", "--voices", voices, "--faces", faces, *folders, *asked) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and needed in error
    assert not (tmp_path / "store").exists()


@pytest.mark.slow
def test_a_side_of_other_people_leaves_the_store_as_it_was(voices, faces, tmp_path, capsys) -> None:
    out = tmp_path / "store"
    assert prepare("voices", voices, "--voice-layout", "folders", "--out", out) == 0
    before = contents(out)
    assert prepare("faces", faces, "--face-layout", "folders", "--out", out) == 1
    assert "Nobody has both" in capsys.readouterr().err
    assert contents(out) == before


@pytest.mark.slow
def test_nobody_left_on_both_sides_is_one_sentence_and_what_is_prepared_is_kept(
    voices, faces, tmp_path, capsys
) -> None:
    (faces / "n000000").rename(faces / "Someone Else")
    (faces / "Carla Gugino").mkdir()
    (faces / "Carla Gugino" / "1.jpg").write_bytes(b"no picture")
    folders = ["--voice-layout", "folders", "--face-layout", "folders", f"--out={tmp_path / 'store'}"]
    assert prepare("corpus", "--voices", voices, "--faces", faces, *folders) == 1
    assert "Nobody has both" in capsys.readouterr().err
    assert len(Store.open(tmp_path / "store").voices) == 2
    assert "1  unreadable picture: Carla Gugino/1.jpg" in (tmp_path / "store" / "report.txt").read_text()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["voices", "{nowhere}"], "There is no folder"),
        (["voices", "{voices}"], "vox1_meta.csv or vox2_meta.csv"),
        (["faces", "{voices}", "--face-layout", "folders"], "There are no pictures"),
        (["voices", "{voices}", "--voice-layout", "folders", "--split", "nowhere.csv"], "nowhere.csv"),
    ],
)
def test_a_mistake_is_one_sentence_and_leaves_nothing(voices, tmp_path, capsys, arguments, sentence) -> None:
    given = [argument.format(nowhere=tmp_path / "nowhere", voices=voices) for argument in arguments]
    assert prepare(*given, "--out", tmp_path / "store") == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and sentence in error
    assert not (tmp_path / "store").exists()
