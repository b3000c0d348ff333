"""How sure a model is, measured: without looking at those it is measured on, and written beside what was there."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from v2f.data.apparent import Verdicts
from v2f.data.store import VOICE, Store
from v2f.demo import places, uncertainty
from v2f.demo.looks import PreparedPairs
from v2f.demo.places import Drawn, place_directions
from v2f.demo.uncertainty import FOLDS, add_uncertainty, folds, minutes, predicted_places, settle
from v2f.errors import CorpusError, WeightsError
from v2f.models import (
    Discriminator,
    FaceTrunk,
    FusedEncoder,
    Inference,
    NetworkConfig,
    Runtime,
    build_generator,
    load,
    load_networks,
    save_networks,
)
from v2f.models.uncertainty import SECONDS
from v2f.models.weights import COVERAGE, LEARNED_FROM

CONFIG = NetworkConfig(encoder="fused", generator="portrait", image_size=128)
RNG = np.random.default_rng(0)
SIZES = (128, 1024)


def pairs_of(vectors: np.ndarray, looks: tuple[np.ndarray, ...]) -> PreparedPairs:
    person = np.array([f"p{i // 2}" for i in range(len(vectors))])  # two pairs of each
    none = np.zeros((len(vectors), 8, 8, 3), np.uint8)
    return PreparedPairs(person, [], vectors.astype(np.float32), *looks, none)


@dataclass
class MadeLooks:
    """True pairs of made vectors, and networks that describe a picture by its pixels."""

    pairs: PreparedPairs

    def faceres(self, faces: np.ndarray) -> Verdicts:
        sex = np.where(np.arange(len(faces)) % 3, "male", "female")
        return Verdicts(sex, np.full(len(faces), 40.0), np.zeros((len(faces), 1024)))

    def features(self, encoder: str) -> Any:
        return iter(range(len(self.pairs.person)))

    def describe(self, faces: np.ndarray) -> tuple[np.ndarray, ...]:
        pixels = faces.reshape(len(faces), -1).astype(float)
        return tuple(pixels[:, :: pixels.shape[1] // size][:, :size] for size in SIZES)


class MadeEar(FusedEncoder):
    """An encoder that has heard the voices of made pairs already."""

    def __init__(self, vectors: np.ndarray) -> None:
        super().__init__()
        self.heard = torch.from_numpy(vectors).float()

    def vectors(self, recordings: Any, *further: Any) -> torch.Tensor:
        if isinstance(recordings[0], int):
            return self.heard[list(recordings)]
        return super().vectors(recordings, *further)


def drawn() -> Drawn:
    at = 0.8 * RNG.standard_normal((300, 64))
    looks = tuple(at @ RNG.standard_normal((64, size)) + RNG.normal(0, 0.5, (300, size)) for size in SIZES)
    return Drawn(at, looks)


def correlation(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


def test_the_pairs_of_a_person_are_in_one_fold_and_folds_are_about_as_large() -> None:
    person = np.array([f"p{i % 200}" for i in range(500)])
    found = folds(person, seed=0)
    assert all(len(set(found[person == one])) == 1 for one in np.unique(person))
    assert np.bincount(found, minlength=FOLDS).min() > 500 / FOLDS / 2
    assert np.array_equal(found, folds(person, seed=0)) and not np.array_equal(found, folds(person, seed=1))


def test_where_voices_tell_nothing_a_prediction_has_nothing_of_the_true_face(made_store: Path) -> None:
    """Fitted to the very people that it is measured on, the same model seems to know them."""
    vectors, composites = RNG.standard_normal((160, 448)), drawn()
    looks = tuple(RNG.standard_normal((160, size)) for size in SIZES)
    made, store = MadeLooks(pairs_of(vectors, looks)), Store.open(made_store)
    voices, sounds = store.voices_in("train"), [RNG.standard_normal((5, 448))]
    fold = folds(made.pairs.person, seed=0)
    ear = MadeEar(vectors)
    predicted = predicted_places(ear, store, voices, made, sounds, composites, fold)  # type: ignore[arg-type]
    true = (composites.units(looks) - composites.units(looks).mean(axis=0)) @ composites.solver
    embeddings = vectors[:, :64] / np.linalg.norm(vectors[:, :64], axis=1, keepdims=True)
    fitted = embeddings @ place_directions(composites, embeddings, looks)
    assert abs(correlation(predicted, true)) < 0.03 and correlation(fitted, true) > 0.2


class MadeStore:
    """Three recordings of 25 s of one speaker, and one of 59 s of another."""

    voices = np.array([(0, 400_000, 0), (400_000, 944_000, 1), (0, 400_000, 0), (0, 400_000, 0)], dtype=VOICE)

    def waveform(self, voice: int) -> np.ndarray:
        return np.full(self.voices["length"][voice], voice, np.float32)


def test_a_minute_is_made_of_ones_own_recordings_and_each_turn_begins_with_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(uncertainty, "FEWEST", 1)
    [turns] = minutes(MadeStore(), np.arange(4))  # type: ignore[arg-type]
    assert all(turn.size == SECONDS[-1] * 16_000 for turn in turns)
    assert {int(turn[0]) for turn in turns} == {0, 2, 3} and all(1 not in turn for turn in turns)


def test_too_few_speakers_of_a_minute_are_refused_in_one_sentence() -> None:
    with pytest.raises(CorpusError, match="Only 1 speakers have a minute of speech"):
        minutes(MadeStore(), np.arange(4))  # type: ignore[arg-type]


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """Of a portrait generator that draws noise, with all that is needed of a model."""
    torch.manual_seed(0)
    generator = build_generator(CONFIG)
    generator.get_buffer("directions").normal_()
    generator.get_buffer("portraits.textures").normal_(0, 0.2)
    networks = {
        "encoder": FusedEncoder(),
        "generator": generator,
        "trunk": FaceTrunk(CONFIG),
        "discriminator": Discriminator(CONFIG),
    }
    path = tmp_path / "v2f.safetensors"
    save_networks(path, networks, CONFIG, {"stage": "portrait"})
    return path


def speech(seconds: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.1, seconds * 16_000).astype(np.float32)


@pytest.mark.slow
def test_a_face_after_a_minute_is_as_settled_as_it_gets(weights: Path) -> None:
    engine = Inference(load(weights), Runtime.choose("cpu", exact=True))
    settling, apart = settle(engine, [[speech(60, 0)], [speech(60, 1)]])
    assert settling.shape == (len(SECONDS), 3) and apart > 0
    assert (settling[-1] == 0).all() and (settling[:-1] > 0).all()
    assert (np.diff(settling, axis=1) >= 0).all()


@pytest.mark.slow
def test_the_stage_adds_to_weights_and_leaves_what_was_there(
    weights: Path, made_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "DRAWN", 300)
    monkeypatch.setattr(uncertainty, "minutes", lambda *_: [[speech(60, 0)], [speech(60, 1)]])
    monkeypatch.setattr(
        uncertainty, "vectors_of_sounds", lambda *_: iter([RNG.standard_normal((4, 448)).astype(np.float32)])
    )
    vectors = RNG.standard_normal((80, 448))
    made = MadeLooks(pairs_of(vectors, tuple(RNG.standard_normal((80, size)) for size in SIZES)))
    whole = FusedEncoder.vectors

    def vectors_of(self: FusedEncoder, recordings: Any, *further: Any) -> torch.Tensor:
        if isinstance(recordings[0], int):
            return torch.from_numpy(vectors[list(recordings)]).float()
        return whole(self, recordings, *further)

    monkeypatch.setattr(FusedEncoder, "vectors", vectors_of)
    before = load_networks(weights)[0]
    path = add_uncertainty(weights, made_store, made, tmp_path / "sure.safetensors")  # type: ignore[arg-type]
    after, config, provenance = load_networks(path)
    assert after.keys() == {*before, "uncertainty"} and config == CONFIG
    for name, network in before.items():
        same, as_it_was = after[name].state_dict(), network.state_dict()
        assert all(torch.equal(same[key], value) for key, value in as_it_was.items())
    known = load(path).uncertainty
    assert known and all(torch.isfinite(value).all() for value in known.state_dict().values())
    assert provenance["stage"] == "portrait" and json.loads(provenance[LEARNED_FROM])["pairs"] == 40
    assert json.loads(provenance[COVERAGE]).keys() == {"0.5", "0.8", "0.9", "0.95"}


def test_other_weights_are_refused_in_one_sentence(random_weights: Path, made_store: Path) -> None:
    with pytest.raises(WeightsError, match="`v2f train portrait` makes weights that do") as told:
        add_uncertainty(random_weights, made_store, MadeLooks(None), Path("never"))  # type: ignore[arg-type]
    assert "\n" not in str(told.value)


def test_the_bundled_model_covers_true_faces_as_often_as_it_claims() -> None:
    """Of people it was not fitted to; run `v2f train uncertainty` where the weights do not tell."""
    provenance = load().provenance
    if COVERAGE not in provenance:
        pytest.skip("the bundled weights do not tell how sure their model is")
    for claimed, found in json.loads(provenance[COVERAGE]).items():
        assert found == pytest.approx(float(claimed), abs=0.05)
