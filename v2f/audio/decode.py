"""Decodes one part of a file, or one of its tracks, into blocks float32 [n, channels] of about a second.

libsndfile takes wav, flac, ogg, opus and mp3, and FFmpeg, by PyAV, all else: also what libsndfile leaves of a damaged
file.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import soundfile

from v2f.audio.parts import Part
from v2f.errors import UnreadableAudioError

LOWEST_RATE, HIGHEST_RATE = 1_000, 1_000_000  # Hz; outside lies no recording of a voice
# Containers that FFmpeg may open: no playlists, which could make it read other files or the network.
FFMPEG_FORMATS = "mov,matroska,webm,aac,ac3,aiff,amr,ape,asf,au,avi,caf,flac,flv,mp3,mpeg,mpegts,ogg,wav,wv"
# Those whose duration is no guess by the size of the file.
DATED_FORMATS = ("mov", "matroska", "asf", "flac", "ogg", "caf", "wav", "aiff", "wv")
SLACK = 0.25  # seconds that a decoder may take off a recording's ends
LONGEST = 1e6  # seconds; more is promised by mistake alone

Source = str | Path | BytesIO
Block = tuple[int, np.ndarray]  # Hz, float32 [n, channels]


@dataclass
class Told:
    """What became known while a file was decoded.

    Attributes:
        tracks: how many it has.
        length: seconds of the parts so far, as they say themselves; None where one does not know.
        owed: seconds of them that are still to come: damage parts an MP3 whose start told the length of all of it.
    """

    tracks: int = 1
    length: float | None = 0.0
    owed: float = 0.0

    def promise(self, seconds: float | None, part: Part) -> None:
        """Add a part's length."""
        if seconds is None or seconds > LONGEST:
            self.length = None
        elif self.length is not None:
            continued = min(seconds, self.owed) if part.promised is None else 0.0
            self.length += seconds - continued
            self.owed = seconds - part.seconds if part.promised and part.seconds else self.owed - continued

    def correct(self, seconds: float) -> None:
        """Change the length so far."""
        if self.length is not None:
            self.length += seconds


def decoded(source: Source, name: str, part: Part, track: int, told: Told) -> Iterator[Block]:
    """Decode a part of a file.

    Args:
        source: holds the part and no more.
        name: of the file.
        part: what is known of it.
        track: which of several, from 0.
        told: is added to.

    Raises:
        UnreadableAudioError: nothing of it can be decoded.
    """
    seconds = 0.0
    file = _opened(source)
    if file:
        with file:
            promised = _promised(file, part)
            told.promise(promised, part)
            for block in _libsndfile_blocks(file):
                seconds += len(block) / file.samplerate
                yield checked_rate(file.samplerate, name), block
        if seconds >= promised - SLACK:
            told.correct(seconds - promised)  # what an encoder put before and behind the sound
        if seconds and seconds >= (part.seconds or promised) - SLACK:
            return
    try:
        yield from _ffmpeg_blocks(source, name, track, seconds, told, None if file else part)
    except UnreadableAudioError:
        if not seconds:
            raise


def checked_rate(rate: int, name: str) -> int:
    """A rate in Hz. Raises UnreadableAudioError for one that no recording of a voice has."""
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise UnreadableAudioError(
            f"{name} claims {rate} samples per second, which no recording of a voice has."
        )
    return rate


# libsndfile


class _Stream(soundfile.SoundFile):
    """A recording that is read from beginning to end.

    soundfile seeks after every block, to where it is already; an MP3 decoder then loses what the next frame needs of
    those before, and complains on stderr.
    """

    def seekable(self) -> bool:
        return False


_stderr = Lock()


@contextmanager
def _quiet() -> Iterator[None]:
    """Let what C code writes to stderr go nowhere: the MP3 decoder in libsndfile complains of every damaged frame."""
    with _stderr, open(os.devnull, "wb") as nowhere:
        kept = os.dup(2)
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def _opened(source: Source) -> soundfile.SoundFile | None:
    """A recording that libsndfile knows the format of."""
    if not isinstance(source, str | Path):
        source.seek(0)
    try:
        with _quiet():
            return _Stream(source)
    except (soundfile.SoundFileError, TypeError, OSError):  # TypeError: a name ending in .raw wants a rate
        return None


