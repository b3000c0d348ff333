"""Faces in pictures: boxes, 68 landmarks, alignment, and a 128-d descriptor.

By dlib, whose weights come inside the package `face_recognition_models`; landmarks also
by face-alignment's networks (alignment_network.py).
Pictures are RGB np.uint8 [height, width, 3]; points are (x, y) in pixels, (0, 0) the centre of the first.
"""

import importlib.util
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from v2f.cli import how_to_install
from v2f.errors import CorpusError, V2FError

# Eye centres, nose tip and mouth corners of an aligned face in 64x64: the median of 60 portraits, its eyes
# 20 px apart at 40 % of the height. A chin lies 1.8 eye distances below the eyes and a hairline about 1.2
# above, so the head fits from hairline to chin; the usual ArcFace template would cut both off.
TEMPLATE_64 = np.array(
    [[21.5, 25.5], [41.5, 25.5], [31.5, 37.0], [22.3, 46.7], [40.7, 46.7]], dtype=np.float32
)

LARGEST_CANVAS = 4096  # pixels: the side of what a face is turned on before it is shrunk; 50 MB

VIEW = 256  # pixels: the size that an aligned face is enlarged to, so that the detector can see it
DESCRIPTOR_CHIP = 150  # pixels: the input of dlib's descriptor network
DESCRIPTOR_PADDING = 0.25  # around the face in that input, as the network was trained


class Box(NamedTuple):
    """A face's rectangle in pixels, both ends inclusive; it may reach beyond the picture."""

    left: int
    top: int
    right: int
    bottom: int


# The box that dlib's frontal detector gives a face aligned to TEMPLATE_64.
TEMPLATE_BOX_64 = Box(8, 13, 53, 58)


# For each picture of a batch, uint8 [height, width, 3], the 68 iBUG landmarks [68, 2] of all its faces, largest first.
Backend = Callable[[Sequence[np.ndarray]], list[list[np.ndarray]]]


@cache
def landmark_backend(detector: str) -> Backend:
    """The backend "dlib", on the processor, or "face-alignment", made once in each process.

    Raises CorpusError where there is no such backend, or its package or weights are missing.
    """
    if detector == "dlib":
        require_dlib()
        return lambda images: [[landmarks68(image, box) for box in detect_faces(image)] for image in images]
    if detector == "face-alignment":
        from v2f.data.alignment_network import AlignmentNetwork  # seconds to import

        return AlignmentNetwork().landmarks
    raise CorpusError(f"There is no detector {detector!r}; choose dlib or face-alignment.")


def default_detector() -> str:
    """The backend "dlib" where it is installed, else "face-alignment", which training brings along."""
    try:
        require_dlib()
    except V2FError:
        return "face-alignment"
    return "dlib"


def require_dlib() -> None:
    """Raise V2FError where dlib or the package with its weights is not installed."""
    _dlib(), _weights("")


def detect_faces(image: np.ndarray, upsample: int = 1) -> list[Box]:
    """Frontal faces by dlib's HOG detector, the largest first.

    It sees faces from 80 pixels up; each `upsample` doubles the picture first and so halves that limit.
    """
    boxes = [
        Box(r.left(), r.top(), r.right(), r.bottom())
        for r in _detector()(np.ascontiguousarray(image, np.uint8), upsample)
    ]
    return sorted(boxes, key=lambda box: box.right - box.left, reverse=True)


def landmarks68(image: np.ndarray, box: Box) -> np.ndarray:
    """The 68 iBUG landmarks of the face in `box`, float32 [68, 2]."""
    shape = _shape(np.ascontiguousarray(image, np.uint8), box)
    return np.array([(point.x, point.y) for point in shape.parts()], dtype=np.float32)


def five_points(landmarks: np.ndarray) -> np.ndarray:
    """Eye centres, nose tip and mouth corners, float32 [5, 2], of 68 landmarks [68, 2].

    "Left" is the picture's left, as in TEMPLATE_64.
    """
    eyes = landmarks[36:42].mean(axis=0), landmarks[42:48].mean(axis=0)
    return np.stack([*eyes, landmarks[30], landmarks[48], landmarks[54]]).astype(np.float32)


