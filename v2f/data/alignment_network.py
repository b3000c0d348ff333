"""The landmark backend of the package face-alignment, on the GPU where there is one.

Its detector (S3FD: Zhang et al., 2017) finds faces at all angles and down to a few pixels; its face alignment network
(2D-FAN-4: Bulat and Tzimiropoulos, 2017) places 68 landmarks on each, in iBUG's order like dlib's. Their weights are
not in the package: they are looked for in torch's hub folder ($TORCH_HOME/hub/checkpoints, by default under ~/.cache)
and fetched to it once. Neither file is ever unpickled as code: the package reads the network's weights with
`weights_only=True`, but the detector's only when it is given their path, so it is.
"""

import pickle
import warnings
from collections.abc import Sequence
from http.client import HTTPException
from pathlib import Path

import numpy as np
import torch

from v2f.cli import how_to_install
from v2f.errors import CorpusError

DETECTOR_WEIGHTS = "s3fd-619a316812.pth"  # what follows the dash starts the file's SHA-256
NETWORK_WEIGHTS = "2DFAN4-11f355bf06.pth.tar"
SOURCE = "https://www.adrianbulat.com/downloads/python-fan/"

SIDE_STEP = 64  # pixels: canvases are squares of a multiple of this, so that cuDNN meets few sizes
SMALLEST_BOX = 8  # pixels; of less the network could only guess
OTHERWISE = f"or take --detector dlib, after: {how_to_install('dlib')}"


class AlignmentNetwork:
    """Detects faces and landmarks by face-alignment's networks; see `landmarks.Backend`.

    Raises CorpusError if the package or its weights are missing and cannot be fetched.
    """

    def __init__(self) -> None:
        try:
            from face_alignment import FaceAlignment, LandmarksType
        except ImportError as error:
            raise CorpusError(
                f"The package face-alignment cannot be imported ({error}); install it with: "
                f"{how_to_install('face_alignment')}, {OTHERWISE}."
            ) from error
        folder = Path(torch.hub.get_dir()) / "checkpoints"
        for name in (DETECTOR_WEIGHTS, NETWORK_WEIGHTS):
            _fetch(name, folder)
        try:
            self._network = FaceAlignment(
                LandmarksType.TWO_D,
                device="cuda" if torch.cuda.is_available() else "cpu",
                flip_input=False,  # as until version 1.4: a second look at the mirrored face takes twice the time
                face_detector="sfd",
                face_detector_kwargs={"path_to_detector": str(folder / DETECTOR_WEIGHTS)},
                compile=False,
            )
        except (OSError, RuntimeError, EOFError, TypeError, ValueError, pickle.UnpicklingError) as error:
            raise CorpusError(
                f"The weights {DETECTOR_WEIGHTS} and {NETWORK_WEIGHTS} in {folder} cannot be read; "
                f"put whole ones there, {OTHERWISE}."
            ) from error

    def landmarks(self, images: Sequence[np.ndarray]) -> list[list[np.ndarray]]:
        """The landmarks float32 [68, 2] of the faces of each picture, the largest first.

        The detector sees all pictures at once, in black canvases of one size; the network sees face after face,
        which is the package's own way.
        """
        if not images:
            return []
        longest = max(max(image.shape[:2]) for image in images)
        side = -(-longest // SIDE_STEP) * SIDE_STEP
        canvases = torch.zeros(len(images), 3, side, side, dtype=torch.uint8)
        for canvas, image in zip(canvases, images, strict=True):
            canvas[:, : image.shape[0], : image.shape[1]] = torch.tensor(image).permute(2, 0, 1)
        detected = self._network.face_detector.detect_from_batch(canvases)
        boxes = [_largest_first(*pair) for pair in zip(detected, images, strict=True)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # one for each picture without a face
            landmarks = self._network.get_landmarks_from_batch(canvases, detected_faces=boxes)
        return [list(np.reshape(points, (-1, 68, 2)).astype(np.float32)) for points in landmarks]


def _largest_first(boxes: Sequence[np.ndarray], image: np.ndarray) -> list[np.ndarray]:
    """The boxes (left, top, right, bottom, score) that lie on the picture, without those on its canvas' margin."""
    height, width = image.shape[:2]
    kept = [
        box
        for box in boxes
        if min(box[2] - box[0], box[3] - box[1]) >= SMALLEST_BOX
        and 0 <= (box[0] + box[2]) / 2 < width
        and 0 <= (box[1] + box[3]) / 2 < height
    ]
    return sorted(kept, key=lambda box: float((box[2] - box[0]) * (box[3] - box[1])), reverse=True)


def _fetch(name: str, folder: Path) -> None:
    """Download a weights file whose hash is in its name, unless it is there."""
    if (folder / name).exists():
        return
    digest = name.partition("-")[2].partition(".")[0]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(SOURCE + name, str(folder / name), hash_prefix=digest)
    except (OSError, HTTPException, RuntimeError) as error:  # RuntimeError: another hash
        raise CorpusError(
            f"face-alignment's weights are missing and cannot be fetched ({getattr(error, 'reason', error)}); "
            f"put {DETECTOR_WEIGHTS} and {NETWORK_WEIGHTS} into {folder}, {OTHERWISE}."
        ) from error
