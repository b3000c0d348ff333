"""Finding, aligning and describing faces."""

import csv
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from v2f.data.landmarks import (
    TEMPLATE_64,
    align,
    default_detector,
    descriptor,
    detect_faces,
    enlarge,
    five_points,
    landmark_backend,
    landmarks68,
    similarity,
    template,
)
from v2f.errors import CorpusError

PICTURES = 6


def moved(points: np.ndarray, angle: float, scale: float, shift: tuple[float, float]) -> np.ndarray:
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return scale * points @ turn.T + shift


@pytest.fixture(scope="module")
def portraits(shared_data: Path) -> list[np.ndarray]:
    with open(shared_data / "portraits" / "portraits.csv", newline="") as file:
        names = [row["file"] for row in csv.DictReader(file) if row["source"] == "congress"]
    return [np.asarray(Image.open(shared_data / "portraits" / name).convert("RGB")) for name in names[::150]][
        :PICTURES
    ]


def aligned(picture: np.ndarray) -> np.ndarray:
    return align(picture, five_points(landmarks68(picture, detect_faces(picture)[0])))


def test_similarity_recovers_a_known_movement() -> None:
    points = TEMPLATE_64.astype(np.float64)
    target = moved(points, 0.4, 2.5, (7.0, -3.0))
    matrix = similarity(points, target)
    np.testing.assert_allclose(np.c_[points, np.ones(5)] @ matrix.T, target, atol=1e-9)


def test_a_weighted_point_comes_nearer_to_its_place() -> None:
    points = TEMPLATE_64.astype(np.float64)
    target = points + np.random.default_rng(0).normal(0, 2, points.shape)
    errors = [
        np.linalg.norm(np.c_[points, np.ones(5)] @ similarity(points, target, weights).T - target, axis=1)
        for weights in (None, (1, 1, 1, 1, 1), (9, 1, 1, 1, 1))
    ]
    np.testing.assert_allclose(errors[0], errors[1], atol=1e-9)
    assert errors[2][0] < errors[0][0] and (errors[2] ** 2).sum() > (errors[0] ** 2).sum()


def test_similarity_never_mirrors() -> None:
    points = TEMPLATE_64.astype(np.float64)
    matrix = similarity(points, points * (-1, 1))
    assert np.linalg.det(matrix[:, :2]) > 0


def test_a_picture_already_on_the_template_stays_as_it_is() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    np.testing.assert_allclose(align(picture, TEMPLATE_64).astype(int), picture, atol=1)


def test_dots_on_the_five_points_land_on_the_template() -> None:
    points = moved(TEMPLATE_64.astype(np.float64), 0.3, 5.0, (180.0, 40.0))
    y, x = np.mgrid[:600, :600]
    for point, expected in zip(points, TEMPLATE_64, strict=True):
        blob = np.exp(-((x - point[0]) ** 2 + (y - point[1]) ** 2) / (2 * 8.0**2))
        face = align(np.repeat((255 * blob)[:, :, None], 3, axis=2).astype(np.uint8), points)
        weight = face[:, :, 0].astype(float)
        rows, columns = np.mgrid[:64, :64]
        centre = (columns * weight).sum() / weight.sum(), (rows * weight).sum() / weight.sum()
        np.testing.assert_allclose(centre, expected, atol=0.1)


def test_fine_patterns_do_not_alias_when_a_picture_is_shrunk() -> None:
    stripes = np.zeros((800, 800, 3), dtype=np.uint8)
    stripes[:, ::2] = 255
    face = align(stripes, moved(TEMPLATE_64.astype(np.float64), 0.0, 9.3, (60.0, 60.0)))
    assert np.abs(face.astype(int) - 127).max() <= 4


def test_edges_are_repeated_where_the_picture_ends() -> None:
    picture = np.full((40, 40, 3), 90, dtype=np.uint8)
    assert (align(picture, moved(TEMPLATE_64.astype(np.float64), 0.5, 1.2, (-20.0, 5.0))) == 90).all()


def test_the_template_grows_with_the_face() -> None:
    small = np.random.default_rng(1).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    face = enlarge(enlarge(small, 64), 128)
    np.testing.assert_allclose(align(face, template(128), 128).astype(int), face, atol=1)


def test_dlib_gives_the_landmarks_of_all_faces_the_largest_first(portraits: list[np.ndarray]) -> None:
    small, large = enlarge(portraits[0][:200, :200], 150), portraits[1]
    both = np.zeros((max(150, large.shape[0]), 150 + large.shape[1], 3), np.uint8)
    both[:150, :150] = small
    both[: large.shape[0], 150:] = large
    empty, landmarks = landmark_backend("dlib")([np.zeros((80, 80, 3), np.uint8), both])
    assert empty == [] and [points.shape for points in landmarks] == [(68, 2)] * 2
    assert (landmarks[0][:, 0] > 150).all() and (landmarks[1][:, 0] < 150).all()


def test_there_are_two_backends() -> None:
    with pytest.raises(CorpusError, match="choose dlib or face-alignment"):
        landmark_backend("haar")


def test_the_default_is_dlib_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert default_detector() == "dlib"
    monkeypatch.setitem(sys.modules, "dlib", None)
    assert default_detector() == "face-alignment"


def test_dlib_without_its_weights_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert default_detector() == "face-alignment"


def test_nothing_is_found_in_noise() -> None:
    assert detect_faces(np.random.default_rng(0).integers(0, 256, (120, 120, 3), dtype=np.uint8)) == []


def test_an_aligned_portrait_has_its_features_on_the_template(portraits: list[np.ndarray]) -> None:
    for picture in portraits:
        view = enlarge(aligned(picture), 256)
        points = five_points(landmarks68(view, detect_faces(view, upsample=0)[0]))
        assert np.abs(points - template(256)).mean() < 8  # 2 pixels of 64


def test_descriptors_tell_people_apart_and_mirrored_pictures_together(portraits: list[np.ndarray]) -> None:
    faces = [aligned(picture) for picture in portraits]
    described = np.stack([descriptor(face) for face in faces])
    mirrored = np.stack([descriptor(face[:, ::-1]) for face in faces])
    distances = np.linalg.norm(described[:, None] - mirrored[None], axis=2)
    assert described.dtype == np.float32 and described.shape == (len(faces), 128)
    assert (distances.argmin(axis=1) == np.arange(len(faces))).all()
    assert np.diag(distances).max() < 0.6


def test_a_faceless_picture_still_gets_a_descriptor() -> None:
    assert np.isfinite(descriptor(np.full((64, 64, 3), 128, dtype=np.uint8))).all()
