"""The command line: pictures and facts for good clips, one sentence for each bad one, never a traceback."""

import argparse
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

import benchmarks.__main__ as benchmarks
import v2f
from tests.support.voices import voice
from v2f.__main__ import build_parser, main
from v2f.cli import named

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture
def clip(tmp_path: Path, made_voice) -> Path:
    path = tmp_path / "voice.wav"
    soundfile.write(path, made_voice(2.5), 16_000)
    return path


@pytest.fixture
def weights(random_weights: Path) -> list[str]:
    return ["--weights", str(random_weights), "--exact"]


def bad_clip(kind: str, folder: Path, made_voice) -> Path:
    path = folder / f"{kind.replace(' ', '-')}.wav"
    match kind:
        case "silence":
            soundfile.write(path, np.zeros(48_000), 16_000)
        case "a fifth of a second":
            soundfile.write(path, made_voice(0.2), 16_000)
        case "a JPEG":
            Image.new("RGB", (64, 64), "red").save(path, format="JPEG")
        case "truncated":
            whole = io.BytesIO()
            soundfile.write(whole, made_voice(2.0), 16_000, format="FLAC")
            path.write_bytes(whole.getvalue()[:60])
        case "empty":
            path.touch()
        case "a folder":
            path.mkdir()
    return path


BAD_CLIPS = ["silence", "a fifth of a second", "a JPEG", "truncated", "empty", "a folder", "missing"]


def assert_one_sentence(stderr: str) -> None:
    assert stderr.count("\n") == 1 and stderr.endswith(".\n") and "Traceback" not in stderr, stderr


def test_face_writes_the_pictures_pixels_exactly(clip: Path, weights, random_weights, tmp_path: Path) -> None:
    assert main(["face", str(clip), "-o", str(tmp_path / "faces"), *weights]) == 0
    expected = v2f.load(random_weights, exact=True).face(clip).image
    assert np.array_equal(np.array(Image.open(tmp_path / "faces" / "voice.png")), expected)


def test_faces_are_as_large_as_the_weights_have_them(clip: Path, large_weights: Path, tmp_path: Path) -> None:
    weights = ["--weights", str(large_weights)]
    assert main(["face", str(clip), "-o", str(tmp_path), *weights]) == 0
    assert Image.open(tmp_path / "voice.png").size == (128, 128)
    assert main(["strip", str(clip), "-o", str(tmp_path / "strip.png"), *weights]) == 0
    assert Image.open(tmp_path / "strip.png").height > 3 * 128


def test_json_is_one_object_per_clip(clip: Path, weights, tmp_path: Path, capsys) -> None:
    assert main(["face", str(clip), str(clip), "-o", str(tmp_path), "--json", *weights]) == 0
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert first["clip"] == str(clip) and first["image"] == str(tmp_path / "voice.png")
    assert second["image"] == str(tmp_path / "voice-2.png")
    assert first["duration"] == pytest.approx(2.5) and 0.5 < first["seconds"] <= 2.5
    assert 0 <= first["score"] <= 1
    assert {"read", "vad", "features", "encoder", "generator"} == set(first["timings"])


def test_one_channel_can_be_chosen(weights, tmp_path: Path, capsys) -> None:
    both = np.stack([voice(0), voice(1)], axis=1)
    soundfile.write(tmp_path / "both.wav", both, 16_000, "FLOAT")
    assert main(["face", str(tmp_path / "both.wav"), "-o", str(tmp_path), *weights]) == 0
    assert "; two speakers, one a channel: this is the " in capsys.readouterr().out
    pictures = []
    for i, channel in enumerate(("left", "right")):
        soundfile.write(tmp_path / "one.wav", both[:, i], 16_000, "FLOAT")
        for name, options in (("one", []), ("both", ["--channel", channel])):
            assert main(["face", str(tmp_path / f"{name}.wav"), "-o", str(tmp_path), *options, *weights]) == 0
            pictures.append((tmp_path / f"{name}.png").read_bytes())
        assert pictures[-1] == pictures[-2]
    assert pictures[0] != pictures[2] and "speakers" not in capsys.readouterr().out


def test_what_could_not_be_read_is_said(clip: Path, weights, tmp_path: Path, capsys) -> None:
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size * 3 // 5])
    assert main(["face", str(clip), "-o", str(tmp_path), *weights]) == 0
    assert capsys.readouterr().out.endswith("of speech in 1.5 s; only 1.5 of 2.5 s could be read)\n")
    assert main(["face", str(clip), "-o", str(tmp_path), "--json", *weights]) == 0
    assert json.loads(capsys.readouterr().out)["notes"] == ["only 1.5 of 2.5 s could be read"]
    assert main(["strip", str(clip), "-o", str(tmp_path / "strip.png"), *weights]) == 0
    assert capsys.readouterr().out == f"{clip}: only 1.5 of 2.5 s could be read\n"


