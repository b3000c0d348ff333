"""Recordings to speech: what is kept, what is refused, and voices made by another speed."""

import numpy as np
import pytest
import soundfile

from v2f.data.rejection import Rejected
from v2f.data.voices import Clip, PreparedVoice, change_speed, prepare_voice


def no_embedding(speech: np.ndarray) -> np.ndarray:
    return np.zeros(256, np.float32)


def pitch(waveform: np.ndarray) -> float:
    return float(np.fft.rfftfreq(len(waveform), 1 / 16_000)[np.abs(np.fft.rfft(waveform)).argmax()])


@pytest.mark.parametrize("speed", [0.85, 1.17])
def test_another_speed_is_another_pitch_and_length(speed):
    tone = np.sin(2 * np.pi * 200 * np.arange(32_000) / 16_000).astype(np.float32)
    changed = change_speed(tone, speed)
    assert len(changed) == pytest.approx(32_000 / speed, rel=0.01)
    assert pitch(changed) == pytest.approx(200 * speed, rel=0.02)


def test_speech_is_kept_as_16_bit_samples(made_voice, tmp_path):
    path = tmp_path / "voice.wav"
    soundfile.write(path, made_voice(4.0, 0), 16_000)
    voice = prepare_voice(Clip(path, "a", "female", "made", "train"), no_embedding)
    assert isinstance(voice, PreparedVoice) and voice.speech.dtype == np.int16
    assert 2.0 < len(voice.speech) / 16_000 <= 4.0


def test_what_cannot_be_used_comes_back_with_its_reason(tmp_path):
    silent, broken = tmp_path / "silent.wav", tmp_path / "broken.wav"
    soundfile.write(silent, np.zeros(48_000), 16_000)
    broken.write_bytes(b"no audio")
    for path, reason in (
        (silent, "0.0 s of speech"),
        (broken, "not a recording"),
        (tmp_path / "missing.wav", "cannot be read"),
    ):
        rejected = prepare_voice(Clip(path, "a", "male", "made", "train"), no_embedding)
        assert isinstance(rejected, Rejected)
        assert rejected.file == path.name and reason in rejected.reason
