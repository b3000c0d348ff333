"""Whatever somebody calls a recording -> a `Sound`, or one sentence that says what is taken."""

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from v2f.audio import CHANNELS, Channel, Sound, read_samples, read_sound
from v2f.audio.channels import LOUDEST
from v2f.audio.decode import HIGHEST_RATE
from v2f.errors import ClipError
from v2f.pipeline.types import MAX_SECONDS, Clip

TAKEN = (
    "a recording is a path, a file open for reading bytes, the bytes of one, samples with rate=,"
    " or a pair of rate and samples"
)
MOST_CHANNELS = 64
INTEGERS = (15, 23, 31)  # bits of full scale


def read_clip(clip: Clip, rate: float | None = None, channel: Channel | None = None) -> Sound:
    """Take a recording in any of the forms of `Clip`.

    Args:
        clip: the recording.
        rate: samples per second of bare samples.
        channel: the only one to hear; None: what `read_sound` takes.

    Raises:
        ClipError: it is none, or its rate is missing.
        UnreadableAudioError: the file cannot be read.
    """
    if channel not in (None, *CHANNELS):
        raise ClipError(f"The channel is {CHANNELS[0]!r} or {CHANNELS[1]!r}, not {channel!r}.")
    if isinstance(clip, Sound):
        return clip
    if isinstance(clip, tuple) and len(clip) == 2:
        clip, rate = _paired(clip, rate)
    if isinstance(clip, bytes | bytearray | memoryview):
        clip = BytesIO(bytes(clip))
    if isinstance(clip, str | Path) or callable(getattr(clip, "read", None)):
        if rate is not None:
            raise ClipError("A file says its own rate: leave rate= out.")
        return read_sound(clip, MAX_SECONDS, channel)  # type: ignore[arg-type]
    samples = _samples(clip)
    if rate is None:
        raise ClipError("Samples need their rate in Hz: pass rate=, as in face(samples, rate=16000).")
    return read_samples(samples, checked_rate(rate), MAX_SECONDS, channel)


def checked_rate(rate: Any) -> int:
    """A whole number of samples per second. Raises ClipError for anything else."""
    number = isinstance(rate, int | float | np.integer | np.floating) and not isinstance(rate, bool)
    if number and 0 < rate <= HIGHEST_RATE and rate == int(rate):
        return int(rate)
    raise ClipError(f"The rate is a whole number of samples per second, not {str(rate)[:40]}.")


def checked_durations(durations: Any) -> list[float]:
    """Seconds, each above 0. Raises ClipError for anything else."""
    try:
        seconds = [float(duration) for duration in durations]
    except (TypeError, ValueError):
        seconds = [0.0]
    if not all(0 < one < np.inf for one in seconds):
        raise ClipError(f"Durations are seconds, each above 0, not {str(durations)[:60]}.")
    return seconds


def _paired(pair: tuple[Any, Any], rate: Any) -> tuple[Any, Any]:
    """Samples and their rate, in either order."""
    first, second = pair
    clip, own = (second, first) if np.ndim(first) == 0 else (first, second)
    if np.ndim(own) != 0 or isinstance(clip, str | bytes) or rate not in (None, own):
        raise ClipError(f"This is no pair of one rate and samples: {TAKEN}.")
    return clip, checked_rate(own)


def _samples(clip: Any) -> np.ndarray:
    """Samples [n] or [n, channels], integers of 8 or 16 bits or floats in [-1, 1]."""
    if hasattr(clip, "detach"):  # a tensor, which may be on a GPU, or of a type that NumPy lacks
        clip = clip.detach().cpu()
        clip = clip.float() if clip.is_floating_point() else clip
    if not isinstance(clip, list | tuple) and not hasattr(clip, "__array__"):
        raise ClipError(f"{_kind(clip)} is no recording: {TAKEN}.")
    try:
        samples = np.asarray(clip)
    except (TypeError, ValueError, RuntimeError) as error:  # lists of different lengths
        raise ClipError(f"This {type(clip).__name__} does not make an array of samples.") from error
    if samples.dtype.kind not in "iuf":
        raise ClipError(f"Samples are integers or floats, not {samples.dtype}: {TAKEN}.")
    if samples.ndim not in (1, 2):
        raise ClipError(f"Samples are [n], [n, channels] or [channels, n], not {list(samples.shape)}.")
    if samples.ndim == 2 and 0 < samples.shape[0] < samples.shape[1]:
        samples = samples.T
    if samples.ndim == 2 and not 0 < samples.shape[1] <= MOST_CHANNELS:
        raise ClipError(f"A recording has 1 to {MOST_CHANNELS} channels, not {samples.shape[1]}.")
    return _scaled(samples)


def _scaled(samples: np.ndarray) -> np.ndarray:
    """Samples whose type tells their full scale. Raises ClipError for floats far beyond 1."""
    if samples.dtype.kind == "f":
        finite = np.abs(samples[np.isfinite(samples)])
        if finite.size and finite.max() > LOUDEST:
            raise ClipError(
                f"Floats lie between -1 and 1, and these reach {finite.max():.3g}:"
                " divide them by their full scale, 32768 for 16-bit values, or pass them as int16."
            )
        return samples.astype(np.float32)
    if samples.dtype.itemsize <= 2 or not samples.size:
        return samples
    peak = max(-int(samples.min()), int(samples.max()))  # of a wide type, which may hold narrower values
    bits = next((bits for bits in INTEGERS if peak <= 2**bits), 8 * samples.dtype.itemsize - 1)
    return (samples / 2.0**bits).astype(np.float32)


def _kind(clip: Any) -> str:
    return "None" if clip is None else f"An object of type {type(clip).__name__}"
