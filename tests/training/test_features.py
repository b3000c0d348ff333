"""A pack of features that somebody computed already, and of the faces of a store: people meet by name."""

from pathlib import Path

import numpy as np
import pytest
import torch

from v2f.__main__ import main
from v2f.audio.features import normalise
from v2f.data import store
from v2f.data.sources import find_features
from v2f.errors import CorpusError
from v2f.models import (
    FusedEncoder,
    NetworkConfig,
    VoiceEncoder,
    load_networks,
    save_networks,
    unit,
)
from v2f.models.released import REPOSITORY
from v2f.training.pack import Pack
from v2f.training.packing import make_pack

FRAMES = 500
NAMES = ["Zoe Wood", "Fay Hill", "Ann Lee", "Bob Ray"]  # by the paper two to train and two to validate


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    """A store of two faces of each of them, as `prepare faces` makes one."""
    folder = tmp_path / "faces"
    folder.mkdir()
    rng = np.random.default_rng(0)
    splits = ["train", "train", "validation", "validation"]
    people = [store.Person(name, "female", "", split) for name, split in zip(NAMES, splits, strict=True)]
    store.write_array(folder / store.FACES, rng.integers(0, 256, (8, 64, 64, 3), dtype=np.uint8))
    rows = [store.FaceRow(f"{i}.jpg", NAMES[i % 4], "", "female", "", "") for i in range(8)]
    store.write_people(folder, people, [], [], rows, [i % 4 for i in range(8)])
    return folder


@pytest.fixture
def fbank(tmp_path: Path) -> Path:
    """Two recordings of each, and one of somebody without a face."""
    rng, folder = np.random.default_rng(1), tmp_path / "fbank"
    for name in [*NAMES, "Only Voice"]:
        (folder / name.replace(" ", "_")).mkdir(parents=True)
        for number in range(2):
            np.save(folder / name.replace(" ", "_") / f"{number}.npy", rng.standard_normal((FRAMES, 64)))
    return folder


@pytest.fixture
def encoder(tmp_path: Path) -> Path:
    """As `v2f weights pull released` leaves one: it names nobody."""
    path = tmp_path / "released.safetensors"
    save_networks(path, {"encoder": VoiceEncoder()}, NetworkConfig(), {"source": REPOSITORY})
    return path


def test_a_pack_of_features_trains_as_any_other(
    faces: Path, fbank: Path, encoder: Path, tmp_path: Path
) -> None:
    out, run = tmp_path / "pack.npz", tmp_path / "run"
    given = ["--data", str(faces), "--features", str(fbank), "--feature-layout", "folders"]
    more = ["--encoder", str(encoder), "--crops", "3", "--preset", "paper"]
    assert main(["train", "pack", *given, *more, "--out", str(out)]) == 0
    pack = Pack.open(out)
    assert pack.embeddings.shape == (4, 3, 64) and pack.voice_identity.tolist() == [0, 0, 1, 1]
    assert sorted(pack.face_identity.tolist()) == [0, 0, 1, 1] and len(pack.faces) == 4
    assert pack.people.tolist() == ["Fay Hill", "Only Voice", "Zoe Wood"], (
        "whom the authors' encoder heard, too"
    )
    assert pack.validation_voice is not None and len(pack.validation_voice) == 4
    given = ["--data", str(out), "--encoder", str(encoder), "--out", str(run)]
    assert main(["train", "gan", *given, "--steps", "1", "--batch", "4", "--device", "cpu"]) == 0
    assert (run / "v2f-best.safetensors").exists()


def test_each_voice_has_the_face_of_its_name(faces: Path, fbank: Path, encoder: Path, tmp_path: Path) -> None:
    found = find_features(fbank, "folders")
    pack = Pack.open(make_pack(faces, encoder, tmp_path / "pack.npz", 1, features=found))
    stored = np.load(faces / store.FACES)
    for label, name in enumerate(["Fay Hill", "Zoe Wood"]):  # in the order of names
        own = stored[[NAMES.index(name), 4 + NAMES.index(name)]]
        assert np.array_equal(pack.faces[pack.face_identity == label], own)
    network = load_networks(encoder)[0]["encoder"]
    whole = np.load(fbank / "Ann_Lee" / "0.npy").astype(np.float32).T
    with torch.no_grad():
        expected = unit(network(normalise(torch.from_numpy(whole))[None]))
    assert pack.validation_embeddings is not None
    np.testing.assert_allclose(pack.validation_embeddings[:1], expected, atol=0.02)


def test_it_makes_no_difference_whether_features_were_normalised(
    faces: Path, fbank: Path, encoder: Path, tmp_path: Path
) -> None:
    packs = []
    for name, change in (("as they are", lambda x: x), ("scaled", lambda x: 3 * x + np.arange(64))):
        for path in fbank.rglob("*.npy"):
            np.save(path, change(np.load(path)))
        found = find_features(fbank, "folders")
        packs.append(Pack.open(make_pack(faces, encoder, tmp_path / f"{name}.npz", 2, features=found)))
    np.testing.assert_allclose(packs[0].embeddings, packs[1].embeddings, atol=0.01)


@pytest.mark.parametrize("shape", [(64, FRAMES), (FRAMES,), (0, 64)])
def test_a_file_of_another_shape_is_named(
    faces: Path, fbank: Path, encoder: Path, tmp_path: Path, shape: tuple[int, ...]
) -> None:
    np.save(fbank / "Zoe_Wood" / "1.npy", np.zeros(shape))
    with pytest.raises(CorpusError, match=r"Zoe_Wood/1\.npy does not hold features \[frames, 64\]\.$"):
        make_pack(faces, encoder, tmp_path / "pack.npz", 1, features=find_features(fbank, "folders"))


def test_nobody_on_both_sides_is_one_sentence(faces: Path, encoder: Path, tmp_path: Path) -> None:
    (tmp_path / "other" / "Eve").mkdir(parents=True)
    np.save(tmp_path / "other" / "Eve" / "0.npy", np.zeros((FRAMES, 64)))
    found = find_features(tmp_path / "other", "folders")
    with pytest.raises(CorpusError, match="Nobody has both .* the first features are of 'Eve'"):
        make_pack(faces, encoder, tmp_path / "pack.npz", 1, features=found)


def test_the_fused_encoder_does_not_hear_log_mel(faces: Path, fbank: Path, tmp_path: Path) -> None:
    save_networks(tmp_path / "fused", {"encoder": FusedEncoder()}, NetworkConfig(encoder="fused"), {})
    with pytest.raises(CorpusError, match="only Table 2's voice encoder hears"):
        make_pack(faces, tmp_path / "fused", tmp_path / "p.npz", 1, features=find_features(fbank, "folders"))


def test_a_store_without_training_people_makes_no_pack(faces: Path, encoder: Path, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="nobody of the training split who has both a voice and a face"):
        make_pack(faces, encoder, tmp_path / "pack.npz", 1)
