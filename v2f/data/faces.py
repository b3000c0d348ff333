"""Portraits to aligned 64x64 faces: detect, find landmarks, transform, and reject with a reason."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from PIL import Image, ImageOps

from v2f.data.rejection import Rejected
from v2f.models.networks import IMAGE_SIZE

LONGEST_SIDE = 320  # pixels; larger portraits are shrunk before detection, which gains nothing from more
MAX_TURN = 0.3  # of the eye distance: how far the nose tip may lie from the line between eyes and mouth
EYE_DARKNESS = 0.42  # eyes this much darker than the cheeks are behind sunglasses


@dataclass(frozen=True)
class PreparedFace:
    """An aligned face uint8 [64, 64, 3] with its descriptor float32 [128]."""

    file: str
    face: np.ndarray
    descriptor: np.ndarray


def prepare_face(path: Path, name: str) -> PreparedFace | Rejected:
    """Prepare the face of one picture file; what cannot be used comes back with its reason."""
    from v2f.data import landmarks

    try:
        with Image.open(path) as file:
            picture = ImageOps.exif_transpose(file).convert("RGB")
    except OSError:
        return Rejected(name, "not a readable picture")
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    image = np.asarray(picture)
    boxes = landmarks.detect_faces(image)
    if not boxes:
        return Rejected(name, "no frontal face")
    if len(boxes) > 1:
        return Rejected(name, "several faces")
    points = landmarks.five_points(landmarks.landmarks68(image, boxes[0]))
    if turn(points) > MAX_TURN:
        return Rejected(name, "not frontal")
    face = landmarks.align(image, points, IMAGE_SIZE)
    if eye_darkness(face, landmarks.TEMPLATE_64) < EYE_DARKNESS:
        return Rejected(name, "eyes hidden")
    return PreparedFace(name, face, landmarks.descriptor(face))


def prepare_faces(paths: Iterable[tuple[Path, str]], workers: int) -> Iterator[PreparedFace | Rejected]:
    """Prepare (path, name) pairs in parallel, in their order."""
    yield from Parallel(n_jobs=workers, return_as="generator")(
        delayed(prepare_face)(path, name) for path, name in paths
    )


def turn(points: np.ndarray) -> float:
    """How far a head is turned, from five points [5, 2]: the nose tip's distance from the middle line,
    in eye distances; 0 is frontal."""
    eyes, mouth = points[:2].mean(axis=0), points[3:].mean(axis=0)
    across = (points[1] - points[0]) / np.linalg.norm(points[1] - points[0])
    middle = eyes + (mouth - eyes) * 0.5
    return float(abs((points[2] - middle) @ across) / np.linalg.norm(points[1] - points[0]))


def eye_darkness(face: np.ndarray, template: np.ndarray) -> float:
    """Mean brightness of the eye regions over that of the cheeks below them; dark glasses give little."""
    grey = face.mean(axis=2)
    eyes, cheeks = [], []
    for x, y in template[:2].round().astype(int):
        eyes.append(grey[y - 3 : y + 4, x - 5 : x + 6])
        cheeks.append(grey[y + 9 : y + 14, x - 4 : x + 5])
    return float(np.mean(eyes) / max(1.0, float(np.mean(cheeks))))
