"""From samples of any type, rate and number of channels to float32 [samples], mono, 16 kHz."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from v2f.audio.channels import mono
from v2f.audio.decode import Block, checked_rate
from v2f.audio.vad import SAMPLE_RATE

if TYPE_CHECKING:
    import soxr


def to_waveform(samples: np.ndarray, rate: int, max_seconds: float | None = None) -> np.ndarray:
    """Convert samples [n] or [n, channels] of any integer or float type at `rate` Hz -> float32, as `read_audio` does.

    Integers are scaled by their type's range, floats are taken to be in [-1, 1]; NaN and infinities become
    silence; channels are averaged. Raises UnreadableAudioError for a rate that no recording of a voice has.
    """
    checked_rate(rate, "The recording")
    limit = None if max_seconds is None else round(max_seconds * SAMPLE_RATE)
    if limit is not None:
        samples = samples[: -(-limit * rate // SAMPLE_RATE) + rate]  # and what a filter looks ahead
    blocks = (mono(samples[start : start + rate]) for start in range(0, len(samples), rate))
    joined = bytearray()  # grows in place, so the waveform is never in memory twice
    for block in resampled(blocks, rate):
        joined += block.tobytes()
    return np.frombuffer(joined, dtype=np.float32)[:limit]


def resampled(blocks: Iterable[np.ndarray], rate: int) -> Iterator[np.ndarray]:
    """Mono blocks at `rate` Hz -> mono blocks at 16 kHz, in [-1, 1], without seams between them."""
    return at_16_khz((rate, block) for block in blocks)


def at_16_khz(blocks: Iterable[Block]) -> Iterator[np.ndarray]:
    """Mono blocks, each with its rate in Hz -> at 16 kHz, in [-1, 1], without seams while the rate stays."""
    stream, rate = None, SAMPLE_RATE
    end = np.zeros(0, np.float32)
    for block_rate, block in blocks:
        if block_rate != rate:
            if stream:
                yield stream.resample_chunk(end, last=True).clip(-1.0, 1.0)
            stream, rate = _resampler(block_rate), block_rate
        if stream:
            block = stream.resample_chunk(np.ascontiguousarray(block)).clip(-1.0, 1.0)
        yield block
    if stream:
        yield stream.resample_chunk(end, last=True).clip(-1.0, 1.0)


def _resampler(rate: int) -> "soxr.ResampleStream | None":
    if rate == SAMPLE_RATE:
        return None
    import soxr

    return soxr.ResampleStream(rate, SAMPLE_RATE, num_channels=1, dtype="float32")


def at_level(speech: np.ndarray, level_db: float) -> np.ndarray:
    """Scale speech float32 [samples] as a whole to a root mean square in dBFS; its peaks may then pass 1."""
    loudness = np.sqrt(np.square(speech, dtype=np.float64).mean()) + 1e-9
    return (speech * (10 ** (level_db / 20) / loudness)).astype(np.float32)
