"""The demonstration's packs: what they hold of true pairs besides."""

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from v2f.__main__ import main
from v2f.data import store
from v2f.data.store import Store
from v2f.demo.looks import TrueLooks
from v2f.demo.pack import Composites, PortraitPack
from v2f.errors import CorpusError, V2FError
from v2f.training.pack import Pack
from v2f.training.packing import make_pack


class MadePairs:
    """True pairs of three voices."""

    def features(self, encoder: str) -> list[torch.Tensor]:
        assert encoder == "table2"
        return [
            torch.randn(64, frames, generator=torch.Generator().manual_seed(frames))
            for frames in (50, 70, 90)
        ]


class MadeComposites(Composites):
    """Portraits' components that are told apart by their values alone."""

    def composites(
        self, faces: np.ndarray, files: list[str], identities: np.ndarray, embeddings: np.ndarray
    ) -> dict[str, np.ndarray]:
        assert embeddings.shape == (3, 64)
        np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, atol=0.01)
        assert faces.shape[1:] == (32, 32, 3) and len(files) == len(faces) == len(identities)
        return {
            "used": np.arange(len(faces)) > 0,  # the first picture is left out
            "textures": np.full((65, 3, 32, 32), 0.5, np.float16),
            "flows": np.zeros((65, 2, 64, 64), np.float16),
            "directions": np.eye(64, dtype=np.float32),
            "portraits": np.arange(1, len(faces)),
            "places": np.ones((len(faces) - 1, 64), np.float32),
            "own_flows": np.zeros((len(faces) - 1, 2, 64, 64), np.float16),
        }


@pytest.fixture(scope="module")
def paired_store(shared_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The made corpus, its voices softly paired with its identities."""
    folder = Path(shutil.copytree(shared_store, tmp_path_factory.mktemp("paired") / "store"))
    opened = Store.open(folder)
    pairing = np.full((len(opened.voices), opened.identities), 1 / opened.identities, np.float16)
    store.write_array(folder / store.PAIRING, pairing)
    return folder


@pytest.fixture(scope="module")
def composites(paired_store: Path, shared_encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pack with true pairs."""
    out = tmp_path_factory.mktemp("composites") / "pack.npz"
    further = MadeComposites(MadePairs())  # type: ignore[arg-type]
    return make_pack(paired_store, shared_encoder, out, crops=2, size=32, further=further)


def test_a_pack_with_true_pairs_holds_what_a_portrait_generator_starts_from(composites: Path) -> None:
    pack = PortraitPack.open(composites)
    assert pack.faces.shape == (12, 32, 32, 3)
    assert pack.textures.shape == (65, 3, 32, 32)
    assert np.array_equal(pack.directions, np.eye(64))
    assert pack.portraits.tolist() == list(range(1, 12))
    assert len(pack.places) == len(pack.own_flows)
    assert (pack.face_weight > 0).tolist() == [False] + [True] * 11
    assert pack.no_voice.shape[1] == 64


@pytest.mark.parametrize("alone", ["--pairs", "--faceres"])
def test_true_pairs_and_the_network_that_describes_them_go_together(
    alone: str, made_store: Path, made_encoder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    needed = ["--data", str(made_store), "--encoder", str(made_encoder), "--out", str(tmp_path / "pack.npz")]
    assert main(["train", "pack", *needed, alone, str(tmp_path)]) != 0
    assert "Composite portraits need both --pairs and --faceres." in capsys.readouterr().err


def test_a_pack_with_true_pairs_needs_dlib_before_any_voice_is_embedded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "dlib", None)
    with pytest.raises(V2FError, match="needs dlib"):
        TrueLooks(None, None)  # type: ignore[arg-type]


def test_true_pairs_are_of_no_use_without_a_soft_pairing(
    made_store: Path, made_encoder: Path, tmp_path: Path
) -> None:
    with pytest.raises(CorpusError, match="prepare demo"):
        make_pack(made_store, made_encoder, tmp_path / "pack.npz", crops=2, further=Composites(None))  # type: ignore[arg-type]


def test_a_pack_without_composites_is_refused_in_one_sentence(made_pack_file: Path) -> None:
    with pytest.raises(CorpusError, match="make it with `v2f train pack --pairs`") as told:
        PortraitPack.open(made_pack_file)
    assert "\n" not in str(told.value)


def test_algorithm_1_reads_a_pack_with_composites_like_any_other(
    composites: Path, paired_store: Path, shared_encoder: Path, tmp_path: Path
) -> None:
    plain = make_pack(paired_store, shared_encoder, tmp_path / "plain.npz", crops=2, size=32)
    one, other = Pack.open(composites), Pack.open(plain)
    assert type(one) is Pack and np.array_equal(one.embeddings, other.embeddings)
