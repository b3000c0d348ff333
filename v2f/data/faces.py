"""From pictures of any kind and size to square RGB faces aligned to `landmarks.TEMPLATE_64`, or reasons to reject."""

import hashlib
import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from v2f.data import landmarks
from v2f.data.faceres import FaceRes
from v2f.data.shards import Rejected, ShardResult
from v2f.data.sources import Source
from v2f.data.store import FaceRow
from v2f.models.pixels import shrink

LONGEST_SIDE = 320  # pixels; larger pictures are shrunk before detection, which gains nothing from more
# Pixels; larger pictures are shrunk to this before alignment. dlib sees eyes from 18 pixels apart in the 320; they are
# then 72 apart in this, more than a face of 128x128 needs.
DETAIL_SIDE = 4 * LONGEST_SIDE
BATCH = 16  # pictures in memory, and given to the landmark backend, at a time
JUDGED_SIZE = 64  # pixels; faces of all sizes are judged at this one, so that limits mean the same for all
NOSE_DEPTH = 0.5  # eye distances from the plane of eyes and mouth to the nose tip; heads have 0.4 to 0.55
# Of the five points in the alignment. Visitors look at the eyes, so these count most; the nose tip, which stands
# before the others, moves most when a head turns or nods, and counts least.
POINT_WEIGHTS = (1.5, 1.5, 0.5, 1.0, 1.0)
FEATURES = np.s_[16:56, 10:54]  # rows and columns of a 64x64 face, from brows to chin


@dataclass(frozen=True)
class FaceOptions:
    """Which faces are kept, and how they are detected."""

    size: int = 64  # pixels along a side of the aligned face
    detector: str = "dlib"  # or "face-alignment"
    most_yaw: float = 33.0  # degrees a head may be turned to either side
    smallest: float = 16.0  # pixels between the eyes in the picture's own size; a face of 64x64 has 20
    # Of 600 sharp portraits none lies below 0.25, of 183 frames of compressed video 1 % below 0.09; all faces whose
    # eyes a Gaussian of 2 pixels (in 64x64) has made unreadable lie below 0.05.
    least_sharpness: float = 0.05
    describe: bool = False  # also compute dlib's 128-d descriptor
    faceres: Path | None = None  # also FaceRes's, by the network in this folder

    @property
    def columns(self) -> dict[str, np.dtype]:
        """The arrays of a store that these make, with the type of an entry."""
        faces = {"faces": np.dtype(("|u1", (self.size, self.size, 3)))}
        faces |= {"descriptors": np.dtype(("<f4", (128,)))} if self.describe else {}
        return faces | ({"faceres": np.dtype(("<f4", (1024,)))} if self.faceres else {})


@dataclass(frozen=True)
class _Picture:
    view: np.ndarray  # uint8 [height, width, 3], at most LONGEST_SIDE long: for detection
    detail: np.ndarray  # the same, at most DETAIL_SIDE long
    scale: float  # pixels of the file to one of the view
    sha256: str


def prepare_faces(sources: Sequence[Source], options: FaceOptions) -> ShardResult:
    """Prepare one shard of pictures in this process, in order.

    No picture raises an error; CorpusError or V2FError say that the detector itself is missing.
    """
    detect = landmarks.landmark_backend(options.detector)
    result = ShardResult({name: [] for name in options.columns})
    for start in range(0, len(sources), BATCH):
        batch = sources[start : start + BATCH]
        pictures = [_read(source.path) for source in batch]
        landmarks_of = iter(detect([picture.view for picture in pictures if picture is not None]))
        for source, picture in zip(batch, pictures, strict=True):
            if picture is None:
                result.rejected.append(Rejected(source.file, "unreadable picture"))
                continue
            face = _face(picture, next(landmarks_of), options)
            if isinstance(face, str):
                result.rejected.append(Rejected(source.file, face))
                continue
            result.arrays["faces"].append(face)
            if options.describe:
                result.arrays["descriptors"].append(landmarks.descriptor(face))
            result.rows.append(FaceRow(**source.columns, sha256=picture.sha256))
    if options.faceres and result.rows:
        result.arrays["faceres"] = list(FaceRes(options.faceres)(np.stack(result.arrays["faces"])).descriptor)
    return result


