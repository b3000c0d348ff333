"""What travels between the page and Python, as JSON can hold it: sound, faces, and what the timeline shows.

Sound travels as base64 of little-endian 16-bit samples, mono, 16 kHz; a face as {"image", "score", "seconds",
"duration"}, its image a PNG in a data URL.
"""

import base64
import io
from typing import Annotated, Any, Literal
from zlib import Z_HUFFMAN_ONLY

import numpy as np
import soundfile
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field

from v2f.audio import CHANNELS, SAMPLE_RATE, Sound, to_waveform
from v2f.audio.sound import TOLD
from v2f.kiosk.problems import Problem
from v2f.kiosk.sessions import MAX_SESSIONS
from v2f.pipeline import DURATIONS, Face, Settling, Waveform

TIMELINE_SECONDS = max(DURATIONS)  # the page draws that part of the waveform which the strip is cut from
TIMELINE_BARS = 200
MAX_UPLOAD_SECONDS = 60  # that are used of an upload, and the page says so
MAX_SAMPLES_SIZE = 2 * 4 * TIMELINE_SECONDS * SAMPLE_RATE // 3 + 4  # characters, of the longest recording

FaceMessage = dict[str, Any]  # a face as JSON
Token = Annotated[str, Field(max_length=64)]  # of a session
Tokens = Annotated[list[Token], Field(max_length=MAX_SESSIONS)]
Seconds = Annotated[float, Field(ge=1, le=TIMELINE_SECONDS)]  # of a recording
Samples = Annotated[str, Field(max_length=MAX_SAMPLES_SIZE)]
MadeNoise = Literal["white", "pink", "brown", "hum", "babble"]  # v2f/audio/noise.py makes them
NoiseKind = MadeNoise | Literal["own"]
Language = Literal["en", "es", "zh"]
Ratio = Annotated[float, Field(ge=-10, le=30)]  # signal to noise, dB


def encode_face(face: Face | None) -> FaceMessage | None:
    """Encode a face for the page.

    Args:
        face: or None, where there is none.

    Returns:
        {"image": data URL of a PNG, of the weights' own size; "score": 0 to 1, or None; "seconds" of speech
        in "duration" seconds of audio}; None for None.
    """
    if face is None:
        return None
    return {
        "image": encode_image(Image.fromarray(face.image)),
        "score": face.score,
        "seconds": face.seconds,
        "duration": face.duration,
    }


def encode_settling(settling: Settling) -> dict[str, Any]:
    """Encode how settled a voice's faces are.

    Returns:
        {"seconds" of speech; "curve": for each of them three numbers, as v2f/pipeline/settling.py has them; "path": of
        each face seconds of speech and how far it probably is from that after a minute, or None}
    """
    return {
        "seconds": list(settling.seconds),
        "curve": [[round(number, 4) for number in row] for row in settling.curve],
        "path": [point and [round(number, 4) for number in point] for point in settling.path],
    }


def encode_image(image: Image.Image) -> str:
    """Encode an image as a data URL of a PNG."""
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=1, compress_type=Z_HUFFMAN_ONLY)  # sooner done, and smaller
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def encode_generated(images: NDArray[np.uint8], scores: NDArray[np.float32] | None) -> list[FaceMessage]:
    """Encode what `Inference.faces` returns, faces without durations, for the page."""
    return [
        {
            "image": encode_image(Image.fromarray(image)),
            "score": None if scores is None else float(scores[i]),
        }
        for i, image in enumerate(images)
    ]


def to_int16(waveform: Waveform) -> bytes:
    """Samples float32 [n] in [-1, 1] as 16-bit ones, little-endian."""
    return np.round(waveform * 32768).clip(-32768, 32767).astype("<i2").tobytes()


def encode_samples(waveform: Waveform) -> str:
    """Encode samples float32 [n] in [-1, 1] as base64 of 16-bit ones."""
    return base64.b64encode(to_int16(waveform)).decode()


def decode_samples(text: str) -> Waveform:
    """Decode what `encode_samples` gives.

    Returns:
        Samples float32 [n], mono, 16 kHz, in [-1, 1].

    Raises:
        Problem: "trouble", for what is not base64 of 16-bit samples.
    """
    try:
        integers = np.frombuffer(base64.b64decode(text, validate=True), "<i2")
    except ValueError as error:
        raise Problem("trouble") from error
    return to_waveform(integers, SAMPLE_RATE)


def encode_wav(waveform: Waveform) -> str:
    """Encode samples float32 [n] as base64 of a 16-bit WAV file."""
    file = io.BytesIO()
    soundfile.write(file, waveform, SAMPLE_RATE, "PCM_16", format="WAV")
    return base64.b64encode(file.getvalue()).decode()


def encode_source(recording: Sound) -> dict[str, Any]:
    """What the page says of an upload.

    Returns:
        {"shortened": whether not all of it is used; "start": seconds into it where the part that is used begins; "cut":
        None, or how many seconds of a damaged one could be read, and of how many; "other": the channel in which
        another person speaks, or None}
    """
    used, known = recording.start, recording.length or 0.0
    cut = recording.ended and known - recording.read > TOLD
    other = CHANNELS[recording.channel == "left"] if recording.two_speakers else None
    return {
        "shortened": not recording.ended or recording.read - used > MAX_UPLOAD_SECONDS,
        "start": used,
        "cut": [recording.read, known] if cut else None,
        "other": other,
    }


def timeline_peaks(waveform: Waveform) -> list[float]:
    """Reduce a waveform float32 [n] to what the timeline draws.

    Returns:
        TIMELINE_BARS numbers: the loudest sample of each bar, 0 to 1; 0 where the recording has ended.
    """
    size = TIMELINE_SECONDS * SAMPLE_RATE // TIMELINE_BARS
    loudness = np.zeros(TIMELINE_BARS * size, np.float32)
    loudness[: waveform.size] = np.abs(waveform[: loudness.size])
    return [round(float(bar), 3) for bar in loudness.reshape(TIMELINE_BARS, size).max(axis=1)]


def encode_decisions(speech: NDArray[np.bool_]) -> str:
    """Encode the speech detector's decisions bool [frames] as a string of 0 and 1, a digit for 20 ms."""
    return "".join("1" if frame else "0" for frame in speech)
