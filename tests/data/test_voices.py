"""Recordings to speech: what is kept, at which level, and what is refused."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import soundfile

from v2f.audio import at_level, keep_speech
from v2f.audio.features import log_mel, normalise
from v2f.data.shards import Rejected
from v2f.data.sources import Source
from v2f.data.voices import (
    LEVEL_DB,
    VoiceOptions,
    prepare_voices,
    read_speech,
)


def source(path: Path, **details: object) -> Source:
    return Source(path, path.name, "somebody", **details)


@pytest.fixture
def voice(made_voice, tmp_path: Path) -> Path:
    path = tmp_path / "voice.wav"
    soundfile.write(path, made_voice(4.0, 0), 16_000)
    return path


def test_the_features_of_what_is_kept_are_the_pipelines(voice: Path) -> None:
    [stored] = prepare_voices([source(voice)], VoiceOptions()).arrays["speech"]
    expected = normalise(log_mel(keep_speech(soundfile.read(voice, dtype="float32")[0])))
    features = normalise(log_mel(stored.astype(np.float32) / 32768))
    assert features.shape == expected.shape
    assert (features - expected).abs().mean() < 0.01, "16 bits keep what is to be heard"


def test_a_row_says_whose_recording_it_is(voice: Path) -> None:
    detailed = source(voice, aliases=("id1", "n2"), gender="female", nationality="Ireland")
    [row] = prepare_voices([detailed], VoiceOptions()).rows
    assert (row.file, row.person, row.aliases) == ("voice.wav", "somebody", "id1|n2")
    assert (row.gender, row.nationality) == ("female", "Ireland")
    assert row.sha256 == hashlib.sha256(voice.read_bytes()).hexdigest()
    assert row.length == pytest.approx(row.seconds * 16_000, abs=160)


def test_speech_is_kept_as_16_bit_samples(voice: Path) -> None:
    [speech] = prepare_voices([source(voice)], VoiceOptions()).arrays["speech"]
    assert speech.dtype == np.int16
    assert 2.0 < len(speech) / 16_000 <= 4.0


def loudness(speech: np.ndarray) -> float:
    return 10 * np.log10(np.square(speech, dtype=np.float64).mean())


def test_speech_that_is_kept_has_one_level(voice: Path, tmp_path: Path) -> None:
    faint = tmp_path / "faint.wav"
    soundfile.write(faint, 0.1 * soundfile.read(voice)[0], 16_000)
    kept = prepare_voices([source(voice), source(faint)], VoiceOptions()).arrays["speech"]
    assert [loudness(speech / 32768) for speech in kept] == pytest.approx([LEVEL_DB, LEVEL_DB], abs=0.05)


def test_levelling_scales_and_does_nothing_else() -> None:
    speech = np.random.default_rng(0).standard_normal(1000).astype(np.float32)
    louder = at_level(speech, -3.0)
    assert louder.dtype == np.float32 and loudness(louder) == pytest.approx(-3, abs=1e-3)
    assert np.allclose(louder / speech, louder[0] / speech[0], rtol=1e-5)


def speech_of(voice: Path, **options: float) -> np.ndarray:
    speech = read_speech(voice, VoiceOptions(**options))
    assert isinstance(speech, np.ndarray)
    return speech


def test_of_a_long_recording_only_the_start_is_read(voice: Path) -> None:
    assert len(speech_of(voice, most_seconds=2.0, least_speech=0.1)) <= 2 * 16_000


def test_of_much_speech_only_the_start_is_kept(voice: Path) -> None:
    assert np.array_equal(speech_of(voice, most_speech=1.0), speech_of(voice)[:16_000])


def test_the_least_speech_can_be_set(voice: Path) -> None:
    seconds = len(speech_of(voice, least_speech=0.1)) / 16_000
    assert len(speech_of(voice, least_speech=seconds))
    too_much = VoiceOptions(least_speech=seconds + 0.01)
    assert read_speech(voice, too_much) == "too little speech"


def test_a_rejected_recording_has_its_reason_and_the_others_go_on(voice: Path, tmp_path) -> None:
    silent, broken = tmp_path / "silent.wav", tmp_path / "broken.wav"
    soundfile.write(silent, np.zeros(48_000), 16_000)
    broken.write_bytes(b"no audio")
    missing = tmp_path / "missing.wav"
    result = prepare_voices([source(path) for path in (silent, broken, voice, missing)], VoiceOptions())
    assert [row.file for row in result.rows] == ["voice.wav"]
    reasons = {row.file: row.reason for row in result.rejected}
    assert reasons["silent.wav"] == "too little speech"
    assert reasons["broken.wav"].startswith("unreadable recording: ")
    assert "cannot be read" in reasons["missing.wav"]
    assert all(isinstance(row, Rejected) for row in result.rejected)


def test_a_decoder_that_breaks_down_costs_one_file(voice: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks_down(*_: object) -> None:
        raise RuntimeError("a bug of somebody's")

    monkeypatch.setattr("v2f.data.voices.read_audio", breaks_down)
    [left] = prepare_voices([source(voice)], VoiceOptions()).rejected
    assert left.reason == "unreadable recording: RuntimeError: a bug of somebody's"