def yaw(points: np.ndarray) -> float:
    """How far a head is turned to either side, in degrees from 0 to 90, of its five points [5, 2].

    The nose tip stands NOSE_DEPTH eye distances before the plane of eyes and mouth. A head turned by an angle carries
    it sideways by NOSE_DEPTH sin(angle), and seems to have its eyes cos(angle) apart; their quotient is measured.
    """
    eyes, mouth = points[:2].mean(axis=0), points[3:].mean(axis=0)
    apart = np.linalg.norm(points[1] - points[0])
    middle = eyes + (mouth - eyes) * 0.5
    sideways = abs((points[2] - middle) @ ((points[1] - points[0]) / apart))
    return float(np.degrees(np.arctan(float(sideways / apart) / NOSE_DEPTH)))


def sharpness(face: np.ndarray) -> float:
    """How much of the contrast of an aligned face [size, size, 3], looked at in 64x64, is fine detail.

    It is the variance of the Laplacian over that of the brightness, from brows to chin: about 1 in a sharp
    portrait, 0.1 once blurred by a Gaussian of 1 pixel, 0.02 by one of 2. A flat surface gives 0.
    """
    grey = shrink(face[None], JUDGED_SIZE)[0].mean(axis=2)[FEATURES]
    laplacian = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * grey[1:-1, 1:-1]
    return float(laplacian.var() / max(1.0, grey.var()))


def _face(picture: _Picture, faces: list[np.ndarray], options: FaceOptions) -> np.ndarray | str:
    """The aligned face, or why it is refused, given the 68 landmarks [68, 2] of each face in a picture's view."""
    if not faces:
        return "no face"
    if len(faces) > 1:
        return "several faces"
    points = landmarks.five_points(faces[0])
    apart = np.linalg.norm(points[1] - points[0])  # pixels of the view; under 1 there is nothing to align by
    if apart < 1 or apart * picture.scale < options.smallest:
        return "too small"
    if yaw(points) > options.most_yaw:
        return "not frontal"
    judged = _align(picture, points, JUDGED_SIZE)
    if sharpness(judged) < options.least_sharpness:
        return "too blurred"
    return judged if options.size == JUDGED_SIZE else _align(picture, points, options.size)


def _align(picture: _Picture, points: np.ndarray, size: int) -> np.ndarray:
    """The face at five points [5, 2] of the view, from the detail where the view has too few pixels."""
    template = landmarks.template(size)
    if np.linalg.norm(points[1] - points[0]) >= np.linalg.norm(template[1] - template[0]):
        return landmarks.align(picture.view, points, size, POINT_WEIGHTS)
    scale = np.divide(
        picture.detail.shape[1::-1], picture.view.shape[1::-1]
    )  # (x, y), alike but for rounding
    return landmarks.align(picture.detail, (points + 0.5) * scale - 0.5, size, POINT_WEIGHTS)


def _read(path: Path) -> _Picture | None:
    """The picture in a file, upright, or None if there is none that Pillow can read."""
    try:
        data = path.read_bytes()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd metadata
            warnings.simplefilter("error", Image.DecompressionBombWarning)  # would take a gigabyte
            with Image.open(io.BytesIO(data)) as file:
                longest = max(file.size)
                file.draft(None, (DETAIL_SIDE, DETAIL_SIDE))  # JPEG can be read at half the size and less
                picture = _rgb(ImageOps.exif_transpose(file))
    except Exception:  # of any kind: on damaged files Pillow's decoders raise whatever they stumble over
        return None
    picture.thumbnail((DETAIL_SIDE, DETAIL_SIDE))
    detail = np.asarray(picture)
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    view = np.asarray(picture)
    return _Picture(view, detail, longest / max(picture.size), hashlib.sha256(data).hexdigest())


def _rgb(picture: Image.Image) -> Image.Image:
    if not picture.mode.startswith(("I", "F")):
        return picture.convert("RGB")
    # Grey of 16 or 32 bits, of which Pillow would cut off all above 255: as many bits as its brightest pixel needs.
    grey = np.nan_to_num(np.asarray(picture, dtype=np.float32)).clip(0)
    white = 2.0 ** np.ceil(np.log2(grey.max() + 1)) - 1
    return Image.fromarray((grey * (255 / max(1.0, white))).astype(np.uint8)).convert("RGB")
