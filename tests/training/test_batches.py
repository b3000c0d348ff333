"""Batches: crops of one length, faces in the networks' range, all of it decided by the random numbers handed in."""

from math import inf
from pathlib import Path

import numpy as np
import pytest
import torch

from v2f.data.store import VOICE
from v2f.errors import CorpusError
from v2f.training.batches import Crops, Faces, flip, image_size

CPU = torch.device("cpu")
LENGTHS = [900, 50, 400]  # samples of three recordings


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def speech(tmp_path: Path) -> np.ndarray:
    """Samples that tell their recording and their place, mapped from the disk."""
    samples = [1000 * number + place for number, length in enumerate(LENGTHS) for place in range(length)]
    np.save(tmp_path / "speech.npy", np.array(samples, np.int16))
    return np.load(tmp_path / "speech.npy", mmap_mode="r")


@pytest.fixture
def voices() -> np.ndarray:
    starts = np.cumsum([0, *LENGTHS[:-1]])
    return np.array(list(zip(starts, LENGTHS, range(3), strict=True)), dtype=VOICE)


@pytest.mark.parametrize("limit", [inf, 0])
def test_a_crop_is_a_piece_of_its_recording(speech, voices, limit: float) -> None:
    batch = Crops(speech, voices, CPU, limit)(torch.tensor([0, 2, 0]), 300, rng())
    assert batch.shape == (3, 300) and batch.dtype == torch.int16
    for row, (number, length) in zip(batch, ((0, 900), (2, 400), (0, 900)), strict=True):
        assert (row.diff() == 1).all()
        assert 1000 * number <= row[0] and row[-1] < 1000 * number + length


def test_a_recording_that_is_too_short_is_repeated(speech, voices) -> None:
    [row] = Crops(speech, voices, CPU)(torch.tensor([1]), 120, rng())
    assert row.tolist() == [1000 + (row[0].item() + i) % 50 for i in range(120)]


def test_a_share_leaves_the_end_of_each_recording_alone(speech, voices) -> None:
    crops = Crops(speech, voices, CPU, share=0.5)
    assert max(crops(torch.tensor([0]), 100, rng(seed)).max() for seed in range(50)) < 450


def test_crops_reach_both_ends(speech, voices) -> None:
    crops = Crops(speech, voices, CPU)
    starts = [int(crops(torch.tensor([2]), 398, rng(seed))[0, 0]) for seed in range(60)]
    assert set(starts) == {2000, 2001, 2002}


def test_the_same_random_numbers_draw_the_same_batch(speech, voices) -> None:
    mapped, held = Crops(speech, voices, CPU, limit=0), Crops(speech, voices, CPU)
    chosen = torch.tensor([0, 1, 2, 2])
    assert torch.equal(mapped(chosen, 200, rng(3)), held(chosen, 200, rng(3)))
    assert not torch.equal(mapped(chosen, 200, rng(3)), mapped(chosen, 200, rng(4)))


def test_faces_come_in_the_networks_range() -> None:
    faces = Faces(np.array([0, 127, 128, 255], np.uint8).repeat(64 * 64 * 3).reshape(4, 64, 64, 3), CPU)
    batch = faces(torch.tensor([3, 0]), rng())
    assert batch.shape == (2, 3, 64, 64)
    assert (batch[0] == 1).all() and (batch[1] == -1).all()
    assert len(faces) == 4


def test_about_half_of_the_faces_are_mirrored() -> None:
    ramp = torch.linspace(-1, 1, 64).expand(400, 3, 64, 64)
    flipped = flip(ramp, rng())
    mirrored = (flipped[:, 0, 0, 0] > 0).float().mean()
    assert 0.4 < mirrored < 0.6
    assert set(flipped[:, 0, 0, 0].tolist()) == {-1.0, 1.0}


@pytest.mark.parametrize(("generator", "size"), [("table2", 64), ("table2", 128), ("portrait", 128)])
def test_networks_are_built_for_the_size_of_the_faces(generator: str, size: int) -> None:
    assert image_size(np.zeros((1, size, size, 3), np.uint8), "pack.npz", generator) == size  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("generator", "shape", "able"),
    [
        ("table2", (96, 96), "--size 64"),
        ("table2", (128, 64), "--size 64"),
        ("portrait", (64, 64), "--size 128"),
    ],
)
def test_faces_that_networks_cannot_take_are_refused_in_one_sentence(
    generator: str, shape: tuple[int, int], able: str
) -> None:
    with pytest.raises(CorpusError, match=f"pack.npz holds faces of {shape[0]}x{shape[1]}") as told:
        image_size(np.zeros((1, *shape, 3), np.uint8), "pack.npz", generator)  # type: ignore[arg-type]
    assert str(told.value).endswith(f"{able}.") and "\n" not in str(told.value)
