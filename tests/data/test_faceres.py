"""FaceRes: its convolutions, its files, and what it says; by random weights, but for the files' checksums."""

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.support.made_faceres import write_faceres
from v2f.data import faceres
from v2f.data.faceres import FaceRes, _convolve
from v2f.errors import WeightsError

FACES = np.random.default_rng(0).integers(0, 256, (5, 64, 64, 3), dtype=np.uint8)
FACES[1] = 0


@pytest.fixture
def made_faceres(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with both files."""
    folder = tmp_path / "faceres"
    monkeypatch.setattr(faceres, "SHA256", write_faceres(folder))
    return folder


def same_by_hand(x: np.ndarray, kernel: np.ndarray, stride: int) -> np.ndarray:
    """TensorFlow's definition: ceil(size / stride) windows, whose overhang is shared, the larger half after the end.

    x [height, width, in], kernel [rows, columns, in, out].
    """
    windows = [-(-size // stride) for size in x.shape[:2]]
    lacking = [
        max(0, (n - 1) * stride + reach - size)
        for n, reach, size in zip(windows, kernel.shape[:2], x.shape[:2], strict=True)
    ]
    padded = np.pad(x, [(n // 2, n - n // 2) for n in lacking] + [(0, 0)])
    out = np.zeros((*windows, kernel.shape[3]))
    for i, j in np.ndindex(*windows):
        window = padded[i * stride :, j * stride :][: kernel.shape[0], : kernel.shape[1]]
        out[i, j] = np.einsum("rci,rcio->o", window, kernel)
    return out


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("size", [(8, 8), (7, 10), (5, 4)])
def test_a_convolution_pads_as_tensorflow_does(size: tuple[int, int], stride: int) -> None:
    rng = np.random.default_rng(0)
    x, kernel = rng.standard_normal((*size, 3)), rng.standard_normal((3, 3, 3, 4))
    ours = _convolve(torch.from_numpy(x).permute(2, 0, 1)[None], torch.from_numpy(kernel), stride)
    np.testing.assert_allclose(ours[0].permute(1, 2, 0).numpy(), same_by_hand(x, kernel, stride), atol=1e-12)


def test_every_face_gets_a_unit_descriptor_an_age_and_a_sex(made_faceres: Path) -> None:
    seen = FaceRes(made_faceres)(FACES)
    assert seen.descriptor.shape == (5, 1024) and seen.descriptor.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(seen.descriptor, axis=1), 1, atol=1e-5)
    assert ((seen.age >= 0) & (seen.age < 100)).all()
    assert set(seen.sex) <= {"female", "male"}


def test_a_face_is_judged_alike_alone_and_among_others(
    made_faceres: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = FaceRes(made_faceres)
    together = judge(FACES)
    monkeypatch.setattr("v2f.data.faceres.BATCH", 2)
    parts = judge(FACES)
    np.testing.assert_allclose(parts.descriptor, together.descriptor, atol=1e-5)
    np.testing.assert_allclose(parts.age, together.age, atol=1e-3)
    assert np.abs(together.descriptor[0] - together.descriptor[1]).max() > 1e-4


def test_no_faces_are_judged_too(made_faceres: Path) -> None:
    seen = FaceRes(made_faceres)(FACES[:0])
    assert seen.descriptor.shape == (0, 1024) and seen.age.shape == seen.sex.shape == (0,)


def test_a_folder_without_the_files_costs_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="npm pack @vladmandic/human@3.3.6"):
        FaceRes(tmp_path)


@pytest.mark.parametrize("name", ["faceres.json", "faceres.bin"])
def test_other_files_are_not_taken_for_them(made_faceres: Path, name: str) -> None:
    with open(made_faceres / name, "ab") as file:
        file.write(b" ")
    with pytest.raises(WeightsError, match=f"{name} is not the file of @vladmandic/human 3.3.6"):
        FaceRes(made_faceres)
