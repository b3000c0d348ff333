"""Networks learn faces of their store's and their pack's size, as far as there are such networks."""

from pathlib import Path

import numpy as np
import pytest
import torch

from v2f.__main__ import main
from v2f.data import store
from v2f.data.store import Store
from v2f.errors import CorpusError
from v2f.models import Runtime, load, load_networks
from v2f.models.pixels import shrink
from v2f.training.batches import image_size
from v2f.training.pack import Pack
from v2f.training.packing import make_pack
from v2f.training.presets import CropConfig
from v2f.training.tasks.matcher import WEIGHTS as MATCHER
from v2f.training.tasks.matcher import MatcherConfig, MatcherTask
from v2f.training.tasks.stage_two import WEIGHTS


@pytest.fixture
def large_store(made_store: Path) -> Path:
    """The made store, its faces twice as large."""
    faces = np.load(made_store / store.FACES)
    store.write_array(made_store / store.FACES, faces.repeat(2, axis=1).repeat(2, axis=2))
    return made_store


@pytest.fixture
def large_pack(large_store: Path, made_encoder: Path, tmp_path: Path) -> Path:
    return make_pack(large_store, made_encoder, tmp_path / "large.npz", crops=2)


def train_gan(pack: Path, encoder: Path, out: Path, *options: str) -> int:
    command = ["train", "gan", "--data", str(pack), "--encoder", str(encoder), "--out", str(out)]
    return main([*command, "--steps", "2", "--batch", "4", "--device", "cpu", "--exact", *options])


def test_a_pack_holds_the_stores_faces_or_smaller_ones(
    large_store: Path, large_pack: Path, made_encoder: Path, tmp_path: Path
) -> None:
    faces = Store.open(large_store).faces
    np.testing.assert_array_equal(Pack.open(large_pack).faces, faces)
    pack = ["train", "pack", "--data", str(large_store), "--encoder", str(made_encoder), "--crops", "2"]
    assert main([*pack, "--out", str(tmp_path / "small.npz"), "--size", "64"]) == 0
    np.testing.assert_array_equal(Pack.open(tmp_path / "small.npz").faces, shrink(np.array(faces), 64))


def test_faces_are_not_made_larger(large_store: Path, made_encoder: Path, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"128x128 pixels, too few for --size 256\.$"):
        make_pack(large_store, made_encoder, tmp_path / "pack.npz", crops=2, size=256)


def test_the_papers_networks_learn_faces_of_128_pixels(
    large_pack: Path, made_encoder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    assert train_gan(large_pack, made_encoder, out, "--preset", "paper") == 0
    model = load(out / WEIGHTS)
    assert model.config.image_size == 128
    assert model.generator(torch.zeros(1, 64)).shape == (1, 3, 128, 128)
    assert train_gan(large_pack, made_encoder, out, "--preset", "paper", "--resume", "--steps", "3") == 0


@pytest.mark.parametrize("shape", [(96, 96), (64, 128), (512, 512)])
def test_a_size_that_no_network_has_is_one_sentence(shape: tuple[int, int]) -> None:
    with pytest.raises(CorpusError, match=r"^here holds faces of .* make it again with --size 64\.$"):
        image_size(np.zeros((1, *shape, 3), np.uint8), "here")


def test_a_matcher_learns_faces_of_its_stores_size(large_store: Path, tmp_path: Path) -> None:
    config = MatcherConfig(batch=4, crops=CropConfig(shortest=0.5, longest=1.0))
    task = MatcherTask(Store.open(large_store), config, Runtime.choose("cpu", exact=True))
    task.step(0)
    task.finish(tmp_path, 1)
    assert load_networks(tmp_path / MATCHER)[1].image_size == 128
