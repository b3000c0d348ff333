"""One's own recordings by duration and in noise, by the same steps as the page: ``v2f study duration | noise``.

duration: faces from the first 1, 2, 3, 5 and 10 s and from the whole: duration.png, a row for each clip.
noise: the same, then faces of the whole in noise and from the noise alone: noise-CLIP.png, one for each clip.

Both print a table, and write it as duration.csv or noise.csv.
"""

import csv
from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from v2f import load
from v2f.assets import EXAMPLES
from v2f.audio import SAMPLE_RATE, noise_bank, read_audio
from v2f.cli import complain, named, require_folder
from v2f.data.contact_sheet import grid, stack
from v2f.errors import V2FError
from v2f.pipeline import DURATIONS, MAX_SECONDS, Face, VoiceToFace, Waveform

T = TypeVar("T")

WHOLE = "whole"
PARTS = [*(f"{duration:g} s" for duration in DURATIONS), WHOLE]  # what a strip's faces are made from
TITLE = "Faces by duration. Grey: the recording is shorter, or nobody speaks yet"
NOISE_SECONDS = 60  # of each noise, as on the page; for a longer recording it is repeated
RATIOS = (20.0, 10.0, 0.0)  # dB
CLEAN, ALONE = float("inf"), float("-inf")  # dB: a voice without noise, noise without a voice


def run_duration(arguments: Namespace) -> int:
    """Study clips by duration; the exit code is 1 if any could not be read."""
    strips = each(arguments, lambda engine, voice: engine.strip(voice, rate=SAMPLE_RATE))
    if strips:
        faces = [images(strip) for strip in strips.values()]
        stack([grid(faces, list(strips), PARTS)], TITLE).save(arguments.out / "duration.png")
    rows = [row for clip, strip in strips.items() for row in clean_rows(clip, strip)]
    write_and_print(
        rows, arguments.out / "duration.csv", ("clip", "part", "duration", "speech", "score", "cosine")
    )
    return int(len(strips) < len(arguments.clips))


def run_noise(arguments: Namespace) -> int:
    """Study clips in noise; the exit code is 1 if any could not be read."""
    bank = noises()
    studied = each(arguments, lambda engine, voice: noise_study(engine, voice, bank))
    columns = [*(f"{ratio:g} dB" for ratio in RATIOS), "noise alone"]
    rows = []
    for clip, (strip, noisy) in studied.items():
        clean = grid([images(strip)], ["clean voice"], PARTS)
        faces = [images(list(by_ratio.values())) for by_ratio in noisy.values()]
        mixed = grid(faces, list(noisy), columns, apart=len(RATIOS))
        picture = stack([clean, mixed], f"{clip}: clean, and in noise by signal-to-noise ratio")
        picture.save(arguments.out / f"noise-{clip}.png")
        rows += clean_rows(clip, strip)
        for kind, by_ratio in noisy.items():
            rows += [row_of(clip, WHOLE, face, strip[-1], kind, ratio) for ratio, face in by_ratio.items()]
    write_and_print(rows, arguments.out / "noise.csv", [field.name for field in fields(Row)])
    return int(len(studied) < len(arguments.clips))


def each(arguments: Namespace, study: Callable[[VoiceToFace, Waveform], T]) -> dict[str, T]:
    """A study's result of every clip, by name; a clip that cannot be read is skipped with a sentence on stderr."""
    require_folder(arguments.out)
    engine = load(arguments.weights, exact=arguments.exact)
    arguments.out.mkdir(parents=True, exist_ok=True)
    results = {}
    for name, clip in named(arguments.clips):
        try:
            results[name] = study(engine, read_audio(clip, MAX_SECONDS))
        except V2FError as error:
            complain(f"{clip}: {error}")
    return results


def images(faces: Sequence[Face | None]) -> list[NDArray[np.uint8] | None]:
    """The pictures of faces, uint8 [size, size, 3] each."""
    return [face.image if face else None for face in faces]


def noise_study(
    engine: VoiceToFace, voice: Waveform, bank: dict[str, Waveform]
) -> tuple[list[Face | None], dict[str, dict[float, Face]]]:
    """A voice's strip of faces, and by noise and ratio in dB the faces of all of it in noise, or of noise ALONE."""
    strip = engine.strip(voice, rate=SAMPLE_RATE)
    noisy: dict[str, dict[float, Face]] = {}
    for kind, noise in bank.items():
        noise = np.resize(noise, voice.size)
        faces = {
            ratio: engine.noise_strip(voice, noise, ratio, durations=(), rate=SAMPLE_RATE) for ratio in RATIOS
        }
        faces[ALONE] = engine.noise_strip(None, noise, None, durations=())
        noisy[kind] = {ratio: whole for ratio, (whole,) in faces.items() if whole}  # always there
    return strip, noisy


def noises() -> dict[str, Waveform]:
    """A minute of each kind of noise, float32 [samples] at 16 kHz: the page's own."""
    voices = [read_audio(clip) for clip in sorted(EXAMPLES.glob("*.flac"))]
    return noise_bank(NOISE_SECONDS * SAMPLE_RATE, voices)


@dataclass(frozen=True)
class Row:
    """One face's line of the tables."""

    clip: str
    part: str  # of the recording: "1 s" from its start, or "whole"
    noise: str  # "" where there is none
    snr_db: float  # of voice to noise; CLEAN without noise, ALONE without a voice
    duration: float  # seconds of sound
    speech: float  # seconds of it that the voice detector keeps; all of them for noise alone
    score: float | None  # by the discriminator, 0 to 1; None for weights without one
    cosine: float  # between the embedding and that of the whole, clean recording

    @property
    def sound(self) -> str:
        """What the face was made from, in words."""
        if self.snr_db == CLEAN:
            return self.part
        return f"{self.noise} alone" if self.snr_db == ALONE else f"{self.noise}, {self.snr_db:g} dB"


def clean_rows(clip: str, strip: Sequence[Face | None]) -> list[Row]:
    """The lines of a strip; none for a duration that has no face."""
    return [row_of(clip, part, face, strip[-1]) for part, face in zip(PARTS, strip, strict=True) if face]


def row_of(
    clip: str, part: str, face: Face, whole: Face | None, noise: str = "", snr_db: float = CLEAN
) -> Row:
    """The line of a face of a clip whose whole, clean recording gave `whole`."""
    assert whole, "strips end with the face of the whole"
    score = None if face.score is None else round(face.score, 4)
    cosine = round(float(face.embedding @ whole.embedding), 4)
    return Row(clip, part, noise, snr_db, round(face.duration, 3), round(face.seconds, 3), score, cosine)


def write_and_print(rows: Sequence[Row], table: Path, columns: Sequence[str]) -> None:
    """Write these columns of the rows as CSV, and print the rows for people to read."""
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)
    wide = max((len(row.clip) for row in rows), default=0) + 2
    if rows:
        print(f"{'clip':{wide}}{'face from':14}{'speech':>8}{'score':>8}{'cosine':>8}")
    for row in rows:
        score = "-" if row.score is None else f"{row.score:.3f}"
        print(f"{row.clip:{wide}}{row.sound:14}{row.speech:>6.1f} s{score:>8}{row.cosine:>8.3f}")
