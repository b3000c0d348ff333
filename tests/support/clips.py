"""What visitors bring along: recordings in every format, and files that are none."""

from pathlib import Path

import numpy as np
import soundfile
from PIL import Image

from tests.support.browser import EXAMPLES
from tests.support.encode import encode

RATE = 16_000
SECONDS = 10  # of a recording that somebody brings along
TOO_LARGE = (1 << 30) + 1  # bytes; the page takes 1 GiB


def microphone(folder: Path) -> Path:
    """An example as Chromium's fake microphone reads it: a PCM16 WAV. Returns its path."""
    path = folder / "microphone.wav"
    soundfile.write(path, *soundfile.read(EXAMPLES[0]), subtype="PCM_16")
    return path


def good(folder: Path) -> dict[str, Path]:
    """The first SECONDS of an example as wav, mp3, ogg and m4a -> their paths."""
    sound, rate = soundfile.read(EXAMPLES[0], frames=SECONDS * RATE, always_2d=True)
    paths = {ending: folder / f"voice.{ending}" for ending in ("wav", "mp3", "ogg", "m4a")}
    for ending in ("wav", "mp3", "ogg"):
        soundfile.write(paths[ending], sound, rate)
    encode(paths["m4a"], sound, rate)
    return paths


def bad(folder: Path) -> dict[str, Path]:
    """Files of which no face can come: a photograph, nothing, part of a recording, silence, too many bytes."""
    names = ("photograph", "empty", "truncated", "silence", "too-large")
    paths = {name: folder / f"{name}.wav" for name in names}
    Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save(paths["photograph"], "JPEG")
    paths["empty"].touch()
    # A header that promises many seconds, and a tenth of one.
    paths["truncated"].write_bytes(microphone(folder).read_bytes()[: 44 + RATE // 5])
    soundfile.write(paths["silence"], np.zeros(3 * RATE), RATE)
    with paths["too-large"].open("wb") as file:
        file.truncate(TOO_LARGE)  # a hole: it takes no space
    return paths
