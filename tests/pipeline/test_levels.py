"""The whole path with the fused encoder: prefixes, live recordings and levels, as with Table 2's."""

from pathlib import Path

import numpy as np
import pytest
import torch

import v2f
from v2f.audio import SAMPLE_RATE, keep_speech, make_noise, read_audio
from v2f.audio.front_ends import FRONT_ENDS
from v2f.models import FusedEncoder, Inference, NetworkConfig, Runtime, load, load_networks, save_networks

CPU = Runtime(torch.device("cpu"), "float32")


@pytest.fixture(scope="module")
def fused_weights(random_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The random model, its encoder a random fused encoder."""
    networks, _, _ = load_networks(random_weights)
    torch.manual_seed(0)
    encoder = FusedEncoder()
    for parameter in encoder.dvector.lstm.parameters():
        parameter.data.mul_(3)  # the random voices differ more
    path = tmp_path_factory.mktemp("weights") / "fused.safetensors"
    save_networks(path, {**networks, "encoder": encoder}, NetworkConfig(encoder="fused"), {})
    return path


@pytest.fixture(scope="module")
def fused_model(fused_weights: Path) -> v2f.VoiceToFace:
    return v2f.load(fused_weights, device="cpu", exact=True)


def test_the_embedding_is_the_encoders_of_the_whole_clips_features(fused_model, made_voice) -> None:
    waveform = made_voice(4.0)
    features = FRONT_ENDS["fused"].features(keep_speech(waveform))
    with torch.inference_mode():
        expected = torch.nn.functional.normalize(fused_model.model.encoder(features[None]), dim=1)[0]
    face = fused_model.face(waveform, rate=SAMPLE_RATE)
    assert face.image.shape == (64, 64, 3)
    np.testing.assert_allclose(face.embedding, expected, atol=1e-5)


def test_strip_equals_the_faces_of_the_prefixes(fused_model, made_voice) -> None:
    waveform = made_voice(6.0)
    for seconds, face in zip(
        [1, 2, 3, 5, None, 6], fused_model.strip(waveform, rate=SAMPLE_RATE), strict=True
    ):
        if face is not None:
            alone = fused_model.face(waveform[: seconds * SAMPLE_RATE], rate=SAMPLE_RATE)
            np.testing.assert_allclose(face.embedding, alone.embedding, atol=1e-5)
            assert np.abs(face.image.astype(int) - alone.image).max() <= 1


def test_a_live_recording_gives_the_face_of_what_was_heard(fused_model, made_voice) -> None:
    waveform, session = made_voice(3.0), fused_model.live()
    for start in range(0, waveform.size, 5000):
        session.add(waveform[start : start + 5000])
        session.face()
    face, expected = session.face(), fused_model.face(waveform, rate=SAMPLE_RATE)
    assert face is not None
    np.testing.assert_allclose(face.embedding, expected.embedding, atol=1e-5)


def test_noise_alone_has_a_face(fused_model) -> None:
    strip = fused_model.noise_strip(None, make_noise("pink", 3 * SAMPLE_RATE, seed=0), None)
    assert [face is None for face in strip] == [False, False, False, True, True, False]


def test_a_quieter_recording_has_the_same_embedding(fused_model, made_voice) -> None:
    loud = made_voice(3.0)
    quiet = (np.round(loud * 0.1 * 32768) / 32768).astype(np.float32)
    assert (
        fused_model.face(loud, rate=SAMPLE_RATE).embedding
        @ fused_model.face(quiet, rate=SAMPLE_RATE).embedding
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
