"""Read anything people have: any format, rate, depth and number of channels -> float32 [samples], mono, 16 kHz.

Everything runs in blocks of a second: decoding, down-mixing and resampling hold one block at a time, so a
recording of hours costs no more memory than its 16 kHz mono waveform.
"""

import math
import os
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from fractions import Fraction
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from threading import Lock, Timer
from typing import IO, BinaryIO

import numpy as np
import soundfile
from numpy.lib.stride_tricks import sliding_window_view

from v2f.audio.vad import SAMPLE_RATE
from v2f.errors import UnreadableAudioError

SLOWEST_RATE, FASTEST_RATE = 1_000, 1_000_000  # Hz; what claims to lie outside is no recording of a voice
RATIO_LIMIT = 1_000  # periods of the resampling filter; keeps odd rates such as 44,101 Hz cheap
FFMPEG_SECONDS = 300  # of decoding, after which a recording counts as damaged
# Containers that ffmpeg may open: no playlists, which could make it read other files or the network.
FFMPEG_FORMATS = "mov,matroska,webm,aac,ac3,aiff,amr,ape,asf,au,avi,caf,flac,flv,mp3,mpeg,mpegts,ogg,wav,wv"
# "Kaiser best" of torchaudio's documentation: flat up to the mel filters' 7.2 kHz, nothing folded back from above 8.
FILTER_WIDTH = 64  # zero crossings on either side
FILTER_ROLLOFF = 0.9475937167399596  # of the lower Nyquist frequency
FILTER_BETA = 14.769656459379492


def read_audio(source: str | Path | BinaryIO, max_seconds: float | None = None) -> np.ndarray:
    """Read a recording -> float32 [samples], mono, 16 kHz, in [-1, 1]; nothing is written to disk.

    wav, flac, ogg, opus, mp3 and what else libsndfile knows are decoded by it; m4a, aac, webm, mp4 and the rest
    by ffmpeg where it is installed. With `max_seconds` no more than that much from the start is decoded and
    given. Of a file that breaks off, what can be decoded is given. Raises UnreadableAudioError with one sentence
    that names the file.
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
    """Samples [n] or [n, channels] of any integer or float type at `rate` Hz -> as `read_audio` gives them.

    Integers are scaled by their type's range, floats are taken to be in [-1, 1]; NaN and infinities become
    silence; channels are averaged. Raises UnreadableAudioError for a rate that no recording of a voice has.
    """
    blocks = (samples[start : start + rate] for start in range(0, len(samples), max(1, rate)))
    return _assemble(blocks, rate, max_seconds, "The recording")


def _name(source: str | Path | BinaryIO) -> str:
    path = source if isinstance(source, str | Path) else getattr(source, "name", None)
    return Path(path).name or str(path) if isinstance(path, str | Path) else "The recording"


def _check_file(path: Path, name: str) -> None:
    try:
        if path.is_dir():
            raise UnreadableAudioError(f"{name} is a folder, not a recording.")
        with path.open("rb") as file:
            if not file.read(1):
                raise UnreadableAudioError(f"{name} is empty.")
    except OSError as error:
        raise UnreadableAudioError(f"{name} cannot be read: {error.strerror}.") from error
    except ValueError as error:  # a NUL character inside the path
        raise UnreadableAudioError(f"{name!r} is not the name of a file.") from error


def _assemble(blocks: Iterable[np.ndarray], rate: int, max_seconds: float | None, name: str) -> np.ndarray:
    """Join decoded blocks [n, channels] at `rate` Hz into a waveform, taking no more blocks than are needed."""
    if not SLOWEST_RATE <= rate <= FASTEST_RATE:
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


def resampled(blocks: Iterable[np.ndarray], rate: int) -> Iterator[np.ndarray]:
    """Mono blocks at `rate` Hz -> mono blocks at 16 kHz that join into ceil(samples * 16,000 / rate) samples.

    The end of each block waits for the next one as far as the filter reaches, so there are no seams.
    """
    ratio = Fraction(SAMPLE_RATE, rate).limit_denominator(RATIO_LIMIT)
    if ratio == 1:
        yield from blocks
        return
    bank, step, reach = _filter_bank(ratio.denominator, ratio.numerator)
    taps, made = bank.shape
    waiting = np.zeros(reach, np.float32)
    received = given = 0
    for block in blocks:
        received += len(block)
        waiting = np.concatenate([waiting, block])
        if len(waiting) >= taps:
            windows = sliding_window_view(waiting, taps)[::step]
            waiting = waiting[len(windows) * step :]
            given += len(windows) * made
            yield (np.ascontiguousarray(windows) @ bank).reshape(-1)
    left = math.ceil(received * ratio) - given
    if left > 0:
        rest = np.zeros((math.ceil(left / made) - 1) * step + taps, np.float32)
        rest[: len(waiting)] = waiting[: len(rest)]
        yield (np.ascontiguousarray(sliding_window_view(rest, taps)[::step]) @ bank).reshape(-1)[:left]


@lru_cache(maxsize=8)
def _filter_bank(period: int, made: int) -> tuple[np.ndarray, int, int]:
    """torchaudio's resampling filters for `made` samples out of each `period`, as one matrix.

    torchaudio applies them by a convolution, which for one output at a time (48 to 16 kHz) costs twenty times
    a matrix product; so as many periods as a filter is long are made at once. Returns float32 [taps, outputs],
    the input samples from one such group to the next, and how far the first filter reaches before its group.
    """
    from v2f.audio.torchaudio_parts import transforms

    resample = transforms.Resample(
        period,
        made,
        resampling_method="sinc_interp_kaiser",
        lowpass_filter_width=FILTER_WIDTH,
        rolloff=FILTER_ROLLOFF,
        beta=FILTER_BETA,
    )
    filters = resample.kernel[:, 0].T.numpy()  # [length, made]
    length = len(filters)
    periods = math.ceil(length / period)
    bank = np.zeros((length + (periods - 1) * period, periods * made), np.float32)
    for index in range(periods):
        start = index * period
        bank[start : start + length, index * made : (index + 1) * made] = filters
    return bank, periods * period, resample.width


class Stream(soundfile.SoundFile):
    """A recording that is read from beginning to end.

    One that can be sought in is sought in after every block, to where it is already; an MP3 decoder then loses what
    the next frame needs of those before, and complains on stderr.
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
    """What libsndfile makes of a recording; None where it is not one of its formats or gives nothing."""
    try:
        with _quiet():
            file = Stream(source)
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
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        raise UnreadableAudioError(
            f"{name} is damaged or of a kind that cannot be read here; m4a, aac, webm and mp4 need ffmpeg installed."
        )
    if isinstance(source, str | Path):
        place, content = f"file:{Path(source).resolve()}", b""
    else:
        source.seek(0)
        place, content = "/dev/stdin", source.read()
    # Sun audio has a plain header that tells rate and channels, and is written without seeking.
    command = [ffmpeg, "-v", "quiet", "-format_whitelist", FFMPEG_FORMATS, "-i", place]
    command += ["-map", "0:a:0", "-f", "au", "-c:a", "pcm_f32be", "pipe:1"]
    with (
        _anonymous_file(content) as given,
        subprocess.Popen(command, stdin=given, stdout=subprocess.PIPE) as process,
    ):
        timer = Timer(FFMPEG_SECONDS, process.kill)
        timer.start()
        try:
            assert process.stdout is not None
            return _assemble_sun_audio(process.stdout, name, max_seconds)
        finally:
            timer.cancel()
            process.kill()  # it may have more to give than was wanted


