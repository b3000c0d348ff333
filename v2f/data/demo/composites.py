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
from scipy.ndimage import map_coordinates
from scipy.spatial import Delaunay

from v2f.data.landmarks import detect_faces, enlarge, landmarks68, template_box

SIZE = 64  # pixels
VIEW = 256  # pixels: what an aligned face is enlarged to, so that the detector can see it
# Each landmark's counterpart in the mirror image.
MIRRORED = np.array(
    [*range(16, -1, -1), *range(26, 16, -1), 27, 28, 29, 30, 35, 34, 33, 32, 31]
    + [45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40]
    + [54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65]
)
# The corners and the middles of the edges stay where they are, some pixels outside the picture.
BORDER = np.array([[x, y] for x in (-4, 31.5, 67) for y in (-4, 31.5, 67) if (x, y) != (31.5, 31.5)])
PIXELS = (
    np.stack(np.meshgrid(np.arange(SIZE), np.arange(SIZE)), axis=-1).reshape(-1, 2).astype(float)
)  # (x, y)
LEAST_COLOUR = 12.0  # of 255, between a picture's channels: below it a picture is black and white
MOST_LOPSIDED = (
    0.93  # quantile of the difference between a face's halves: light from one side, a hand, a turned head
)
FEWEST = 3  # pictures of a group that a mean is taken of


def composites(
    faces: np.ndarray, groups: np.ndarray, workers: int = 1
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Textures and flows as above of aligned faces uint8 [n, 64, 64, 3], groups int [n] from 0 on; and who counts.

    The last is bool [n]: coloured, evenly lit, and detected as a frontal face; the others are left out of the
    means where a group has enough without them.
    """
    parallel = Parallel(n_jobs=workers)
    seen = parallel(delayed(_landmarks)(face) for face in faces)
    shapes = np.stack([np.concatenate([shape, BORDER]) for shape, _ in seen])  # [n, 76, 2]
    mirrored = np.stack([np.concatenate([_mirror(shape), BORDER]) for shape, _ in seen])
    counts = evenly_lit(faces) & np.array([detected for _, detected in seen])
    shapes = (shapes + mirrored) / 2  # for means: textures are made of the pictures' own
    mean = shapes[counts if counts.any() else slice(None)].mean(axis=0)
    triangles = Delaunay(mean).simplices
    own = [np.concatenate([shape, BORDER]) for shape, _ in seen]
    straight = parallel(delayed(_to_shape)(*both, mean, triangles) for both in zip(faces, own, strict=True))
    pictures = np.stack(straight)
    pictures = (pictures + pictures[:, :, ::-1]) / 2
    textures, flows = [], []
    for group in range(int(groups.max()) + 1):
        members = (groups == group) & counts
        if members.sum() < FEWEST:
            members = groups == group
        textures.append(pictures[members].mean(axis=0))
        places = _places(shapes[members].mean(axis=0), mean, triangles)
        flows.append((places - PIXELS).T.reshape(2, SIZE, SIZE))
    return np.round(textures).astype(np.uint8), np.array(flows, dtype=np.float16), counts


def evenly_lit(faces: np.ndarray) -> np.ndarray:
    """Which of aligned faces uint8 [n, 64, 64, 3] are coloured, their halves about as bright: bool [n]."""
    pixels = faces.astype(np.float32)
    coloured = (pixels.max(axis=3) - pixels.min(axis=3)).mean(axis=(1, 2)) > LEAST_COLOUR
    grey = pixels.mean(axis=3).reshape(len(faces), SIZE // 4, 4, SIZE // 4, 4).mean(axis=(2, 4))
    middle = grey[:, 3:13, 3:13]  # without hair and background
    difference = np.abs(middle - middle[:, :, ::-1]).mean(axis=(1, 2)) / (middle.std(axis=(1, 2)) + 15)
    return coloured & (difference <= np.quantile(difference, MOST_LOPSIDED))


def _landmarks(face: np.ndarray) -> tuple[np.ndarray, bool]:
    """The 68 landmarks [68, 2] of an aligned face, in its own pixels, and whether the detector saw it."""
    view = enlarge(face, VIEW)
    boxes = detect_faces(view, upsample=0)
    points = landmarks68(view, boxes[0] if boxes else template_box(VIEW))
    return (points + 0.5) * (SIZE / VIEW) - 0.5, bool(boxes)


def _mirror(shape: np.ndarray) -> np.ndarray:
    turned = shape[MIRRORED].copy()
    turned[:, 0] = SIZE - 1 - turned[:, 0]
    return turned


def _to_shape(face: np.ndarray, shape: np.ndarray, mean: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """A picture [64, 64, 3] of one shape brought to another, float32."""
    x, y = _places(mean, shape, triangles).T
    channels = [
        map_coordinates(face[..., channel].astype(np.float32), [y, x], order=1, mode="nearest")
        for channel in range(3)
    ]
    return np.stack(channels, axis=1).reshape(SIZE, SIZE, 3)


def _places(target: np.ndarray, source: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Where each pixel of a picture of shape `target` lies in one of shape `source`: [4096, 2], affine by triangle."""
    places, ones = PIXELS.copy(), np.ones((len(PIXELS), 1))
    left = np.ones(len(PIXELS), dtype=bool)
    for corners in triangles:
        square = np.column_stack([target[corners], np.ones(3)])
        if abs(np.linalg.det(square)) < 1e-9:
            continue  # a triangle without an area holds no pixel
        inside = np.concatenate([PIXELS, ones], axis=1) @ np.linalg.inv(square)  # barycentric, [4096, 3]
        here = left & (inside >= -1e-6).all(axis=1)
        places[here] = inside[here] @ source[corners]
        left &= ~here
    return places
