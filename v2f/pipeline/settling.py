"""How settled a voice's face is: how far it probably is from the face of a minute of speech."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from v2f.models import Inference
from v2f.models.uncertainty import SECONDS
from v2f.pipeline.types import Face


@dataclass(frozen=True)
class Settling:
    """The curve of other speakers, and a voice's own way along it.

    Distances are between places of faces, and 1 is as far as the faces of two speakers usually are from each other.

    Attributes:
        seconds: of speech, for which the curve is known.
        curve: for each of them how far a face is from that after a minute: of a tenth of speakers nearer than the first
            number, of half than the second, of nine tenths than the third.
        path: of each face its seconds of speech and how far it probably is from that after a minute; None where there
            is no face.
    """

    seconds: tuple[int, ...]
    curve: list[tuple[float, float, float]]
    path: list[tuple[float, float] | None]


def settling(engine: Inference, strip: Sequence[Face | None]) -> Settling:
    """Say how settled the faces of a strip are; the last one is of the most speech.

    Raises UnmeasuredError where the weights do not tell how sure their model is.
    """
    uncertainty, faces = engine.uncertainty, [face for face in strip if face]
    path: list[tuple[float, float] | None] = [None] * len(strip)
    if faces:
        places = torch.cat([torch.from_numpy(engine.places(face.embedding[None])) for face in faces])
        far = iter(uncertainty.path(places, faces[-1].seconds).tolist())
        path = [(face.seconds, next(far)) if face else None for face in strip]
    return Settling(SECONDS, [tuple(row) for row in uncertainty.settling.tolist()], path)
