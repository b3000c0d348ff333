"""What look-alikes have in common: the composite portrait of each group, and of any mixture of groups.

A plain mean of pictures is blurred, since eyes and mouths lie in different places. Here each picture is first brought
to the mean shape of all faces, its 68 landmarks onto theirs, and a group's mean texture is taken there; a flow then
carries it back to the group's own mean shape. Mixtures mix textures and flows. Mirror images count too.

    textures  uint8   [groups, 64, 64, 3], in the mean shape
    flows     float16 [groups, 2, 64, 64]: for each pixel of the group's shape, how far to the right of it (x) and
              below it (y) lies the place in the mean shape that it shows
"""

import numpy as np
from joblib import Parallel, delayed
from scipy.interpolate import LinearNDInterpolator
from scipy.ndimage import map_coordinates

from v2f.data.landmarks import VIEW, landmarks68, locate

SIZE = 64  # pixels
# Each landmark's counterpart in the mirror image.
MIRRORED = np.array(
    [*range(16, -1, -1), *range(26, 16, -1), 27, 28, 29, 30, 35, 34, 33, 32, 31]
    + [45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40]
    + [54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65]
)
# The corners and the middles of the edges stay where they are, some pixels outside the picture.
BORDER = np.array([[x, y] for x in (-4, 31.5, 67) for y in (-4, 31.5, 67) if (x, y) != (31.5, 31.5)])
PIXELS = np.indices((SIZE, SIZE))[::-1].reshape(2, -1).T.astype(float)  # (x, y), row by row
LEAST_COLOUR = 12.0  # of 255, between a picture's channels: below it a picture is black and white
# Quantile of the difference between a face's halves, by light from one side, a hand, a turned head.
MOST_LOPSIDED = 0.93
FEWEST = 3  # pictures of a group that a mean is taken of


def composites(
    faces: np.ndarray, groups: np.ndarray, workers: int = 1
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Compute the textures and flows above.

    Args:
        faces: aligned, uint8 [n, 64, 64, 3].
        groups: of each face, int [n], from 0 on.

    Returns:
        textures, flows, and which faces are coloured, evenly lit and seen by the frontal detector, bool [n]; the others
        are left out of the means where a group has enough without them.
    """
    parallel = Parallel(n_jobs=workers)
    landmarks, detected = zip(*parallel(delayed(landmarks_of)(face) for face in faces), strict=True)
    own = [np.concatenate([shape, BORDER]) for shape in landmarks]  # [76, 2] each
    mirrored = [np.concatenate([_mirror(shape), BORDER]) for shape in landmarks]
    shapes = (np.stack(own) + np.stack(mirrored)) / 2  # for means: textures are made of the pictures' own
    good = evenly_lit(faces) & np.array(detected)
    mean = shapes[good if good.any() else slice(None)].mean(axis=0)
    pictures = np.stack(
        parallel(delayed(_warp)(face, shape, mean) for face, shape in zip(faces, own, strict=True))
    )
    pictures = (pictures + pictures[:, :, ::-1]) / 2
    textures, flows = [], []
    for group in range(int(groups.max()) + 1):
        members = (groups == group) & good
        if members.sum() < FEWEST:
            members = groups == group
        textures.append(pictures[members].mean(axis=0))
        flow = _places(shapes[members].mean(axis=0), mean) - PIXELS
        flows.append(flow.T.reshape(2, SIZE, SIZE))
    return np.round(textures).astype(np.uint8), np.array(flows, dtype=np.float16), good


def evenly_lit(faces: np.ndarray) -> np.ndarray:
    """Which of aligned faces uint8 [n, size, size, 3] are coloured, their halves about as bright: bool [n]."""
    coloured = np.array([np.ptp(face, axis=2).mean() for face in faces]) > LEAST_COLOUR
    cells, size = 16, faces.shape[1]
    grey = faces.reshape(len(faces), cells, size // cells, cells, size // cells, 3).mean(axis=(2, 4, 5))
    middle = grey[:, 3:13, 3:13]  # without hair and background
    difference = np.abs(middle - middle[:, :, ::-1]).mean(axis=(1, 2)) / (middle.std(axis=(1, 2)) + 15)
    return coloured & (difference <= np.quantile(difference, MOST_LOPSIDED))


def landmarks_of(face: np.ndarray) -> tuple[np.ndarray, bool]:
    """The 68 landmarks [68, 2] of an aligned face, in its own pixels, and whether the detector saw it."""
    view, box, detected = locate(face)
    return (landmarks68(view, box) + 0.5) * (len(face) / VIEW) - 0.5, detected


def _mirror(shape: np.ndarray) -> np.ndarray:
    turned = shape[MIRRORED].copy()
    turned[:, 0] = SIZE - 1 - turned[:, 0]
    return turned


def _warp(face: np.ndarray, shape: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Bring a picture [64, 64, 3] of one shape to another, float32."""
    x, y = _places(target, shape).T
    channels = [
        map_coordinates(channel.astype(np.float32), [y, x], order=1, mode="nearest")
        for channel in np.moveaxis(face, -1, 0)
    ]
    return np.stack(channels, axis=1).reshape(SIZE, SIZE, 3)


def _places(target: np.ndarray, source: np.ndarray) -> np.ndarray:
    """Where each pixel of a picture of shape `target` lies in one of shape `source`: [4096, 2], affine by triangle."""
    return LinearNDInterpolator(target, source)(PIXELS)
