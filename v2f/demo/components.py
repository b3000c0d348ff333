"""Principal components of composite portraits, in texture and in shape.

A plain mean of pictures is blurred, because eyes and mouths are in different places. So each portrait is first warped
to the mean shape: its 68 landmarks are moved onto the mean landmarks. The composite of a group of look-alikes is the
mean of these textures together with the group's mean shape. The principal components are computed over all composites,
texture and shape together. Mirror images are included, so composites are symmetrical.

    textures  float32 [1 + 64, 3, size, size], in [-1, 1], in the mean shape: the mean, and the components
    flows     float32 [1 + 64, 2, 64, 64]: the offset (x, then y) from each point of a shape to the point of the mean
              shape that is shown there, as a fraction of the picture's side

Each component is scaled to one standard deviation of the composites.
"""

from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed
from scipy.interpolate import LinearNDInterpolator
from scipy.ndimage import map_coordinates
from scipy.spatial import Delaunay

from v2f.demo.portraits import MIRRORED, evenly_lit, landmarks_of
from v2f.models.portrait_generator import COMPONENTS, FLOW_GRID

OUTSIDE = 1 / 16  # of the picture's side: how far beyond it lie the points that stay where they are
FLOW_WEIGHT = 4.0  # a flow by a quarter of the side counts as much as half the range from black to white


@dataclass(frozen=True)
class Components:
    """The arrays above, and how the portraits that they were made of lie among them."""

    textures: np.ndarray
    flows: np.ndarray
    used: np.ndarray  # bool [faces]: coloured, evenly lit, and seen by the frontal detector
    places: np.ndarray  # float32 [used faces, 64]: of each portrait, in standard deviations
    own_flows: np.ndarray  # float16 [used faces, 2, 64, 64]: of each portrait's own shape


def components(faces: np.ndarray, groups: np.ndarray, workers: int = 1) -> Components:
    """Compute the components.

    Args:
        faces: aligned, uint8 [n, size, size, 3].
        groups: the group of each face, int [n], counted from 0.
        workers: number of processes.
    """
    size, parallel = faces.shape[1], Parallel(n_jobs=workers)
    landmarks, detected = zip(*parallel(delayed(landmarks_of)(face) for face in faces), strict=True)
    used = evenly_lit(faces) & np.array(detected)
    own = np.stack(landmarks)[used]  # [used, 68, 2], in pixels
    mirrored = own[:, MIRRORED] * (-1, 1) + (size - 1, 0)
    shapes = _with_border((own + mirrored) / 2, size)
    mean = shapes.mean(axis=0)
    to_mean = _Triangles(mean, size)
    own = _with_border(own, size)
    textures = np.stack([to_mean.sample(face, shape) for face, shape in zip(faces[used], own, strict=True)])
    symmetrical = (textures + textures[:, :, ::-1]) / 2
    textures = symmetrical.transpose(0, 3, 1, 2) / 127.5 - 1
    flows = np.stack([_flow(shape, mean, size) for shape in shapes])
    both = _joined(textures, flows)
    group = groups[used]
    composites = np.stack([both[group == one].mean(axis=0) for one in np.unique(group)])
    middle, basis = _principal(composites)
    places = (both - middle) @ basis.T @ np.linalg.pinv(basis @ basis.T)  # groups may be few
    all_textures, all_flows = _parted(np.concatenate([middle[None], basis]), size)
    own_flows = np.stack([_flow(shape, mean, size) for shape in own]).astype(np.float16)
    return Components(all_textures, all_flows, used, places.astype(np.float32), own_flows)


class _Triangles:
    """The Delaunay triangles of a shape's points, and the barycentric coordinates of every pixel in them."""

    def __init__(self, shape: np.ndarray, size: int) -> None:
        triangles = Delaunay(shape)
        pixels = np.indices((size, size))[::-1].reshape(2, -1).T.astype(float)  # (x, y), row by row
        found = triangles.find_simplex(pixels)
        turn = triangles.transform[found]
        first = np.einsum("nij,nj->ni", turn[:, :2], pixels - turn[:, 2])
        self.size, self.corners = size, triangles.simplices[found]
        self.shares = np.column_stack([first, 1 - first.sum(axis=1)])

    def sample(self, picture: np.ndarray, shape: np.ndarray) -> np.ndarray:
        """Warp a picture [size, size, 3] from another shape to this one, float32."""
        x, y = (shape[self.corners] * self.shares[..., None]).sum(axis=1).T
        channels = [
            map_coordinates(channel.astype(np.float32), [y, x], order=1, mode="nearest")
            for channel in np.moveaxis(picture, -1, 0)
        ]
        return np.stack(channels, axis=1).reshape(self.size, self.size, 3)


def _with_border(shapes: np.ndarray, size: int) -> np.ndarray:
    """Shapes [n, 68, 2], with eight more points just outside the picture's corners and edges: [n, 76, 2]."""
    low, middle, high = -OUTSIDE * size, (size - 1) / 2, (1 + OUTSIDE) * size - 1
    border = [(x, y) for x in (low, middle, high) for y in (low, middle, high) if (x, y) != (middle, middle)]
    return np.concatenate([shapes, np.broadcast_to(border, (len(shapes), 8, 2))], axis=1)


def _flow(shape: np.ndarray, mean: np.ndarray, size: int) -> np.ndarray:
    """The flow from a shape [76, 2] to the mean shape, float32 [2, 64, 64], affine within each triangle."""
    points = (np.indices((FLOW_GRID, FLOW_GRID))[::-1].reshape(2, -1).T + 0.5) * (size / FLOW_GRID) - 0.5
    flow = (LinearNDInterpolator(shape, mean)(points) - points) / size
    return flow.T.reshape(2, FLOW_GRID, FLOW_GRID).astype(np.float32)


def _flow_scale(size: int) -> float:
    """The factor that weights flows against textures, which have more points."""
    return FLOW_WEIGHT * size / FLOW_GRID


def _joined(textures: np.ndarray, flows: np.ndarray) -> np.ndarray:
    """Textures and flows of n portraits as vectors, float32 [n, length]."""
    rows = [
        textures.reshape(len(textures), -1),
        flows.reshape(len(flows), -1) * _flow_scale(textures.shape[-1]),
    ]
    return np.concatenate(rows, axis=1, dtype=np.float32)


def _parted(rows: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    textures, flows = np.split(rows, [3 * size**2], axis=1)
    flows = flows / _flow_scale(size)
    return textures.reshape(-1, 3, size, size), flows.reshape(-1, 2, FLOW_GRID, FLOW_GRID)


def _principal(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean of vectors [n, length] and their first components [64, length], each of one standard deviation."""
    mean = vectors.mean(axis=0)
    centred = (vectors - mean) / np.sqrt(np.float32(len(vectors)))
    _, rotation = np.linalg.eigh((centred @ centred.T).astype(np.float64))
    largest = rotation[:, ::-1][:, :COMPONENTS].T.astype(np.float32)
    basis = np.zeros((COMPONENTS, vectors.shape[1]), np.float32)
    basis[: len(largest)] = largest @ centred
    return mean, basis