def test_embeddings_are_written_with_their_clips(clip: Path, weights, tmp_path: Path) -> None:
    file = tmp_path / "voices.data"
    assert main(["face", str(clip), "-o", str(tmp_path), "--embeddings", str(file), *weights]) == 0
    with np.load(file) as arrays:
        assert arrays["clips"].tolist() == [str(clip)]
        assert arrays["embeddings"].shape == (1, 64)
        assert np.linalg.norm(arrays["embeddings"][0]) == pytest.approx(1)


@pytest.mark.parametrize("kind", BAD_CLIPS)
def test_a_bad_clip_is_skipped_with_its_reason(
    kind: str, clip: Path, weights, tmp_path: Path, made_voice, capsys
) -> None:
    bad = bad_clip(kind, tmp_path, made_voice)
    assert main(["face", str(bad), str(clip), "-o", str(tmp_path / "faces"), *weights]) == 1
    assert [path.name for path in (tmp_path / "faces").iterdir()] == ["voice.png"]
    stderr = capsys.readouterr().err
    assert_one_sentence(stderr)
    assert str(bad) in stderr


@pytest.mark.parametrize("kind", BAD_CLIPS)
def test_strip_of_a_bad_clip_is_one_sentence(kind: str, weights, tmp_path: Path, made_voice, capsys) -> None:
    bad, out = bad_clip(kind, tmp_path, made_voice), tmp_path / "strip.png"
    assert main(["strip", str(bad), "-o", str(out), *weights]) == 1
    assert_one_sentence(capsys.readouterr().err)
    assert not out.exists()


def test_strip_writes_one_picture(clip: Path, weights, tmp_path: Path) -> None:
    out = tmp_path / "new" / "strip.png"
    assert main(["strip", str(clip), "-o", str(out), *weights]) == 0
    with Image.open(out) as picture:
        assert picture.format == "PNG" and picture.width > 6 * 64


@pytest.mark.parametrize("contents", [b"", b"\x80\x04cos\nsystem\n", bytes(5000)])
def test_corrupt_weights_are_one_sentence(contents: bytes, clip: Path, tmp_path: Path, capsys) -> None:
    (tmp_path / "w.safetensors").write_bytes(contents)
    file = str(tmp_path / "w.safetensors")
    assert main(["face", str(clip), "-o", str(tmp_path / "faces"), "--weights", file]) == 1
    assert_one_sentence(capsys.readouterr().err)
    assert main(["weights", "show", file]) == 1
    assert_one_sentence(capsys.readouterr().err)


def test_a_folder_that_cannot_be_made_is_one_sentence(clip: Path, weights, capsys) -> None:
    assert main(["face", str(clip), "-o", str(clip / "faces"), *weights]) == 1
    assert_one_sentence(capsys.readouterr().err)


FOLDERS = [
    "face x.wav -o",
    "export onnx --parts -o",
    "study duration x.wav -o",
    "study noise x.wav -o",
    "prepare voices x --out",
    "prepare faces x --out",
    "prepare corpus --voices x --faces x --out",
    "prepare demo --portraits x --speech x --pairs x --common-voice x --speechocean x --faceres x --out",
    "train speaker --data x --out",
    "train fused --data x --pairs x --out",
    "train gan --data x --encoder x --out",
    "train portrait --data x --encoder x --out",
    "train gender --data x --out",
    "train matcher --kind svhf --data x --out",
    "evaluate --data x --out",
    "evaluate --data x --out new --trials",
]
FILES = [
    "strip x.wav -o",
    "export onnx -o",
    "face x.wav -o new --embeddings",
    "train pack --data x --encoder x --out",
]


@pytest.mark.parametrize("command", FOLDERS + FILES)
@pytest.mark.parametrize("place", ["taken", "a-file/within", "locked/within"])
def test_what_cannot_be_written_is_one_sentence_before_any_work(
    command: str, place: str, tmp_path: Path, monkeypatch, capsys
) -> None:
    """Nothing else that the commands name is there, which any work would find first."""
    monkeypatch.chdir(tmp_path)
    Path("a-file").touch()
    Path("locked").mkdir()
    Path("taken").touch() if command in FOLDERS else Path("taken").mkdir()
    monkeypatch.setattr(
        "os.access", lambda path, mode: Path(path).name != "locked"
    )  # root may write anywhere
    assert main([*command.split(), place]) == 1
    stderr = capsys.readouterr().err
    assert_one_sentence(stderr)
    why = {"taken": "is a", "a-file/within": "a-file is a file", "locked/within": "locked is read-only"}
    assert place in stderr and why[place] in stderr
    assert not Path("new").exists()