def align(
    image: np.ndarray, points: np.ndarray, size: int = 64, weights: Sequence[float] | None = None
) -> np.ndarray:
    """Turn, scale and shift a picture so that its five points [5, 2] come to lie on the template.

    Not all can at once; the higher a point's weight, the nearer it comes.

    Returns np.uint8 [size, size, 3]. Where the picture ends too early, its edge pixels are repeated.
    """
    scale = np.hypot(*similarity(points, template(size), weights)[:, 0])
    # One output pixel per source pixel, so nothing aliases; 1e-6 forgives rounding where nothing is to be shrunk.
    oversampling = int(np.clip(np.ceil(1 / max(1e-9, scale) - 1e-6), 1, max(1, LARGEST_CANVAS // size)))
    canvas = size * oversampling
    # From canvas to picture; Pillow, unlike us, puts (0, 0) at the corner of the first pixel.
    back = similarity(template(canvas) + 0.5, np.asarray(points, dtype=np.float64) + 0.5, weights)
    corners = np.array([[0, 0, 1], [canvas, 0, 1], [0, canvas, 1], [canvas, canvas, 1]]) @ back.T  # (4, 2)
    height, width = image.shape[:2]
    before = np.ceil(np.maximum(0, -corners.min(axis=0))).astype(int) + 2  # 2: the reach of bicubic
    after = np.ceil(np.maximum(0, corners.max(axis=0) - (width, height))).astype(int) + 2
    padded = np.pad(
        np.ascontiguousarray(image, np.uint8),
        ((before[1], after[1]), (before[0], after[0]), (0, 0)),
        mode="edge",
    )
    back[:, 2] += before
    turned = Image.fromarray(padded).transform(
        (canvas, canvas), Image.Transform.AFFINE, tuple(back.ravel()), Image.Resampling.BICUBIC
    )
    return np.asarray(turned.resize((size, size), Image.Resampling.LANCZOS))


def descriptor(face: np.ndarray) -> np.ndarray:
    """dlib's 128-d descriptor, float32 [128], of an aligned face np.uint8 [size, size, 3].

    The 68 landmarks of the enlarged face place the 150x150 chip that the network takes. Two pictures of one person
    usually lie within 0.6 of each other (Euclidean). Real and generated faces go through the same steps.
    """
    view, box, _ = locate(face)
    chip = _dlib().get_face_chip(view, _shape(view, box), DESCRIPTOR_CHIP, DESCRIPTOR_PADDING)
    return np.array(_describer().compute_face_descriptor(chip), dtype=np.float32)


def template(size: int) -> np.ndarray:
    """The five points [5, 2] of an aligned face of size x size pixels."""
    return (TEMPLATE_64.astype(np.float64) + 0.5) * (size / 64) - 0.5


def locate(face: np.ndarray) -> tuple[np.ndarray, Box, bool]:
    """An aligned face enlarged to uint8 [256, 256, 3], its box there, and whether the frontal detector saw it.

    A face that it does not see has the box of the template.
    """
    view = enlarge(face, VIEW)
    boxes = detect_faces(view, upsample=0)
    if boxes:
        return view, boxes[0], True
    return view, Box(*(round((edge + 0.5) * VIEW / 64 - 0.5) for edge in TEMPLATE_BOX_64)), False


def enlarge(face: np.ndarray, size: int) -> np.ndarray:
    """A square picture resampled smoothly (Lanczos) to np.uint8 [size, size, 3]."""
    return np.asarray(
        Image.fromarray(np.ascontiguousarray(face, np.uint8)).resize((size, size), Image.Resampling.LANCZOS)
    )


def similarity(source: np.ndarray, target: np.ndarray, weights: Sequence[float] | None = None) -> np.ndarray:
    """The rotation, scale and shift [2, 3] that carries points [n, 2] nearest to others, without reflection.

    Weighted least squares; points as complex numbers, it is the regression target = turn * source + shift. Apply it as
    ``[x, y, 1] @ matrix.T``.
    """
    z, goal = np.asarray(source, dtype=np.float64) @ (1, 1j), np.asarray(target, dtype=np.float64) @ (1, 1j)
    share = np.ones(len(z)) if weights is None else np.asarray(weights, dtype=np.float64)
    centred = z - np.average(z, weights=share)
    turn = (share * centred.conj() @ goal) / (share @ np.abs(centred) ** 2)
    shift = np.average(goal - turn * z, weights=share)
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])


def _shape(image: np.ndarray, box: Box) -> Any:
    return _predictor()(image, _dlib().rectangle(*box))


def _dlib() -> Any:
    try:
        import dlib
    except ImportError as error:
        raise _missing() from error
    return dlib


@cache
def _detector() -> Any:
    return _dlib().get_frontal_face_detector()


@cache
def _predictor() -> Any:
    return _dlib().shape_predictor(_weights("shape_predictor_68_face_landmarks.dat"))


@cache
def _describer() -> Any:
    return _dlib().face_recognition_model_v1(_weights("dlib_face_recognition_resnet_model_v1.dat"))


def _weights(name: str) -> str:
    # Found without importing the package, which needs a pkg_resources that current setuptools no longer has.
    package = importlib.util.find_spec("face_recognition_models")
    if package is None or package.origin is None:
        raise _missing()
    return str(Path(package.origin).parent / "models" / name)


def _missing() -> V2FError:
    return V2FError(f"Finding faces needs dlib; install it with: {how_to_install('dlib')}")
