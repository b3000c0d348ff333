"""A clip gives one face, always the same, however it was recorded; strips follow the recording's length."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
import torch.nn.functional as F

import v2f
from v2f.audio import SAMPLE_RATE, keep_speech, make_noise
from v2f.audio.features import log_mel, normalise
from v2f.errors import NoSpeechError, UnreadableAudioError
from v2f.models import Generator, Model, NetworkConfig, Runtime, VoiceEncoder
from v2f.pipeline import DURATIONS, MAX_SECONDS, VoiceToFace


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def stereo_at_48_khz(waveform: np.ndarray) -> np.ndarray:
    """The same sound, interpolated through its spectrum: [3 n, 2]."""
    spectrum = np.fft.rfft(waveform)
    wide = np.fft.irfft(np.pad(spectrum, (0, waveform.size)), 3 * waveform.size) * 3
    return np.stack([wide, wide], axis=1)


def test_a_face_says_what_it_is_and_where_it_came_from(model: v2f.VoiceToFace, made_voice) -> None:
    face = model.face(made_voice(3.0), rate=SAMPLE_RATE)
    assert face.image.shape == (64, 64, 3) and face.image.dtype == np.uint8
    assert face.embedding.shape == (64,) and face.embedding.dtype == np.float32
    assert np.linalg.norm(face.embedding) == pytest.approx(1)
    assert face.score is not None and 0 <= face.score <= 1
    assert face.duration == pytest.approx(3.0) and 2.5 < face.seconds <= 3.0
    assert set(face.timings) == {"read", "vad", "features", "encoder", "generator"}
    assert all(seconds > 0 for seconds in face.timings.values())


def test_a_face_prints_as_one_line(model, made_voice) -> None:
    face = replace(model.face(made_voice(2.5), rate=16_000), score=0.0123, notes=("its first ten minutes",))
    said = (
        rf"Face\(64x64 pixels, {face.seconds:.1f} s of speech in 2.5 s, score 0.012; its first ten minutes\)"
    )
    assert re.fullmatch(said, str(face)) and repr([face]) == f"[{face}]"
    assert "score" not in str(replace(face, score=None))


def test_the_image_is_the_generators_of_the_unit_embedding_without_stretch(model, made_voice) -> None:
    face = model.face(made_voice(2.0), rate=SAMPLE_RATE)
    with torch.inference_mode():
        raw = model.model.generator(torch.from_numpy(face.embedding)[None])
        logit = model.model.discriminator(model.model.trunk(raw))
    expected = np.rint(np.clip(raw[0].permute(1, 2, 0).numpy(), -1, 1) * 127.5 + 127.5)
    assert np.abs(face.image - expected).max() <= 1  # the two sums may round differently
    assert face.score == pytest.approx(torch.sigmoid(logit).item(), abs=1e-5)


def test_the_embedding_is_the_encoders_of_the_whole_clips_features(model, made_voice) -> None:
    waveform = made_voice(4.0)
    with torch.inference_mode():
        features = normalise(log_mel(keep_speech(waveform)))
        expected = F.normalize(model.model.encoder(features[None]), dim=1)[0]
    np.testing.assert_allclose(model.face(waveform, rate=SAMPLE_RATE).embedding, expected, atol=1e-5)


def test_the_same_recording_gives_the_same_face_every_time(model, made_voice) -> None:
    waveform = made_voice(3.0)
    first = model.face(waveform, rate=SAMPLE_RATE)
    model.face(made_voice(2.0, seed=5), rate=SAMPLE_RATE)  # what was heard in between leaves no trace
    again = model.face(waveform, rate=SAMPLE_RATE)
    assert np.array_equal(first.image, again.image) and np.array_equal(first.embedding, again.embedding)
    assert first.score == again.score


def test_different_voices_give_different_faces(model, made_voice) -> None:
    one, other = (
        model.face(made_voice(3.0, seed=1), rate=SAMPLE_RATE),
        model.face(made_voice(3.0, seed=2), rate=SAMPLE_RATE),
    )
    assert np.abs(one.image.astype(int) - other.image).mean() > 5


def test_a_48_khz_stereo_copy_has_the_same_embedding(model, made_voice, tmp_path: Path) -> None:
    waveform = made_voice(3.0)
    soundfile.write(tmp_path / "mono.wav", waveform, SAMPLE_RATE)
    soundfile.write(tmp_path / "stereo.wav", stereo_at_48_khz(waveform), 48_000)
    mono, stereo = model.face(tmp_path / "mono.wav"), model.face(str(tmp_path / "stereo.wav"))
    assert cosine(mono.embedding, stereo.embedding) > 0.99


def test_a_real_48_khz_stereo_copy_has_the_same_embedding(model, shared_data: Path, tmp_path: Path) -> None:
    clip = min((shared_data / "speech" / "librispeech").glob("*.flac"))
    waveform, rate = soundfile.read(clip, frames=12 * SAMPLE_RATE)
    assert rate == SAMPLE_RATE
    soundfile.write(tmp_path / "mono.wav", waveform, SAMPLE_RATE)
    soundfile.write(tmp_path / "stereo.wav", stereo_at_48_khz(waveform), 48_000)
    mono, stereo = model.face(tmp_path / "mono.wav"), model.face(tmp_path / "stereo.wav")
    assert cosine(mono.embedding, stereo.embedding) > 0.99


@pytest.mark.bf16
def test_bfloat16_hears_the_same_voice(model, random_weights: Path, made_voice) -> None:
    quick = VoiceToFace(v2f.models.load(random_weights), Runtime(torch.device("cpu"), "bf16"))
    waveform = made_voice(3.0)
    assert (
        cosine(
            quick.face(waveform, rate=SAMPLE_RATE).embedding, model.face(waveform, rate=SAMPLE_RATE).embedding
        )
        > 0.99
    )


def test_silence_and_short_clips_are_no_speech(model, made_voice) -> None:
    for clip in (np.zeros(5 * SAMPLE_RATE, np.float32), made_voice(0.2), np.zeros(0, np.float32)):
        with pytest.raises(NoSpeechError):
            model.face(clip, rate=SAMPLE_RATE)


def test_a_file_that_is_no_audio_is_unreadable(model, tmp_path: Path) -> None:
    (tmp_path / "picture.wav").write_bytes(b"\xff\xd8\xff\xe0" + bytes(100))
    with pytest.raises(UnreadableAudioError):
        model.face(tmp_path / "picture.wav")


@pytest.mark.slow
def test_of_a_long_recording_only_the_start_is_used(model, made_voice) -> None:
    minutes = np.tile(made_voice(5.0), 130)  # 650 s
    face = model.face(minutes, rate=SAMPLE_RATE)
    assert face.duration == MAX_SECONDS
    assert np.array_equal(
        face.embedding, model.face(minutes[: int(MAX_SECONDS * SAMPLE_RATE)], rate=SAMPLE_RATE).embedding
    )


def test_weights_without_a_discriminator_give_no_score(made_voice) -> None:
    torch.manual_seed(0)
    model = VoiceToFace(Model(NetworkConfig(), VoiceEncoder(), Generator(), None, None, None, {}))
    assert model.face(made_voice(1.0), rate=SAMPLE_RATE).score is None


def test_strip_equals_the_faces_of_the_prefixes(model, made_voice) -> None:
    waveform = made_voice(6.0)
    strip = model.strip(waveform, rate=SAMPLE_RATE)
    assert len(strip) == len(DURATIONS) + 1
    assert strip[4] is None, "six seconds hold no first ten"
    for seconds, face in zip([1, 2, 3, 5, None, 6], strip, strict=True):
        if face is not None:
            alone = model.face(waveform[: seconds * SAMPLE_RATE], rate=SAMPLE_RATE)
            np.testing.assert_allclose(face.embedding, alone.embedding, atol=1e-6)
            assert np.abs(face.image.astype(int) - alone.image).max() <= 1
            assert (face.seconds, face.duration) == (alone.seconds, alone.duration)


def test_strip_prefixes_are_of_the_recording_not_of_its_speech(model, made_voice) -> None:
    late = np.concatenate([np.zeros(2 * SAMPLE_RATE, np.float32), made_voice(4.0)])
    first, second, third, fifth, tenth, whole = model.strip(late, rate=SAMPLE_RATE)
    assert first is None and second is None and tenth is None
    assert third is not None and fifth is not None and whole is not None
    assert third.duration == 3 and third.seconds < 1.3
    assert whole.duration == 6


def test_strip_of_silence_is_no_speech(model) -> None:
    with pytest.raises(NoSpeechError):
        model.strip(np.zeros(3 * SAMPLE_RATE, np.float32), rate=SAMPLE_RATE)


def test_strip_of_other_durations(model, made_voice) -> None:
    strip = model.strip(made_voice(2.0), durations=(0.7, 1.5), rate=SAMPLE_RATE)
    assert [face.duration for face in strip if face] == pytest.approx([0.7, 1.5, 2.0])


def test_noise_alone_goes_past_the_detector(model) -> None:
    noise = make_noise("white", 3 * SAMPLE_RATE, seed=0)
    strip = model.noise_strip(None, noise, snr_db=None)
    assert [face is None for face in strip] == [False, False, False, True, True, False]
    assert [face.seconds for face in strip if face] == pytest.approx([1, 2, 3, 3])


def test_noise_in_a_voice_keeps_the_clean_voices_frames_and_changes_their_sound(model, made_voice) -> None:
    voice = np.concatenate([made_voice(1.5), np.zeros(SAMPLE_RATE, np.float32), made_voice(1.5)])
    noise = make_noise("white", SAMPLE_RATE, seed=0)
    clean, loud = (
        model.strip(voice, rate=SAMPLE_RATE),
        model.noise_strip(voice, noise, snr_db=0.0, rate=SAMPLE_RATE),
    )
    assert [face and face.seconds for face in loud] == [face and face.seconds for face in clean]
    assert cosine(loud[-1].embedding, clean[-1].embedding) < 0.999
    faint = model.noise_strip(voice, noise, snr_db=80.0, rate=SAMPLE_RATE)
    assert cosine(faint[-1].embedding, clean[-1].embedding) > cosine(loud[-1].embedding, clean[-1].embedding)


def test_a_ratio_to_noise_needs_a_voice(model) -> None:
    with pytest.raises(ValueError, match="needs a voice"):
        model.noise_strip(None, np.ones(SAMPLE_RATE, np.float32), snr_db=5.0)


def test_a_duration_that_is_the_whole_recording_is_drawn_once(model, made_voice) -> None:
    *_, three, whole = model.strip(made_voice(3), (1, 3), rate=SAMPLE_RATE)
    assert three is whole
