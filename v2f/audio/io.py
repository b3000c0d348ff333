"""Read recordings of any format, rate, depth and number of channels -> float32 [samples], mono, 16 kHz.

Decoding, down-mixing and resampling hold one block at a time, so a recording of hours takes no more memory than its
16 kHz mono waveform.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from io import BytesIO
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import BinaryIO

import numpy as np

from v2f.audio.channels import CHANNELS, Channel, Mixer, as_floats
from v2f.audio.decode import Block, Told, checked_rate, decoded
from v2f.audio.parts import Bytes, Part, parts
from v2f.audio.sound import Sound
from v2f.audio.vad import FRAME, SAMPLE_RATE, detect_speech, lively
from v2f.audio.waveform import at_16_khz
from v2f.audio.window import Window
from v2f.errors import UnreadableAudioError

PATIENCE = 300.0  # seconds of decoding; what is not read by then stays unread
MIN_SPEECH = SAMPLE_RATE // FRAME // 2  # frames, 0.5 s, of somebody who speaks in a channel

Source = str | Path | BinaryIO


def read_audio(source: Source, max_seconds: float | None = None) -> np.ndarray:
    """Read a recording from its start; nothing is written to disk.

    Args:
        source: a path, or a file open for reading bytes.
        max_seconds: decode and return no more than this much.

    Returns:
        float32 [samples], mono, 16 kHz, in [-1, 1]; of a damaged file, what can be decoded.

    Raises:
        UnreadableAudioError: one sentence that names the file.
    """
    return read_sound(source, max_seconds, search=False).waveform


def read_sound(
    source: Source,
    max_seconds: float | None = None,
    channel: Channel | None = None,
    search: bool = True,
    patience: float = PATIENCE,
) -> Sound:
    """Read a recording, and say what was left out. Of several tracks the one with the most speech is read.

    Args:
        source: a path, or a file open for reading bytes.
        max_seconds: use no more than this much.
        channel: the only one to read. None: the mean of all; or the louder one where they cancel each other, or the one
            with more speech where each holds a voice of its own.
        search: use a later part where the start holds hardly any speech.
        patience: seconds after which no more is read.

    Raises:
        UnreadableAudioError: one sentence that names the file.
    """
    name = _name(source)
    with _opened(source, name) as file:
        sound = _read(partial(_decoded, file, name), name, max_seconds, channel, search, patience)
    if not sound.waveform.size:
        raise UnreadableAudioError(f"{name} holds no sound.")
    return sound


def read_samples(
    samples: np.ndarray, rate: int, max_seconds: float | None = None, channel: Channel | None = None
) -> Sound:
    """Take samples as `read_sound` takes a file.

    Args:
        samples: [n] or [n, channels]: integers, scaled by their type's range, or floats in [-1, 1].
        rate: of them, in Hz.
        max_seconds, channel: as for `read_sound`.

    Raises:
        UnreadableAudioError: no recording of a voice has that rate.
    """
    name = "The recording"
    channels = samples[:, None] if samples.ndim == 1 else samples
    blocks = partial(_blocks, channels, checked_rate(rate, name))
    return _read(blocks, name, max_seconds, channel)


def _read(
    blocks: "Blocks",
    name: str,
    max_seconds: float | None,
    channel: Channel | None,
    search: bool = True,
    patience: float = PATIENCE,
) -> Sound:
    """Read once, and again where that has told what else is to be read."""
    limit = None if max_seconds is None else round(max_seconds * SAMPLE_RATE)
    asked = _Choice(channel=None if channel is None else CHANNELS.index(channel))
    reader = _Reader(blocks, limit, search, time.monotonic() + patience / 2)
    found = reader.read(asked)
    reader.deadline += patience / 2  # for whatever has to be read again
    if found.told.tracks > 1:
        others = [reader.read(replace(asked, track=track)) for track in range(1, found.told.tracks)]
        found = max([found, *others], key=lambda one: one.speech)
    if (scale := found.mixer.scale) is None:
        raise UnreadableAudioError(f"{name} holds values far beyond 1, as no sound does: it is damaged.")
    if scale != 1:
        found = reader.read(replace(found.choice, scale=scale))
    if channel is None:
        found = _best_channel(reader, found)
    return found.sound(name)


@dataclass(frozen=True)
class _Choice:
    """What of a file is read."""

    track: int = 0
    channel: int | None = None
    scale: float = 1.0


@dataclass
class _Found:
    """What was found by reading a file once."""

    choice: _Choice
    mixer: Mixer
    told: Told = field(default_factory=Told)
    waveform: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32))
    start: int = 0  # samples before the waveform
    samples: int = 0  # that were read
    ended: bool = True
    two_speakers: bool = False

    @property
    def speech(self) -> int:
        """Frames of speech."""
        return int(lively(self.waveform, detect_speech(self.waveform)).sum())

    def sound(self, name: str) -> Sound:
        return Sound(
            self.waveform,
            name,
            start=self.start / SAMPLE_RATE,
            read=self.samples / SAMPLE_RATE,
            length=self.told.length,
            ended=self.ended,
            track=self.choice.track + 1,
            tracks=self.told.tracks,
            channel=None if self.choice.channel is None else CHANNELS[min(self.choice.channel, 1)],
            two_speakers=self.two_speakers,
            scale=self.choice.scale,
        )


Blocks = Callable[[_Choice, Told], Iterator[Block]]


@dataclass
class _Reader:
    """Reads one recording, as often as it takes to know how."""

    blocks: Blocks
    limit: int | None
    search: bool
    deadline: float  # on the monotonic clock

    def read(self, choice: _Choice) -> _Found:
        found = _Found(choice, Mixer(choice.channel, choice.scale))
        window = Window(self.limit, self.search)
        mixed = at_16_khz(
            (rate, found.mixer.mix(block, rate)) for rate, block in self.blocks(choice, found.told)
        )
        for block in mixed:
            found.samples += block.size
            if not window.add(block) or time.monotonic() > self.deadline:
                found.ended = next(mixed, None) is None
                break
        found.waveform, found.start = window.result()
        return found


def _best_channel(reader: _Reader, mean: _Found) -> _Found:
    """What was found, or one channel of it where that tells more than their mean."""
    if (louder := mean.mixer.louder) is not None:
        return reader.read(replace(mean.choice, channel=louder))
    if not mean.mixer.apart:
        return mean
    each = [reader.read(replace(mean.choice, channel=channel)) for channel in (0, 1)]
    speech = [one.speech for one in each]
    best = each[int(speech[1] > speech[0])]
    best.two_speakers = min(speech) >= MIN_SPEECH
    return best if max(speech) >= MIN_SPEECH else mean


def _blocks(samples: np.ndarray, rate: int, choice: _Choice, told: Told) -> Iterator[Block]:
    """Samples [n, channels], a second at a time."""
    told.length = len(samples) / rate
    for start in range(0, len(samples), rate):
        yield rate, as_floats(samples[start : start + rate])


# Files


def _decoded(file: "_File", name: str, choice: _Choice, told: Told) -> Iterator[Block]:
    """All parts, one after the other; one that cannot be decoded is left out where another can."""
    failure, any_decoded = None, False
    for part in parts(file.data):
        try:
            for block in decoded(file.part(part), name, part, choice.track, told):
                any_decoded = True
                yield block
        except UnreadableAudioError as error:
            failure = failure or error
    if failure and not any_decoded:
        raise failure


@dataclass(frozen=True)
class _File:
    """An open file: its bytes, and what a decoder is given to open."""

    source: str | Path | BytesIO
    data: Bytes

    def part(self, part: Part) -> str | Path | BytesIO:
        """What holds a part of it and no more."""
        if (part.start, part.stop) == (0, len(self.data)):
            return self.source
        return BytesIO(self.data[part.start : part.stop])


@contextmanager
def _opened(source: Source, name: str) -> Iterator[_File]:
    if not isinstance(source, str | Path):
        contents = _contents(source, name)
        yield _File(BytesIO(contents), contents)
        return
    _check_file(Path(source), name)
    with open(source, "rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
        yield _File(source, data)


def _contents(file: BinaryIO, name: str) -> bytes:
    """All bytes of an open file, wherever it stands."""
    try:
        if file.seekable():
            file.seek(0)
        data = file.read()
    except (OSError, ValueError) as error:  # ValueError: it is closed
        raise UnreadableAudioError(f"{name} cannot be read: {error}.") from error
    if not isinstance(data, bytes | bytearray):
        raise UnreadableAudioError(f"{name} gives no bytes: open it by mode 'rb'.")
    if not data:
        raise UnreadableAudioError(f"{name} is empty.")
    return bytes(data)


def _name(source: Source) -> str:
    path = source if isinstance(source, str | Path) else getattr(source, "name", None)
    return Path(path).name or str(path) if isinstance(path, str | Path) else "The recording"


def _check_file(path: Path, name: str) -> None:
    try:
        if path.is_dir():
            raise UnreadableAudioError(f"{name} is a folder, not a recording.")
        if path.exists() and not path.is_file():  # a pipe or a device may never end
            raise UnreadableAudioError(f"{name} is not a file.")
        with path.open("rb") as file:
            if not file.read(1):
                raise UnreadableAudioError(f"{name} is empty.")
    except OSError as error:
        raise UnreadableAudioError(f"{name} cannot be read: {error.strerror}.") from error
    except ValueError as error:  # a NUL character inside the path
        raise UnreadableAudioError(f"{name!r} is not the name of a file.") from error
