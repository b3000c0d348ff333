"""The whole path with the public speaker encoder: prefixes, live recordings and levels, as with Table 2's."""

from pathlib import Path

import numpy as np
import pytest
import torch

import v2f
from v2f.audio import SAMPLE_RATE, keep_speech, make_noise, read_audio
from v2f.audio.front_ends import FRONT_ENDS
from v2f.models import DVectorEncoder, Inference, NetworkConfig, Runtime, load, load_networks, save_networks

CPU = Runtime(torch.device("cpu"), "float32")


@pytest.fixture(scope="module")
def dvector_weights(random_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The random model, its encoder a random d-vector network."""
    networks, _, _ = load_networks(random_weights)
    torch.manual_seed(0)
    encoder = DVectorEncoder()
    for parameter in encoder.network.lstm.parameters():
        parameter.data.mul_(3)  # the random voices differ more
    path = tmp_path_factory.mktemp("weights") / "dvector.safetensors"
    save_networks(path, {**networks, "encoder": encoder}, NetworkConfig(encoder="dvector"), {})
    return path


@pytest.fixture(scope="module")
def dvector_model(dvector_weights: Path) -> v2f.VoiceToFace:
    return v2f.load(dvector_weights, device="cpu", exact=True)


def test_the_embedding_is_the_encoders_of_the_whole_clips_features(dvector_model, made_voice) -> None:
    waveform = made_voice(4.0)
    features = FRONT_ENDS["dvector"].features(keep_speech(waveform))
    with torch.inference_mode():
        expected = torch.nn.functional.normalize(dvector_model.model.encoder(features[None]), dim=1)[0]
    face = dvector_model.face(waveform, rate=SAMPLE_RATE)
    assert face.image.shape == (64, 64, 3)
    np.testing.assert_allclose(face.embedding, expected, atol=1e-5)


def test_strip_equals_the_faces_of_the_prefixes(dvector_model, made_voice) -> None:
    waveform = made_voice(6.0)
    for seconds, face in zip(
        [1, 2, 3, 5, None, 6], dvector_model.strip(waveform, rate=SAMPLE_RATE), strict=True
    ):
        if face is not None:
            alone = dvector_model.face(waveform[: seconds * SAMPLE_RATE], rate=SAMPLE_RATE)
            np.testing.assert_allclose(face.embedding, alone.embedding, atol=1e-5)
            assert np.abs(face.image.astype(int) - alone.image).max() <= 1


def test_a_live_recording_gives_the_face_of_what_was_heard(dvector_model, made_voice) -> None:
    waveform, session = made_voice(3.0), dvector_model.live()
    for start in range(0, waveform.size, 5000):
        session.add(waveform[start : start + 5000])
        session.face()
    face, expected = session.face(), dvector_model.face(waveform, rate=SAMPLE_RATE)
    assert face is not None
    np.testing.assert_allclose(face.embedding, expected.embedding, atol=1e-5)


def test_noise_alone_has_a_face(dvector_model) -> None:
    strip = dvector_model.noise_strip(None, make_noise("pink", 3 * SAMPLE_RATE, seed=0), None)
    assert [face is None for face in strip] == [False, False, False, True, True, False]


def test_a_quieter_recording_has_the_same_embedding(dvector_model, made_voice) -> None:
    loud = made_voice(3.0)
    quiet = (np.round(loud * 0.1 * 32768) / 32768).astype(np.float32)
    assert (
        dvector_model.face(loud, rate=SAMPLE_RATE).embedding
        @ dvector_model.face(quiet, rate=SAMPLE_RATE).embedding
        > 0.99
    )


def test_the_level_of_a_real_recording_hardly_matters(shared_data: Path) -> None:
    """From -6 to -32 dB of full scale, as 16-bit files hold it, by the bundled model."""
    model = Inference(load(), CPU)
    front_end = FRONT_ENDS[model.model.config.encoder]
    for file in sorted((shared_data / "speech" / "librispeech").glob("*.flac"))[::30]:
        recording = read_audio(file, 10)
        features = []
        for peak_db in (-6, -18, -26, -32):
            gain = 10 ** (peak_db / 20) / np.abs(recording).max()
            copy = (np.round(recording * gain * 32767) / 32768).astype(np.float32)
            features.append(front_end.features(keep_speech(copy)))
        loud, *quieter = model.embed(features)
        assert min(one @ loud for one in quieter) >= 0.97, file.name