def test_examples_are_copied_to_where_one_is(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["examples", "-o", "clips"]) == 0
    copied = sorted(Path("clips").iterdir())
    assert capsys.readouterr().out.split() == [str(path) for path in copied]
    assert [path.read_bytes() for path in copied] == [path.read_bytes() for path in v2f.examples()]
    assert len(copied) == 3 and all(soundfile.info(path).duration > 10 for path in v2f.examples())


def test_weights_show_tells_what_a_file_holds(random_weights: Path, capsys) -> None:
    assert main(["weights", "show", str(random_weights)]) == 0
    shown = capsys.readouterr().out
    assert "voice encoder: table2" in shown and "generator: 12,191,875 parameters" in shown
    assert "random values, for tests" in shown


def test_interrupting_gives_the_shells_code(clip: Path, weights, tmp_path: Path, monkeypatch) -> None:
    def interrupt(*_arguments: object, **_options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("v2f.__main__.load", interrupt)
    assert main(["face", str(clip), "-o", str(tmp_path), *weights]) == 130


def test_clips_of_one_name_keep_names_of_their_own() -> None:
    clips = [Path(name) for name in ("a/x.wav", "b/x.flac", "x-2.wav", "c/x.ogg")]
    assert list(named(clips)) == list(zip(("x", "x-2", "x-2-2", "x-3"), clips, strict=True))


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=REPOSITORY, capture_output=True, text=True)


def test_as_a_program_a_missing_weights_file_is_one_sentence_and_code_1(clip: Path, tmp_path: Path) -> None:
    ended = run("-m", "v2f", "face", str(clip), "-o", str(tmp_path), "--weights", str(tmp_path / "none"))
    assert ended.returncode == 1 and ended.stdout == ""
    assert_one_sentence(ended.stderr)


def test_importing_the_package_or_asking_for_help_loads_nothing_heavy() -> None:
    heavy = "{'torch', 'numpy', 'PIL', 'soundfile', 'gradio'} & set(sys.modules)"
    code = f"import sys, v2f, v2f.__main__; v2f.__main__.build_parser(); print(sorted({heavy}))"
    assert run("-c", code).stdout.strip() == "[]"


def test_the_public_names_are_there() -> None:
    from v2f.errors import NoSpeechError, V2FError
    from v2f.pipeline import Face, VoiceToFace

    assert (v2f.VoiceToFace, v2f.Face) == (VoiceToFace, Face)
    assert (v2f.NoSpeechError, v2f.V2FError) == (NoSpeechError, V2FError)
    with pytest.raises(AttributeError, match="nothing_such"):
        _ = v2f.nothing_such


def test_a_name_with_a_line_break_in_it_stays_in_one_line(tmp_path, capsys) -> None:
    clip = tmp_path / "new\nline \u202e.wav"
    clip.write_text("not a recording")
    assert main(["face", str(clip), "--out", str(tmp_path)]) == 1
    errors = capsys.readouterr().err
    assert errors.count("\n") == 1 and "new\\nline \\u202e.wav" in errors


def test_output_that_nobody_takes_is_no_traceback(random_weights: Path) -> None:
    command = [sys.executable, "-m", "v2f", "weights", "show", str(random_weights)]
    nobody, pipe = os.pipe()
    os.close(nobody)
    with open(pipe, "wb") as closed, open("/dev/full", "wb") as full:
        for output, said in ((closed, ""), (full, "v2f: Output: No space left on device.\n")):
            ended = subprocess.run(command, cwd=REPOSITORY, stdout=output, stderr=subprocess.PIPE, text=True)
            assert (ended.returncode, ended.stderr) == (1, said)


def arguments_of(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """All that this command and those below it take."""
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from arguments_of(command)


@pytest.mark.parametrize("text", ["-1", "nan", "inf", "1e9", "many", ""])
@pytest.mark.parametrize("parser", [build_parser, benchmarks.build_parser])
def test_no_number_is_taken_that_makes_no_sense(parser, text: str) -> None:
    actions = [action for action in arguments_of(parser()) if action.type not in (None, Path)]
    assert len(actions) >= 8
    for action in actions:
        with pytest.raises((ValueError, argparse.ArgumentTypeError)):
            action.type(text)


def test_a_number_out_of_its_limits_is_told_them(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["kiosk", "--port", "65536"])
    assert ended.value.code == 2
    assert "argument --port: takes from 1 to 65535, not 65536" in capsys.readouterr().err
