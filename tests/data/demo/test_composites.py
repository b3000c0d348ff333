"""Composite portraits: what look-alikes have in common, sharp where a plain mean is blurred."""

from pathlib import Path

import numpy as np
import pytest

from v2f.data.demo.composites import MIRRORED, PIXELS, _places, composites, evenly_lit
from v2f.data.landmarks import align, detect_faces, five_points, landmarks68

pytest.importorskip("dlib")
pytest.importorskip("scipy")
PORTRAITS = Path(__file__).parents[4] / "shared" / "data" / "portraits" / "congress"


def portraits(count: int) -> np.ndarray:
    from PIL import Image

    if not PORTRAITS.is_dir():
        pytest.skip(
            "needs portraits of members of the US Congress; assets/README.md says where they are from"
        )
    faces = []
    for path in sorted(PORTRAITS.glob("*.jpg"))[:count]:
        image = np.asarray(Image.open(path).convert("RGB"))
        boxes = detect_faces(image)
        if boxes:
            faces.append(align(image, five_points(landmarks68(image, boxes[0]))))
    return np.stack(faces)


def test_mirroring_a_shape_twice_gives_it_back():
    assert (MIRRORED[MIRRORED] == np.arange(68)).all()


def test_a_shape_on_itself_moves_nothing_and_a_shifted_one_shifts():
    corners = np.array([[-9, -9], [-9, 73], [73, -9], [73, 73], [30, 30]], dtype=float)
    np.testing.assert_allclose(_places(corners, corners), PIXELS, atol=1e-9)
    np.testing.assert_allclose(_places(corners, corners + (3, -2)), PIXELS + (3, -2), atol=1e-9)


def test_grey_and_lopsided_pictures_are_left_out():
    rng = np.random.default_rng(0)
    half = rng.integers(0, 256, (30, 64, 32, 3), dtype=np.uint8)
    faces = np.concatenate([half, half[:, :, ::-1]], axis=2)  # each as bright on either side
    faces[0] = faces[0].mean(axis=2, keepdims=True)
    faces[1, :, :32] //= 4
    lit = evenly_lit(faces)
    assert not lit[0] and not lit[1] and lit.mean() > 0.8


def test_a_composite_is_symmetric_and_sharper_than_a_plain_mean():
    faces = portraits(24)
    textures, flows, counts = composites(faces, np.zeros(len(faces), dtype=int))
    assert textures.shape == (1, 64, 64, 3) and flows.shape == (1, 2, 64, 64) and counts.mean() > 0.7
    texture = textures[0].astype(float)
    assert np.abs(texture - texture[:, ::-1]).max() <= 1
    assert np.abs(flows[0].astype(float)).max() < 1  # of one group, the mean shape is its own

    def detail(picture: np.ndarray) -> float:
        return float(np.abs(np.diff(picture[16:52, 12:52].mean(axis=2), axis=0)).mean())

    pixels = faces[counts].astype(float)
    assert detail(texture) > 1.1 * detail((pixels + pixels[:, :, ::-1]).mean(axis=0) / 2)


def test_groups_have_shapes_of_their_own():
    """Where no face is detected, landmarks are those of a face in the template's place."""
    faces = np.random.default_rng(0).integers(0, 256, (8, 64, 64, 3), dtype=np.uint8)
    textures, flows, counts = composites(faces, np.arange(8) % 2)
    assert textures.shape == (2, 64, 64, 3) and flows.dtype == np.float16
    assert np.isfinite(flows.astype(float)).all() and not counts.all()
