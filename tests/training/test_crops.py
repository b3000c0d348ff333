"""Crops for a pack: how long they are, which are augmented, and what becomes of recordings that are shorter."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.training.conftest import SECONDS
from v2f.__main__ import main
from v2f.data.store import Store
from v2f.training.crops import VoiceCrops, features_of_crops
from v2f.training.pack import Pack
from v2f.training.presets import PRESETS, CropConfig

CPU = torch.device("cpu")
CROPS = 40


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, bool]]:
    """Samples of each crop that is made, and whether it is to be augmented."""
    made: list[tuple[int, bool]] = []
    features = VoiceCrops.features

    def noted(self, encoder, voices, samples, draw, augment=True, crops=None) -> Tensor:
        made.append((samples, augment))
        return features(self, encoder, voices, samples, draw, augment, crops)

    monkeypatch.setattr(VoiceCrops, "features", noted)
    return made


def make(folder: Path, config: CropConfig) -> list[Tensor]:
    crops_of = VoiceCrops(Store.open(folder), np.arange(5), 0, CPU)
    crops = features_of_crops(crops_of, "table2", CROPS, config)
    return [features for _, _, features in crops]


def test_the_papers_crops_are_evenly_long_and_not_augmented(
    made_store: Path, asked: list[tuple[int, bool]]
) -> None:
    """Though the recordings have four seconds, and eight are heard: these are repeated."""
    features = make(made_store, PRESETS["paper"].pack)
    seconds = np.array([samples for samples, _ in asked]) / 16_000
    np.testing.assert_allclose(np.sort(seconds), 3 + 5 * np.arange(CROPS) / CROPS, atol=5 / CROPS)
    assert not any(augment for _, augment in asked)
    assert max(one.shape[-1] for one in features) > 700 > SECONDS * 100


def test_crops_for_small_data_are_short_half_of_them_augmented_and_no_longer_than_recordings(
    made_store: Path, asked: list[tuple[int, bool]]
) -> None:
    make(made_store, PRESETS["small-data"].pack)
    seconds = np.array([samples for samples, _ in asked]) / 16_000
    assert 0.5 <= seconds.min() < 0.6 and SECONDS * 0.8 - 0.1 < seconds.max() <= SECONDS * 0.8
    assert (seconds < 3).mean() > 0.6
    assert np.mean([augment for _, augment in asked]) == 0.5


@pytest.mark.parametrize("preset", PRESETS)
def test_a_pack_is_made_of_the_crops_of_its_preset(
    preset: str, made_store: Path, made_encoder: Path, tmp_path: Path, asked: list[tuple[int, bool]]
) -> None:
    pack = tmp_path / "pack.npz"
    needed = ["--data", str(made_store), "--encoder", str(made_encoder), "--out", str(pack), "--crops", "8"]
    assert main(["train", "pack", *needed, "--preset", preset]) == 0
    assert Pack.open(pack).embeddings.shape == (5, 8, 64)
    assert (min(asked)[0] >= 3 * 16_000) == (preset == "paper")
    assert any(augment for _, augment in asked) == (preset == "small-data")
