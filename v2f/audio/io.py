"""Read recordings of any format, rate, depth and number of channels -> float32 [samples], mono, 16 kHz.

Decoding, down-mixing and resampling hold one block at a time, so a recording of hours takes no more memory than its
16 kHz mono waveform.
"""

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO

import numpy as np
import soundfile

from v2f.audio.vad import SAMPLE_RATE
from v2f.errors import UnreadableAudioError

LOWEST_RATE, HIGHEST_RATE = 1_000, 1_000_000  # Hz; outside lies no recording of a voice
FFMPEG_SECONDS = 300  # of decoding; the rest of the recording counts as damaged
# Containers that FFmpeg may open: no playlists, which could make it read other files or the network.
FFMPEG_FORMATS = "mov,matroska,webm,aac,ac3,aiff,amr,ape,asf,au,avi,caf,flac,flv,mp3,mpeg,mpegts,ogg,wav,wv"


def read_audio(source: str | Path | BinaryIO, max_seconds: float | None = None) -> np.ndarray:
    """Read a recording; nothing is written to disk.

    libsndfile decodes wav, flac, ogg, opus and mp3; FFmpeg, which PyAV brings along, decodes m4a, aac, webm and mp4.

    Args:
        source: a path, or a file open for reading bytes.
        max_seconds: decode and return no more than this much from the start.

    Returns:
        float32 [samples], mono, 16 kHz, in [-1, 1]; of a truncated file, what can be decoded.

    Raises:
        UnreadableAudioError: one sentence that names the file.
    """
    name = _name(source)
    if isinstance(source, str | Path):
        _check_file(Path(source), name)
    elif not source.seekable():
        source = BytesIO(source.read())
    waveform = _read_by_libsndfile(source, name, max_seconds)
    if waveform is None:
        waveform = _read_by_ffmpeg(source, name, max_seconds)
    if not waveform.size:
        raise UnreadableAudioError(f"{name} holds no sound.")
    return waveform


def to_waveform(samples: np.ndarray, rate: int, max_seconds: float | None = None) -> np.ndarray:
    """Convert samples [n] or [n, channels] of any integer or float type at `rate` Hz -> float32, as `read_audio` does.

    Integers are scaled by their type's range, floats are taken to be in [-1, 1]; NaN and infinities become
    silence; channels are averaged. Raises UnreadableAudioError for a rate that no recording of a voice has.
    """
    blocks = (samples[start : start + rate] for start in range(0, len(samples), max(1, rate)))
    return _assemble(blocks, rate, max_seconds, "The recording")


def resampled(blocks: Iterable[np.ndarray], rate: int) -> Iterator[np.ndarray]:
    """Mono blocks at `rate` Hz -> mono blocks at 16 kHz, without seams between them."""
    if rate == SAMPLE_RATE:
        yield from blocks
        return
    import soxr

    stream = soxr.ResampleStream(rate, SAMPLE_RATE, num_channels=1, dtype="float32")
    for block in blocks:
        yield stream.resample_chunk(np.ascontiguousarray(block))
    yield stream.resample_chunk(np.zeros(0, np.float32), last=True)


def at_level(speech: np.ndarray, level_db: float) -> np.ndarray:
    """Scale speech float32 [samples] as a whole to a root mean square in dBFS; its peaks may then pass 1."""
    loudness = np.sqrt(np.square(speech, dtype=np.float64).mean()) + 1e-9
    return (speech * (10 ** (level_db / 20) / loudness)).astype(np.float32)


def _name(source: str | Path | BinaryIO) -> str:
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


def _assemble(blocks: Iterable[np.ndarray], rate: int, max_seconds: float | None, name: str) -> np.ndarray:
    """Join decoded blocks [n, channels] at `rate` Hz into a waveform, taking no more blocks than are needed."""
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise UnreadableAudioError(
            f"{name} claims {rate} samples per second, which no recording of a voice has."
        )
    limit = None if max_seconds is None else round(max_seconds * SAMPLE_RATE)
    joined = bytearray()  # grows in place, so the waveform is never in memory twice
    for block in resampled((_mono(block) for block in blocks), rate):
        joined += block.clip(-1.0, 1.0).astype(np.float32, copy=False).tobytes()
        if limit is not None and len(joined) >= limit * np.dtype(np.float32).itemsize:
            break
    return np.frombuffer(joined, dtype=np.float32)[:limit]


def _mono(block: np.ndarray) -> np.ndarray:
    """Samples [n] or [n, channels] of any type -> float32 [n] in [-1, 1], the mean of the channels."""
    if np.issubdtype(block.dtype, np.integer):
        half = 2.0 ** (8 * block.dtype.itemsize - 1)
        middle = half if np.issubdtype(block.dtype, np.unsignedinteger) else 0.0
        block = ((block.astype(np.float64) - middle) / half).astype(np.float32)
    else:
        if not np.isfinite(block).all():
            block = np.nan_to_num(block, nan=0.0, posinf=0.0, neginf=0.0)
        block = block.clip(-1.0, 1.0).astype(np.float32, copy=False)
    if block.ndim == 2:
        return block[:, 0] if block.shape[1] == 1 else block.mean(axis=1)
    return block


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


def _read_by_libsndfile(
    source: str | Path | BinaryIO, name: str, max_seconds: float | None
) -> np.ndarray | None:
    """Decode with libsndfile; None where it does not know the format or decodes nothing."""
    try:
        with _quiet():
            file = _Stream(source)
    except (soundfile.SoundFileError, TypeError, OSError):  # TypeError: a name ending in .raw wants a rate
        return None
    with file:
        waveform = _assemble(_libsndfile_blocks(file), file.samplerate, max_seconds, name)
    return waveform if waveform.size else None


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


def _read_by_ffmpeg(source: str | Path | BinaryIO, name: str, max_seconds: float | None) -> np.ndarray:
    import av  # only here: its libraries take a while to load

    if isinstance(source, str | Path):
        source = str(Path(source).resolve())  # an absolute path is never taken for a URL
    else:
        source.seek(0)
    try:
        with av.open(
            source, "r", options={"format_whitelist": FFMPEG_FORMATS}, metadata_errors="replace"
        ) as container:
            stream = [stream for stream in container.streams.audio if stream.codec_context][0]
            return _assemble(_ffmpeg_blocks(container.demux(stream)), stream.rate, max_seconds, name)
    except (av.FFmpegError, IndexError) as error:  # IndexError: no sound that there is a decoder for
        raise UnreadableAudioError(f"{name} is not a recording, or it is damaged.") from error


def _ffmpeg_blocks(packets: Iterable[Any]) -> Iterator[np.ndarray]:
    """The sound [n, channels] of a stream's packets, without those that are damaged."""
    import av

    # To one array a frame: of frames with more than eight channels, PyAV 18 reads beyond the last.
    packed = av.AudioResampler(format="flt")
    deadline = time.monotonic() + FFMPEG_SECONDS
    with suppress(av.FFmpegError):  # damaged from here on
        for packet in packets:
            with suppress(av.FFmpegError, ValueError):  # ValueError: a frame of another layout or rate
                for frame in packet.decode():
                    for part in packed.resample(frame):
                        yield part.to_ndarray().reshape(-1, part.layout.nb_channels)
            if time.monotonic() > deadline:
                return
