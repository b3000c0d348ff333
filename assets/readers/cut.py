"""Cuts the clips of the game "Find my voice" anew: python -m assets.readers.cut LIBRISPEECH

LIBRISPEECH is a folder with an utterance of each reader, READER-CHAPTER-NUMBER.flac, and speakers.csv (file, speaker,
sex). Of the readers that no training heard and that are no example, six women and six men are drawn by a seed. Each
gets two clips, Opus in Ogg, 16 kHz: NAME-face.opus from the beginning, to draw a face of, and NAME-voice.opus from
the end, to be played. The two share no sound.
"""

import csv
import random
import sys
from pathlib import Path

import numpy as np
import soundfile

from v2f.audio import SAMPLE_RATE, read_audio
from v2f.demo.sources import heldout

HERE = Path(__file__).parent
EACH = 6  # women, and men
FACE_SECONDS, VOICE_SECONDS, SEARCH_SECONDS = (
    6.0,
    4.0,
    1.0,
)  # a cut is at the quietest place of so many seconds
SHORTEST = 12.5  # of an utterance
FADE_SECONDS = 0.02
COMPRESSION = 0.92  # of libsndfile's 0 to 1: about 25 kbit/s


def main() -> None:
    folder = Path(sys.argv[1])
    with (folder / "speakers.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if heldout().get(row["speaker"]) == "test"]
    examples = {path.name for path in (HERE.parent / "examples").glob("*.flac")}
    long = [row for row in rows if row["file"] not in examples and duration(folder / row["file"]) >= SHORTEST]
    draw = random.Random(0)
    for sex in "FM":
        for row in draw.sample([row for row in long if row["sex"] == sex], EACH):
            cut(folder / row["file"])


def duration(file: Path) -> float:
    return soundfile.info(file).duration


def cut(file: Path) -> None:
    waveform = read_audio(file)
    first = quietest(waveform, FACE_SECONDS)
    last = quietest(waveform, waveform.size / SAMPLE_RATE - VOICE_SECONDS)
    for name, part in ("face", waveform[:first]), ("voice", waveform[last:]):
        soundfile.write(
            HERE / f"{file.stem}-{name}.opus",
            faded(part),
            SAMPLE_RATE,
            format="OGG",
            subtype="OPUS",
            compression_level=COMPRESSION,
        )


def quietest(waveform: np.ndarray, seconds: float) -> int:
    """The sample around which it is most quiet, near this second."""
    start = round((seconds - SEARCH_SECONDS / 2) * SAMPLE_RATE)
    power = waveform[start : start + round(SEARCH_SECONDS * SAMPLE_RATE)] ** 2
    width = round(0.05 * SAMPLE_RATE)
    return start + int(np.convolve(power, np.ones(width), "valid").argmin()) + width // 2


def faded(part: np.ndarray) -> np.ndarray:
    ramp = np.minimum(1, np.arange(part.size) / (FADE_SECONDS * SAMPLE_RATE))
    return part * ramp * ramp[::-1]


if __name__ == "__main__":
    main()
