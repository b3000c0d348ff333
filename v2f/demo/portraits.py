"""Which aligned portraits are fit for composites, coloured and evenly lit, and where their landmarks are."""

import numpy as np

from v2f.data.landmarks import VIEW, landmarks68, locate

# Each landmark's counterpart in the mirror image.
MIRRORED = np.array(
    [*range(16, -1, -1), *range(26, 16, -1), 27, 28, 29, 30, 35, 34, 33, 32, 31]
    + [45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40]
    + [54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65]
)
LEAST_COLOUR = 12.0  # of 255, between a picture's channels: below it a picture is black and white
# Quantile of the difference between a face's halves, by light from one side, a hand, a turned head.
MOST_LOPSIDED = 0.93


def evenly_lit(faces: np.ndarray) -> np.ndarray:
    """Which faces uint8 [n, size, size, 3] are in colour and about as bright on the left as on the right: bool [n]."""
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
