"""Asking the page's questions in this process, and looking at the answers."""

import base64
import io
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from v2f.kiosk.booth_service import BoothService
from v2f.kiosk.wire import encode_face, encode_samples
from v2f.pipeline import Face

Waveform = NDArray[np.float32]
Answer = dict[str, Any]


class Asker:
    """Asks as the page does."""

    def __init__(self, service: BoothService) -> None:
        self.service = service
        self.named = {question.__name__: question for question in service.questions()}

    def __call__(self, name: str, **ask: Any) -> Answer:
        return self.named[name](**ask)

    def record(self, waveform: Waveform, seconds: float = 10) -> str:
        token = self("start_recording", seconds=seconds)["session"]
        self("update_recording", session=token, samples=encode_samples(waveform))
        return token


def picture(answer: Answer | None) -> NDArray[np.uint8]:
    assert answer
    head, data = answer["image"].split(",")
    assert head == "data:image/png;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))


def on_the_page(face: Face | None) -> Answer | None:
    """A face as the page is told it: without its score, which it asks for apart."""
    return encode_face(face and replace(face, score=None))


def described(faces: list[Face | None]) -> list[Answer | None]:
    return [on_the_page(face) for face in faces]


def like(one: Answer | None, other: Answer | None) -> bool:
    """Whether two faces are the same; sums of another order may move a pixel by one."""
    if one is None or other is None:
        return one is other
    return bool(np.abs(picture(one).astype(int) - picture(other)).max() <= 1)
