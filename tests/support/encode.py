"""Recordings in formats that soundfile does not write."""

from pathlib import Path
from typing import Any

import av
import numpy as np


def encode(file: Path, sound: np.ndarray, rate: int, codec: str = "aac") -> Path:
    """Write sound [n, channels] in [-1, 1] in the container that the file's name ends in -> the file."""
    with av.open(str(file), "w") as container:
        layout = {1: "mono", 2: "stereo"}.get(sound.shape[1], f"{sound.shape[1]}c")
        stream: Any = container.add_stream(codec, rate=rate, layout=layout)
        samples = np.ascontiguousarray(sound, dtype=np.float32).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(samples, format="flt", layout=layout)
        frame.sample_rate = rate
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file


def encode_tracks(file: Path, tracks: list[np.ndarray], rate: int, codec: str = "aac") -> Path:
    """Write several sounds [n] in [-1, 1] as tracks of one file, as screen recorders do -> the file."""
    with av.open(str(file), "w") as container:
        streams: list[Any] = [container.add_stream(codec, rate=rate, layout="mono") for _ in tracks]
        for stream, sound in zip(streams, tracks, strict=True):
            frame = av.AudioFrame.from_ndarray(sound.astype(np.float32)[None], format="flt", layout="mono")
            frame.sample_rate = rate
            container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    return file
