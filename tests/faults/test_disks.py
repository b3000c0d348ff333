"""A disk that is full, and folders that may only be read."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import soundfile

from tests.conftest import MadeVoice
from v2f.__main__ import main
from v2f.errors import WeightsError
from v2f.models import Discriminator, Generator, NetworkConfig, load_networks, save_networks

pytestmark = pytest.mark.slow


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of two megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(place)]
    if os.geteuid() or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only root can make a small file system")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_weights_that_do_not_fit_leave_those_before_them(small_disk: Path) -> None:
    path = small_disk / "weights.safetensors"
    save_networks(path, {"discriminator": Discriminator()}, NetworkConfig(), {"name": "before"})
    with pytest.raises(WeightsError, match="could not be written"):
        save_networks(path, {"generator": Generator()}, NetworkConfig(), {"name": "too large"})
    assert load_networks(path)[2] == {"name": "before"}
    assert [file.name for file in small_disk.iterdir()] == ["weights.safetensors"]


@pytest.mark.parametrize("command", ["face", "strip", "prepare"])
def test_commands_say_in_one_sentence_that_the_disk_is_full(
    command: str,
    small_disk: Path,
    tmp_path: Path,
    made_voice: MadeVoice,
    random_weights: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (small_disk / "filling").write_bytes(
        bytes(os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize)
    )
    voices = tmp_path / "voices" / "anna"
    voices.mkdir(parents=True)
    soundfile.write(voices / "voice.wav", made_voice(3), 16_000)
    clip = str(voices / "voice.wav")
    assert (
        main(
            {
                "face": ["face", clip, "--out", str(small_disk), "--weights", str(random_weights)],
                "strip": [
                    "strip",
                    clip,
                    "--out",
                    str(small_disk / "strip.png"),
                    "--weights",
                    str(random_weights),
                ],
                "prepare": ["prepare", "voices", str(voices.parent), "--voice-layout", "folders"]
                + ["--workers", "1", "--out", str(small_disk / "store")],
            }[command]
        )
        == 1
    )
    errors = capsys.readouterr().err
    assert errors.startswith("v2f: ") and errors.count("\n") == 1 and "Traceback" not in errors, errors


@pytest.mark.parametrize("command", ["face", "strip"])
def test_commands_say_in_one_sentence_that_a_folder_cannot_be_written(
    command: str,
    made_voice: MadeVoice,
    random_weights: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    soundfile.write(tmp_path / "voice.wav", made_voice(3), 16_000)
    out = "/proc/v2f" if command == "face" else "/proc/strip.png"  # even root writes nothing there
    arguments = [command, str(tmp_path / "voice.wav"), "--out", out, "--weights", str(random_weights)]
    assert main(arguments) == 1
    errors = capsys.readouterr().err
    assert errors.startswith("v2f: ") and errors.count("\n") == 1, errors
