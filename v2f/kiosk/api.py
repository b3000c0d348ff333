"""The page's named endpoints, for programs: /face, /strip and /noise, as gradio_client calls them.

A face is answered as {"image", "score", "seconds", "duration", "embedding"}: its image a PNG in a data URL, its
embedding 64 numbers. Recordings are deleted once read, and no face is written to the disk.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Literal

import gradio as gr
from gradio.data_classes import FileData
from pydantic import ValidationError, validate_call

from v2f.errors import V2FError
from v2f.kiosk.booth_service import LONGEST_SECONDS, Functions, Ratio
from v2f.kiosk.uploads import read_once
from v2f.kiosk.wire import Waveform, shown
from v2f.pipeline import Face

Described = dict[str, Any] | None
MadeNoise = Literal["white", "pink", "brown", "hum", "babble"]


def add_endpoints(functions: Functions) -> None:
    """Give the page that is being built its endpoints; one call at a time is computed."""
    engine = functions.engine

    def face(recording: FileData) -> Described:
        """The face of a recording, of its first 60 s."""
        voice = read(recording)
        return described(functions.compute(lambda: engine.face(voice)))

    def strip(recording: FileData) -> list[Described]:
        """Faces after 1, 2, 3, 5 and 10 s of a recording, null where there was too little, and of all of it."""
        voice = read(recording)
        return [described(face) for face in functions.compute(lambda: engine.strip(voice))]

    def noise(recording: FileData, kind: MadeNoise = "white", snr: Ratio | None = 5.0) -> list[Described]:
        """As /strip, in noise at a signal-to-noise ratio of -10 to 30 dB, or of the noise alone where that is null."""
        voice = read(recording)
        sound = functions.noises[kind][: voice.size]
        faces = functions.compute(lambda: engine.noise_strip(voice, sound, snr))
        return [described(face) for face in faces]

    def read(recording: FileData) -> Waveform:
        return read_once(recording.path, functions.uploads, LONGEST_SECONDS)

    for endpoint in (face, strip, noise):
        gr.api(telling(endpoint), api_name=endpoint.__name__, concurrency_limit=1, concurrency_id="programs")


def described(face: Face | None) -> Described:
    """A face with its embedding, for programs."""
    picture = shown(face)
    return {**picture, "embedding": face.embedding.tolist()} if picture and face else None


def telling(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    """An endpoint that checks what it is given, and whose expected failures reach the program as one sentence."""
    checked = validate_call(endpoint)

    @wraps(endpoint)
    def call(*arguments: Any) -> Any:
        try:
            return checked(*arguments)
        except ValidationError as error:
            raise gr.Error(f"{error.errors()[0]['msg']}.", print_exception=False) from None
        except V2FError as error:
            raise gr.Error(str(error), print_exception=False) from None

    return call
