"""What weights tell of how sure their model is: other faces, how a face settles, and weights that do not tell."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.support.sure_model import CONFIG, sure_model
from v2f.errors import UnmeasuredError
from v2f.models import Inference, Model, Runtime, load, save_networks, unit
from v2f.models.uncertainty import LOOKS, SECONDS, Uncertainty

RUNTIME = Runtime.choose("cpu", exact=True)


@pytest.fixture(scope="module")
def model() -> Model:
    return sure_model()


@pytest.fixture(scope="module")
def uncertainty(model: Model) -> Uncertainty:
    assert model.uncertainty
    return model.uncertainty


@pytest.fixture(scope="module")
def engine(model: Model) -> Inference:
    return Inference(model, RUNTIME)


def embeddings(count: int) -> np.ndarray:
    return unit(torch.randn(count, 64, generator=torch.Generator().manual_seed(0))).numpy()


def test_places_are_drawn_around_where_true_faces_are_and_as_far_as_they_are(
    uncertainty: Uncertainty,
) -> None:
    place = torch.linspace(-2, 2, 64)  # surely a woman's
    drawn = uncertainty.draw(place, 4000, np.random.default_rng(0))
    assert drawn.shape == (4000, 64)
    expected = 0.2 * place
    expected[-1] += 1.0
    torch.testing.assert_close(drawn.mean(dim=0), expected, atol=0.04, rtol=0)
    torch.testing.assert_close(drawn.std(dim=0)[:LOOKS], torch.full((LOOKS,), 0.5), atol=0.03, rtol=0)
    assert drawn.std(dim=0)[LOOKS:].max() < 1e-6, "nothing is known of these"


def test_where_a_voice_does_not_tell_women_from_men_both_are_drawn(uncertainty: Uncertainty) -> None:
    drawn = uncertainty.draw(torch.zeros(64), 4000, np.random.default_rng(0))[:, -1]
    assert (drawn == 1).float().mean() == pytest.approx(0.5, abs=0.03) and set(drawn.tolist()) == {1.0, -1.0}


def test_other_faces_differ_as_their_places_do_and_a_seed_repeats_them(
    engine: Inference, uncertainty: Uncertainty
) -> None:
    [own] = embeddings(1)
    faces, scores = engine.other_faces(own, 3, seed=1)
    assert faces.shape == (3, 128, 128, 3) and faces.dtype == np.uint8
    assert scores is not None and scores.shape == (3,)
    assert np.array_equal(faces, engine.other_faces(own, 3, seed=1)[0])
    assert not np.array_equal(faces, engine.other_faces(own, 3, seed=2)[0])
    places = uncertainty.draw(torch.from_numpy(engine.places(own[None])[0]), 3, np.random.default_rng(1))
    assert np.array_equal(faces, engine.faces(np.repeat(own[None], 3, axis=0), places.numpy())[0])


def test_at_its_own_place_a_face_is_the_same_to_the_bit(engine: Inference) -> None:
    voices = embeddings(4)
    assert np.array_equal(engine.faces(voices)[0], engine.faces(voices, engine.places(voices))[0])


def test_sounds_that_are_no_voice_have_no_other_faces_either() -> None:
    faces, _ = Inference(sure_model(voices=False), RUNTIME).other_faces(embeddings(1)[0], 2, seed=0)
    assert np.array_equal(faces[0], faces[1])


@pytest.mark.parametrize("seconds", SECONDS)
def test_how_far_a_face_usually_is_at_the_seconds_that_were_measured(
    uncertainty: Uncertainty, seconds: int
) -> None:
    expected = uncertainty.settling[SECONDS.index(seconds)].numpy()
    assert uncertainty.usual(seconds) == pytest.approx(expected, abs=1e-6)


def test_between_them_it_falls_and_beyond_them_it_stays(uncertainty: Uncertainty) -> None:
    usual = [uncertainty.usual(seconds)[1] for seconds in np.linspace(0.5, 100, 300)]
    assert all(later <= earlier for earlier, later in zip(usual, usual[1:], strict=False))
    assert usual[0] == pytest.approx(1.0) and usual[-1] == 0


def test_the_way_of_a_voice_ends_where_voices_of_so_much_speech_usually_are(uncertainty: Uncertainty) -> None:
    places = torch.zeros(3, 64)
    places[0, 0], places[1, 0] = 4.0, 1.2  # a distance of 4 is 1
    path = uncertainty.path(places, 5.0)
    assert path == pytest.approx([np.hypot(1, 0.5), np.hypot(0.3, 0.5), 0.5], abs=1e-6)


def test_means_of_samples_are_as_far_from_the_final_one_as_the_way_says() -> None:
    """A face after n seconds is much like a mean of n samples: the estimate is right in the mean square."""
    rng = np.random.default_rng(0)
    samples = rng.standard_normal((400, 60, 64))
    after = {n: samples[:, :n].mean(axis=1) for n in (1, 5, 60)}
    rest = np.linalg.norm(after[5] - after[60], axis=1)
    guessed = np.hypot(np.linalg.norm(after[1] - after[5], axis=1), np.median(rest))
    true = np.linalg.norm(after[1] - after[60], axis=1)
    assert np.square(guessed).mean() == pytest.approx(np.square(true).mean(), rel=0.03)


# Weights


def test_weights_keep_it_and_those_without_are_read_and_draw_the_same(
    model: Model, uncertainty: Uncertainty, tmp_path: Path
) -> None:
    networks = {"encoder": model.encoder, "generator": model.generator}
    paths = [tmp_path / "old.safetensors", tmp_path / "new.safetensors"]
    save_networks(paths[0], networks, CONFIG, {})
    save_networks(paths[1], networks | {"uncertainty": uncertainty}, CONFIG, {})
    old, new = (Inference(load(path), RUNTIME) for path in paths)
    assert old.model.uncertainty is None and new.model.path == paths[1]
    torch.testing.assert_close(new.uncertainty.spread, uncertainty.spread, atol=1e-3, rtol=0)
    assert np.array_equal(old.faces(embeddings(3))[0], new.faces(embeddings(3))[0])


def test_weights_that_do_not_tell_say_so_in_one_sentence(model: Model) -> None:
    with pytest.raises(UnmeasuredError, match="`v2f train uncertainty` measures it") as told:
        Inference(replace(model, uncertainty=None), RUNTIME).other_faces(embeddings(1)[0])
    assert "\n" not in str(told.value)


def test_another_generator_has_no_places(random_weights: Path) -> None:
    with pytest.raises(UnmeasuredError, match="no places"):
        Inference(load(random_weights), RUNTIME).places(embeddings(1))
