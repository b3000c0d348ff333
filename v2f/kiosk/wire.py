"""What travels between the page and Python: sound, faces, and what the rail shows, as JSON can hold them.

Sound travels as base64 of little-endian 16-bit samples, mono, 16 kHz; a face as {"image", "score", "seconds",
"duration"}, its image a PNG in a data URL.
"""

import base64
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from v2f.audio import SAMPLE_RATE, to_waveform
from v2f.kiosk.problems import Problem
from v2f.pipeline import DURATIONS, Face

RAIL_SECONDS = max(DURATIONS)  # the waveform shows the part that the strip is cut from
BARS = 200  # of the waveform

Waveform = NDArray[np.float32]
Picture = dict[str, Any] | None  # a face as the page wants it


def shown(face: Face | None) -> Picture:
    """A face as the page wants it. The picture is the generator's own, 64 x 64, nothing done to it."""
    if face is None:
        return None
    return {
        "image": data_url(Image.fromarray(face.image)),
        "score": face.score,
        "seconds": face.seconds,
        "duration": face.duration,
    }


def data_url(picture: Image.Image) -> str:
    file = io.BytesIO()
    picture.save(file, "PNG", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def encode(waveform: Waveform) -> str:
    """Samples float32 [n] in [-1, 1] -> base64 of 16-bit ones."""
    whole = np.round(waveform * 32768).clip(-32768, 32767)
    return base64.b64encode(whole.astype("<i2").tobytes()).decode()


def decode(samples: str) -> Waveform:
    """The inverse of `encode`. Raises Problem for what is not base64 of whole samples."""
    try:
        whole = np.frombuffer(base64.b64decode(samples, validate=True), "<i2")
    except ValueError as error:
        raise Problem("trouble") from error
    return to_waveform(whole, SAMPLE_RATE)


def peaks(waveform: Waveform) -> list[float]:
    """The loudest sample of each bar of the rail, 0 to 1; 0 where the recording has ended."""
    size = RAIL_SECONDS * SAMPLE_RATE // BARS
    loudness = np.abs(waveform[: BARS * size])
    bars = np.pad(loudness, (0, BARS * size - loudness.size)).reshape(BARS, size).max(axis=1)
    return [round(float(bar), 3) for bar in bars]


def digits(speech: NDArray[np.bool_]) -> str:
    """Decisions bool [frames] -> a string of 0 and 1."""
    return "".join("1" if frame else "0" for frame in speech)