def _promised(file: soundfile.SoundFile, part: Part) -> float:
    """Seconds that a file should hold, by its header."""
    if part.seconds is not None:  # libsndfile guesses where an MP3 does not tell
        return max(part.seconds, part.promised or 0.0)
    seconds = file.frames / file.samplerate if file.samplerate else 0.0
    cut = re.search(r"(?:data|SSND) *: (\d+) \(should be (\d+)\)", file.extra_info)  # of wav and aiff
    if cut and int(cut[2]) and int(cut[1]) < 0x7FFFF000:  # what is never known while it is recorded
        return seconds * max(1.0, int(cut[1]) / int(cut[2]))
    return seconds


def _libsndfile_blocks(file: soundfile.SoundFile) -> Iterator[np.ndarray]:
    while True:
        try:
            with _quiet() if file.format == "MP3" else nullcontext():
                block = file.read(file.samplerate, dtype="float32", always_2d=True)
        except soundfile.SoundFileError:
            return  # damaged from here on
        if not len(block):
            return
        yield block


# FFmpeg


def _ffmpeg_blocks(
    source: Source, name: str, track: int, skip: float, told: Told, part: Part | None
) -> Iterator[Block]:
    """The sound of a track, without what is damaged, and without so many seconds at its start.

    `part` is what this is the length of, where that is not known yet.
    """
    import av  # only here: its libraries take a while to load

    if isinstance(source, str | Path):
        source = str(Path(source).resolve())  # an absolute path is never taken for a URL
    else:
        source.seek(0)
    try:
        with av.open(
            source, "r", options={"format_whitelist": FFMPEG_FORMATS}, metadata_errors="replace"
        ) as container:
            streams = [stream for stream in container.streams.audio if stream.codec_context]
            told.tracks = max(told.tracks, len(streams))
            stream = streams[min(track, len(streams) - 1)]
            if part:
                told.promise(_duration(container, stream), part)
            found = False
            for rate, block in _gathered(_frames(container.demux(stream))):
                found = True
                begin = min(len(block), round(skip * rate))
                skip -= begin / rate
                if begin < len(block):
                    yield checked_rate(rate, name), block[begin:]
    except (av.FFmpegError, IndexError) as error:  # IndexError: no sound that there is a decoder for
        raise UnreadableAudioError(f"{name} is not a recording, or it is damaged.") from error
    if not found:
        raise UnreadableAudioError(f"{name} holds no sound.")


def _duration(container: Any, stream: Any) -> float | None:
    """Seconds of a track, where the file knows them."""
    if not container.format.name.startswith(DATED_FORMATS):
        return None
    if stream.duration:
        return float(stream.duration * stream.time_base)
    if container.duration and not container.streams.video:
        return float(container.duration / 1e6)
    return None


def _frames(packets: Any) -> Iterator[Block]:
    """The sound of a track's packets, without those that are damaged."""
    import av

    packed, kind = None, None
    with suppress(av.FFmpegError):  # damaged from here on
        for packet in packets:
            with suppress(av.FFmpegError):
                for frame in packet.decode():
                    # To one array a frame: of frames with more than eight channels, PyAV 18 reads beyond the last.
                    if kind != (kind := (frame.layout.name, frame.sample_rate, frame.format.name)):
                        packed = av.AudioResampler(format="flt")
                    assert packed
                    for part in packed.resample(frame):
                        yield part.sample_rate, part.to_ndarray().reshape(-1, part.layout.nb_channels)


def _gathered(frames: Iterator[Block]) -> Iterator[Block]:
    """Blocks of a second, of frames that are shorter."""
    pieces: list[np.ndarray] = []
    rate = count = 0
    for new_rate, piece in frames:
        if pieces and (new_rate != rate or piece.shape[1] != pieces[0].shape[1]):
            yield rate, np.concatenate(pieces)
            pieces, count = [], 0
        rate = new_rate
        pieces.append(piece)
        count += len(piece)
        if count >= rate:
            yield rate, np.concatenate(pieces)
            pieces, count = [], 0
    if pieces:
        yield rate, np.concatenate(pieces)
