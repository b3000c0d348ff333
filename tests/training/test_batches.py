"""Batches: crops of one length, faces in the networks' range, all of it decided by the random numbers handed in."""

from pathlib import Path

import numpy as np
import pytest
import torch

from v2f.data.store import VOICE
from v2f.errors import CorpusError
from v2f.training.batches import Crops, Faces, flip, image_size

CPU = torch.device("cpu")
LENGTHS = [900, 50, 400]  # frames of three recordings


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def sounds(tmp_path: Path) -> np.ndarray:
    """Log-mel in which every frame tells its recording and its place, mapped from the disk."""
    frames = [(number, place) for number, length in enumerate(LENGTHS) for place in range(length)]
    array = np.zeros((len(frames), 64), np.float16)
    array[:, :2] = frames
    array[:, 2:] = np.random.default_rng(0).standard_normal((len(frames), 62))
    np.save(tmp_path / "log_mel.npy", array)
    return np.load(tmp_path / "log_mel.npy", mmap_mode="r")


@pytest.fixture
def voices() -> np.ndarray:
    starts = np.cumsum([0, *LENGTHS[:-1]])
    return np.array(list(zip(starts, LENGTHS, range(3), strict=True)), dtype=VOICE)


def places(crops: Crops, chosen: list[int], length: int, seed: int = 0) -> torch.Tensor:
    """Which frames a batch consists of [batch, length]: its second bin, before normalisation."""
    chosen_tensor = torch.tensor(chosen)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("v2f.audio.features.normalise", lambda log_mel: log_mel)
        return crops(chosen_tensor, length, rng(seed))[:, 1]


@pytest.mark.parametrize("resident", [True, False])
def test_a_crop_is_a_normalised_piece_of_its_recording(sounds, voices, resident: bool) -> None:
    crops = Crops(sounds, voices, CPU, resident)
    batch = crops(torch.tensor([0, 2, 0]), 300, rng())
    assert batch.shape == (3, 64, 300) and batch.dtype == torch.float32
    assert batch[:, 2:].mean(dim=2).abs().max() < 1e-5
    assert batch[:, 2:].std(dim=2, unbiased=False).sub(1).abs().max() < 1e-4
    for row, length in zip(places(crops, [0, 2, 0], 300), (900, 400, 900), strict=True):
        assert (row.diff() == 1).all() and row[0] >= 0 and row[-1] < length


def test_a_recording_that_is_too_short_is_repeated(sounds, voices) -> None:
    [row] = places(Crops(sounds, voices, CPU), [1], 120)
    assert row.tolist() == [(row[0].item() + i) % 50 for i in range(120)]


def test_a_share_leaves_the_end_of_each_recording_alone(sounds, voices) -> None:
    crops = Crops(sounds, voices, CPU, share=0.5)
    assert max(places(crops, [0], 100, seed).max() for seed in range(50)) < 450


def test_crops_reach_both_ends(sounds, voices) -> None:
    crops = Crops(sounds, voices, CPU)
    starts = [int(places(crops, [2], 398, seed)[0, 0]) for seed in range(60)]
    assert set(starts) == {0, 1, 2}


def test_the_same_random_numbers_draw_the_same_batch(sounds, voices) -> None:
    mapped, held = Crops(sounds, voices, CPU, resident=False), Crops(sounds, voices, CPU)
    chosen = torch.tensor([0, 1, 2, 2])
    assert torch.equal(mapped(chosen, 200, rng(3)), held(chosen, 200, rng(3)))
    assert not torch.equal(mapped(chosen, 200, rng(3)), mapped(chosen, 200, rng(4)))


def test_speech_is_cropped_as_samples() -> None:
    speech = np.arange(1000, dtype=np.int16)
    crop = Crops(speech, np.array([(200, 500, 0)], dtype=VOICE), CPU)(torch.tensor([0]), 100, rng())
    assert crop.dtype == torch.int16 and crop.shape == (1, 100)
    assert crop.min() >= 200 and crop.max() < 700


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
        ("composite", (128, 128), "--size 64"),
        ("portrait", (64, 64), "--size 128"),
    ],
)
def test_faces_that_networks_cannot_take_are_refused_in_one_sentence(
    generator: str, shape: tuple[int, int], able: str
) -> None:
    with pytest.raises(CorpusError, match=f"pack.npz holds faces of {shape[0]}x{shape[1]}") as told:
        image_size(np.zeros((1, *shape, 3), np.uint8), "pack.npz", generator)  # type: ignore[arg-type]
    assert str(told.value).endswith(f"{able}.") and "\n" not in str(told.value)
