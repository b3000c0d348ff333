"""Read anything people have: any format, rate, depth and number of channels -> float32 [samples], mono, 16 kHz."""

import io
import shutil
import subprocess
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile

from v2f.audio.vad import SAMPLE_RATE
from v2f.errors import UnreadableAudioError

LONGEST_SECONDS = 3600.0  # read at most, so that a recording of a day does not fill the memory
FFMPEG_SECONDS = 120.0  # it may take to decode


def read_audio(source: str | Path | BinaryIO, max_seconds: float | None = None) -> np.ndarray:
    """Read a recording -> float32 [samples], mono, 16 kHz, in [-1, 1]; nothing is written to disk.

    wav, flac, ogg, opus, mp3 and what else libsndfile knows are decoded by it; m4a, aac, webm, mp4 and the rest
    by ffmpeg where it is installed. No more than `max_seconds` from the start are decoded (an hour if not given).
    Raises UnreadableAudioError with a sentence that names the file.
    """
    limit = LONGEST_SECONDS if max_seconds is None else max_seconds
    name = Path(source).name if isinstance(source, (str, Path)) else getattr(source, "name", None) or "The recording"
    if isinstance(source, (str, Path)):
        path = Path(source)
        if path.is_dir():
            raise UnreadableAudioError(f"{name} is a folder, not a recording.")
        try:
            data = path.stat().st_size
        except OSError as error:
            raise UnreadableAudioError(f"{name} cannot be read: {error.strerror}.") from error
        if data == 0:
            raise UnreadableAudioError(f"{name} is empty.")
    samples, rate = _decode(source, str(name), limit)
    waveform = to_waveform(samples, rate, limit)
    if not waveform.size:
        raise UnreadableAudioError(f"{name} holds no sound.")
    return waveform


def to_waveform(samples: np.ndarray, rate: int, max_seconds: float | None = None) -> np.ndarray:
    """Samples [n] or [n, channels] of any integer or float type at `rate` Hz -> as `read_audio` gives them.

    Integers are scaled by their type's range; NaN and infinities become silence; channels are averaged.
    """
    if max_seconds is not None:
        samples = samples[: int(max_seconds * rate)]
    if np.issubdtype(samples.dtype, np.integer):
        middle = 128 if samples.dtype == np.uint8 else 0
        waveform = (samples.astype(np.float32) - middle) / -float(np.iinfo(samples.dtype).min or -128)
    else:
        with np.errstate(over="ignore"):
            waveform = np.nan_to_num(samples.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    if waveform.ndim == 2:
        waveform = waveform.mean(axis=1)
    if rate != SAMPLE_RATE:
        waveform = _resample(waveform, rate)
    return np.ascontiguousarray(waveform.clip(-1.0, 1.0), dtype=np.float32)


def _resample(waveform: np.ndarray, rate: int) -> np.ndarray:
    import torch

    from v2f.audio.torchaudio_parts import functional

    return functional.resample(torch.from_numpy(waveform), rate, SAMPLE_RATE).numpy()


def _decode(source: str | Path | BinaryIO, name: str, limit: float) -> tuple[np.ndarray, int]:
    try:
        with soundfile.SoundFile(source) as file:
            return file.read(int(limit * file.samplerate), dtype="float32", always_2d=True), file.samplerate
    except (soundfile.LibsndfileError, RuntimeError, ValueError, TypeError):
        return _decode_by_ffmpeg(source, name, limit), SAMPLE_RATE


def _decode_by_ffmpeg(source: str | Path | BinaryIO, name: str, limit: float) -> np.ndarray:
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        raise UnreadableAudioError(
            f"{name} is not a recording that can be read here; m4a, aac, webm and mp4 need ffmpeg to be installed."
        )
    given = None
    if isinstance(source, (str, Path)):
        place = f"file:{Path(source).resolve()}"
    else:
        source.seek(0)
        place, given = "pipe:0", source.read()
    command = [ffmpeg, "-v", "error", "-nostdin", "-t", str(limit), "-i", place]
    command += ["-map", "a:0", "-ac", "1", "-ar", str(SAMPLE_RATE), "-f", "f32le", "pipe:1"]
    try:
        done = subprocess.run(command, input=given, capture_output=True, timeout=FFMPEG_SECONDS, check=False)
    except (subprocess.TimeoutExpired, OSError) as error:
        raise UnreadableAudioError(f"{name} could not be decoded.") from error
    if not done.stdout:
        raise UnreadableAudioError(f"{name} is not a recording, or it is damaged.")
    return np.frombuffer(io.BytesIO(done.stdout).getbuffer()[: len(done.stdout) // 4 * 4], dtype="<f4")
