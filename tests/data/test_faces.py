"""Portraits to aligned faces, and why some are refused."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from v2f.data.faces import EYE_DARKNESS, PreparedFace, eye_darkness, prepare_face, turn
from v2f.data.landmarks import TEMPLATE_64
from v2f.data.rejection import Rejected

FRONTAL = np.array([[0, 0], [20, 0], [10, 10], [2, 20], [18, 20]], float)


def test_a_frontal_face_is_not_turned():
    assert turn(FRONTAL) == pytest.approx(0)


def test_a_nose_beside_the_middle_is_a_turned_head():
    turned = FRONTAL.copy()
    turned[2, 0] += 8
    assert turn(turned) == pytest.approx(0.4)


def test_turning_the_picture_does_not_turn_the_head():
    angle = np.deg2rad(30)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    assert turn(FRONTAL @ rotation.T) == pytest.approx(0, abs=1e-6)


def test_dark_glasses_are_darker_than_cheeks():
    face = np.full((64, 64, 3), 180, np.uint8)
    assert eye_darkness(face, TEMPLATE_64) == pytest.approx(1)
    face[20:31, 14:50] = 20
    assert eye_darkness(face, TEMPLATE_64) < EYE_DARKNESS


def test_what_is_no_portrait_comes_back_with_its_reason(tmp_path):
    pytest.importorskip("dlib")
    Image.new("RGB", (200, 200), "grey").save(tmp_path / "empty.png")
    (tmp_path / "text.jpg").write_text("no picture")
    assert prepare_face(tmp_path / "empty.png", "empty.png") == Rejected("empty.png", "no frontal face")
    assert prepare_face(tmp_path / "text.jpg", "text.jpg") == Rejected("text.jpg", "not a readable picture")


def test_real_portraits_are_aligned_with_their_eyes_on_the_template(shared_data: Path):
    from v2f.data.landmarks import detect_faces, enlarge, five_points, landmarks68

    portraits = sorted((shared_data / "portraits" / "congress").glob("*.jpg"))[::100]
    found = [prepare_face(path, path.name) for path in portraits]
    kept = [face.face for face in found if isinstance(face, PreparedFace)]
    assert len(kept) >= 0.8 * len(portraits)
    for face in kept:
        view = enlarge(face, 256)
        boxes = detect_faces(view, upsample=0)
        if boxes:
            eyes = (five_points(landmarks68(view, boxes[0]))[:2] + 0.5) / 4 - 0.5
            assert np.abs(eyes - TEMPLATE_64[:2]).max() < 3
