"""Log-mels become embeddings, embeddings become faces, whatever their number and length."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from v2f.models import Generator, Inference, Model, NetworkConfig, Runtime, VoiceEncoder, load, unit
from v2f.models.inference import LARGEST_GRAPH, padded_length
from v2f.models.pixels import to_pixels


@pytest.fixture(scope="module")
def model(random_weights: Path) -> Inference:
    return Inference(load(random_weights), Runtime.choose("cpu", exact=True))


@pytest.mark.parametrize("frames", [50, 99, 100, 101, 733, 1000])
def test_a_log_mel_filled_up_is_heard_as_it_was(model: Inference, frames: int) -> None:
    log_mel = torch.randn(64, frames)
    with torch.inference_mode():
        expected = unit(model.model.encoder(log_mel[None]))[0]
    np.testing.assert_allclose(model.embed([log_mel])[0], expected, atol=1e-5)


def test_log_mels_are_heard_one_by_one(model: Inference) -> None:
    log_mels = [torch.randn(64, frames) for frames in (100, 350, 120)]
    together = model.embed(log_mels)
    assert together.shape == (3, 64) and together.dtype == np.float32
    np.testing.assert_array_equal(together, np.concatenate([model.embed([one]) for one in log_mels]))
    assert model.embed([]).shape == (0, 64)


def test_there_are_few_lengths_to_make_kernels_for() -> None:
    lengths = {padded_length(frames) for frames in range(1, 60_001)}  # ten minutes
    assert len(lengths) < 50
    assert all(padded_length(frames) >= frames for frames in range(1, 2000))


def test_pixels_are_the_exact_inverse_of_the_training_scale() -> None:
    levels = torch.arange(256, dtype=torch.float32)
    faces = ((levels - 127.5) / 127.5).expand(1, 3, 4, 256)
    assert torch.equal(to_pixels(faces)[0, 0, :, 0], levels.to(torch.uint8))


def test_pixels_beyond_the_range_are_clamped() -> None:
    faces = torch.tensor([-7.0, -1.0, 1.0, 7.0]).expand(1, 3, 1, 4)
    assert to_pixels(faces)[0, 0, :, 0].tolist() == [0, 0, 255, 255]


def test_many_faces_are_the_faces_one_by_one(model) -> None:
    random = np.random.default_rng(0)
    embeddings = random.standard_normal((130, 64)).astype(np.float32)  # more than one batch
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    images, scores = model.faces(embeddings)
    assert images.shape == (130, 64, 64, 3) and scores.shape == (130,)
    for i in (0, 127, 128, 129):
        image, score = model.faces(embeddings[i : i + 1])
        assert np.abs(images[i].astype(int) - image[0]).max() <= 1
        assert scores[i] == pytest.approx(score[0], abs=1e-4)


def test_there_are_few_batch_sizes_to_make_kernels_for(
    model: Inference, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every size that was ever generated keeps megabytes: for hours of visitors that looked like a leak."""
    sizes: list[int] = []

    def run(embeddings: torch.Tensor, judged: bool) -> tuple[torch.Tensor, ...]:
        sizes.append(len(embeddings))
        return torch.zeros(len(embeddings), 64, 64, 3, dtype=torch.uint8), embeddings[:, 0]

    monkeypatch.setattr(model, "_run", run)
    for count in range(1, 300):
        embeddings = np.random.default_rng(count).standard_normal((count, 64), dtype=np.float32)
        _, scores = model.faces(embeddings)
        np.testing.assert_array_equal(scores, embeddings[:, 0])  # each its own, in order
    assert len(set(sizes)) == 11 and max(sizes) == 128


def test_faces_that_nobody_judges_are_the_same_faces(model) -> None:
    embeddings = np.eye(64, dtype=np.float32)[:9]
    images, scores = model.faces(embeddings, judged=False)
    assert scores is None
    assert np.abs(images.astype(int) - model.faces(embeddings)[0]).max() <= 1


def test_no_embeddings_give_no_faces(model) -> None:
    images, scores = model.faces(np.empty((0, 64), np.float32))
    assert images.shape == (0, 64, 64, 3) and scores.shape == (0,)


def test_weights_without_a_discriminator_give_no_scores() -> None:
    model = Inference(Model(NetworkConfig(), VoiceEncoder(), Generator(), None, None, None, {}))
    images, scores = model.faces(np.eye(64, dtype=np.float32)[:2])
    assert images.shape == (2, 64, 64, 3) and scores is None


@pytest.mark.parametrize("exact", [True, False])
def test_faces_are_as_large_as_the_weights_have_them(large_weights: Path, exact: bool) -> None:
    model = Inference(load(large_weights), Runtime.choose("cpu", exact=exact))
    images, scores = model.faces(np.eye(64, dtype=np.float32)[:3])
    assert images.shape == (3, 128, 128, 3) and scores.shape == (3,)
    assert images.std(axis=(1, 2, 3)).min() > 10


@pytest.mark.cuda
def test_faces_of_cuda_graphs_are_those_without(random_weights: Path) -> None:
    graphed, plain = (Inference(load(random_weights), Runtime.choose("cuda")) for _ in range(2))
    plain._graphs.enabled = False
    for count in (1, 6, 1, 6, LARGEST_GRAPH, LARGEST_GRAPH, LARGEST_GRAPH + 1):
        embeddings = unit(torch.randn(count, 64)).numpy()
        for ours, theirs in zip(graphed.faces(embeddings), plain.faces(embeddings), strict=True):
            np.testing.assert_array_equal(ours, theirs)
    assert set(graphed._graphs.graphs) == {1, 6, LARGEST_GRAPH}


@pytest.mark.cuda
def test_threads_that_share_a_graph_get_their_own_faces(random_weights: Path) -> None:
    model = Inference(load(random_weights), Runtime.choose("cuda"))
    embeddings = unit(torch.randn(40, 64)).numpy()
    alone, _ = model.faces(embeddings)
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(lambda i: model.faces(embeddings[i : i + 1])[0][0], range(40)))
    assert np.abs(np.stack(together).astype(int) - alone).max() <= 2  # another batch size, other rounding


def test_a_model_stays_the_callers(random_weights: Path) -> None:
    model = load(random_weights)
    before = {name: tensor.clone() for name, tensor in model.generator.state_dict().items()}
    Inference(model, Runtime.choose("cpu"))
    after = model.generator.state_dict()
    assert before.keys() == after.keys() and all(torch.equal(before[name], after[name]) for name in before)