def _assemble_sun_audio(stream: IO[bytes], name: str, max_seconds: float | None) -> np.ndarray:
    header = stream.read(24)
    if len(header) < 24:
        raise UnreadableAudioError(f"{name} is not a recording, or it is damaged.")
    _, offset, _, _, rate, channels = struct.unpack(">6I", header)
    stream.read(offset - 24)
    size = 4 * channels  # bytes of one sample of all channels

    def blocks() -> Iterator[np.ndarray]:
        while block := stream.read(rate * size):
            yield np.frombuffer(block[: len(block) // size * size], dtype=">f4").reshape(-1, channels)

    return _assemble(blocks(), rate, max_seconds, name)


def _anonymous_file(content: bytes) -> IO[bytes]:
    """A nameless file: mp4 keeps its index at the end, so ffmpeg must be able to seek, which a pipe cannot."""
    if sys.platform == "linux":
        file: IO[bytes] = os.fdopen(os.memfd_create("recording"), "w+b")  # in memory alone
    else:
        file = tempfile.TemporaryFile()  # noqa: SIM115 (the caller closes it)
    file.write(content)
    file.flush()
    file.seek(0)
    return file


def at_level(speech: np.ndarray, level_db: float) -> np.ndarray:
    """Scale speech float32 [samples] as a whole to a root mean square in dBFS; its peaks may then pass 1."""
    loudness = np.sqrt(np.square(speech, dtype=np.float64).mean()) + 1e-9
    return (speech * (10 ** (level_db / 20) / loudness)).astype(np.float32)
