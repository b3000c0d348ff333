"""The baseline computes what ours computes: the same face from the same samples; its step trains all networks."""

import numpy as np
import pytest
import torch

import v2f
from benchmarks import baseline, step
from benchmarks.inference import Baseline, filterbank
from benchmarks.work import paper_model
from tests.support.browser import EXAMPLES
from v2f.audio import SAMPLE_RATE, keep_speech, read_audio
from v2f.audio.features import log_mel, normalise
from v2f.models import Inference, Runtime, load
from v2f.pipeline import VoiceToFace


@pytest.fixture(scope="module")
def waveform() -> np.ndarray:
    return read_audio(EXAMPLES[0], 5)


def test_its_log_mel_is_ours(waveform: np.ndarray) -> None:
    speech = keep_speech(waveform)
    assert (baseline.log_mel(speech, filterbank()) - normalise(log_mel(speech))).abs().max() < 1e-2


def test_its_face_is_ours_by_both_models(waveform: np.ndarray) -> None:
    runtime = Runtime.choose("cpu", exact=True)
    for make in (paper_model, load):
        ours = VoiceToFace(make(), runtime).face(waveform, rate=SAMPLE_RATE).image
        assert np.abs(ours.astype(int) - Baseline(make()).from_samples(waveform)).max() <= 1
    again = v2f.load(device="cpu", exact=True).face(waveform, rate=SAMPLE_RATE).image
    assert np.abs(again.astype(int) - ours).max() == 0


def test_its_faces_are_ours_from_features() -> None:
    recordings = [torch.randn(64, length) for length in (100, 150)]
    model = Inference(paper_model(), Runtime.choose("cpu", exact=True))
    ours, _ = model.faces(model.embed(recordings))
    theirs = baseline.BaselineInference(paper_model(), torch.device("cpu")).faces(recordings)
    for mine, other in zip(ours, theirs, strict=True):
        assert np.abs(mine.astype(int) - other).max() <= 1


@pytest.mark.slow
def test_its_step_trains_generator_discriminator_and_classifier() -> None:
    training = baseline.BaselineTraining(step.made_pack(), batch=4, device=torch.device("cpu"))
    networks = (training.generator, training.trunk, training.discriminator, training.classifier)
    before = [[parameter.detach().clone() for parameter in network.parameters()] for network in networks]
    training.step()
    for network, then in zip(networks, before, strict=True):
        assert all(not now.equal(old) for now, old in zip(network.parameters(), then, strict=True))


def test_its_batches_are_of_unit_embeddings_and_of_faces_in_range() -> None:
    training = baseline.BaselineTraining(step.made_pack(), batch=6, device=torch.device("cpu"))
    (faces, people), (embeddings, speakers) = training.sample_faces(), training.sample_voices()
    assert faces.shape == (6, 3, 64, 64) and -1 <= faces.min() < faces.max() <= 1
    assert embeddings.norm(dim=1).tolist() == pytest.approx([1] * 6)
    assert len(people) == len(speakers) == 6
