"""v2f prepare: a mistake gives one sentence at once."""

import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

from v2f.__main__ import main
from v2f.data.store import Store


def prepare_demo(folder: Path, before: str = "pass") -> subprocess.CompletedProcess[str]:
    options = [
        f"--{name}={folder / name}"
        for name in ("portraits", "speech", "pairs", "common-voice", "speechocean", "faceres", "out")
    ]
    code = f"import sys; {before}; from v2f.__main__ import main; sys.exit(main(['prepare', 'demo', *{options}]))"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_a_missing_source_is_one_sentence(tmp_path):
    pytest.importorskip("sklearn")
    done = prepare_demo(tmp_path)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and "of the portraits" in done.stderr


def test_a_missing_package_is_one_sentence(tmp_path):
    done = prepare_demo(tmp_path, before="sys.modules['sklearn'] = None")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and "pip install -r requirements-dev.txt" in done.stderr


def test_nothing_to_check_is_one_sentence(capsys) -> None:
    assert main(["prepare", "check"]) == 1
    assert "--common-voice" in capsys.readouterr().err


def test_whole_and_incomplete_sources_are_both_reported(shared_data: Path, tmp_path: Path, capsys) -> None:
    readers = shared_data / "speech" / "librispeech"
    assert main(["prepare", "check", f"--speech={readers}"]) == 0
    assert capsys.readouterr().out == "LibriSpeech's readers: 251 files, as they should be.\n"
    assert main(["prepare", "check", f"--speech={readers}", f"--speechocean={tmp_path}"]) == 1
    output = capsys.readouterr()
    assert "251 files" in output.out and output.err.count("\n") == 1
    assert "Of the 1,500 files of speechocean762, 1,500 are missing" in output.err


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
