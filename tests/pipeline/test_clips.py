"""A recording may come in any form; what is no recording, or lacks its rate, costs one sentence and gives no face."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import soxr
import torch

import v2f
from tests.support.voices import RATE, encoded, voice
from v2f.errors import ClipError, NoSpeechError, V2FError
from v2f.pipeline.clips import read_clip

VOICE = voice(0)
AT_44 = soxr.resample(VOICE, RATE, 44_100)
SIXTEEN = np.round(VOICE * 32767).astype(np.int16)


@pytest.fixture(scope="module")
def right(model: v2f.VoiceToFace) -> np.ndarray:
    return model.face(VOICE, rate=RATE).embedding


def str_of(value: object) -> str:
    return repr(value)[:20]


def strided(samples: np.ndarray) -> np.ndarray:
    return np.repeat(samples, 3)[::3]


FORMS: dict[str, Any] = {
    "float64": VOICE.astype(np.float64),
    "float16": VOICE.astype(np.float16),
    "big-endian": VOICE.astype(">f4"),
    "strided": strided(VOICE),
    "backwards in memory": VOICE[::-1].copy()[::-1],
    "int16": SIXTEEN,
    "int16, big-endian": SIXTEEN.astype(">i2"),
    "int32": SIXTEEN.astype(np.int32) << 16,
    "16 bits in int32": SIXTEEN.astype(np.int32),
    "24 bits in int32": SIXTEEN.astype(np.int32) << 8,
    "16 bits in int64": SIXTEEN.astype(np.int64),
    "[1, n]": VOICE[None],
    "[n, 1]": VOICE[:, None],
    "[2, n]": np.stack([VOICE, VOICE]),
    "[n, 2]": np.stack([VOICE, VOICE], axis=1),
    "list": VOICE.tolist(),
    "list of channels": [VOICE.tolist(), VOICE.tolist()],
    "list of integers": SIXTEEN.tolist(),
    "tensor": torch.from_numpy(VOICE.copy()),
    "tensor that is trained": torch.from_numpy(VOICE.copy()).requires_grad_(),
    "bfloat16 tensor": torch.from_numpy(VOICE.copy()).bfloat16(),
    "[2, n] tensor": torch.from_numpy(np.stack([VOICE, VOICE])),
    "int16 tensor": torch.from_numpy(SIXTEEN),
    "memory map": VOICE.view(np.memmap),
    "a little loud": VOICE / np.abs(VOICE).max() * 1.2,
}


@pytest.mark.parametrize("form", FORMS)
def test_samples_in_any_form_give_the_same_face(model: v2f.VoiceToFace, right: np.ndarray, form: str) -> None:
    assert model.face(FORMS[form], rate=RATE).embedding @ right > 0.97


def test_8_bit_samples_lie_around_128(model: v2f.VoiceToFace) -> None:
    samples = np.round(VOICE * 127 + 128).astype(np.uint8)
    expected = model.face((samples - 128.0) / 128, rate=RATE).embedding
    assert model.face(samples, rate=RATE).embedding @ expected > 0.999


@pytest.mark.parametrize("rate", [8000, 22_050, 44_100, 48_000.0, np.int64(96_000)])
def test_samples_at_any_rate(model: v2f.VoiceToFace, rate: Any) -> None:
    samples = soxr.resample(VOICE, RATE, int(rate))
    file = io.BytesIO(encoded(samples, int(rate), subtype="FLOAT"))
    expected = model.face(file).embedding
    for clip, given in (
        (samples, rate),
        ((rate, samples), None),
        ((samples, rate), None),
        ((rate, samples), rate),
    ):
        assert model.face(clip, rate=given).embedding @ expected > 0.9999


def test_gradios_pair_of_rate_and_16_bit_stereo(model: v2f.VoiceToFace, right: np.ndarray) -> None:
    assert model.face((RATE, np.stack([SIXTEEN, SIXTEEN], axis=1))).embedding @ right > 0.99


def test_files_in_any_form(model: v2f.VoiceToFace, right: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "voice.wav"
    path.write_bytes(encoded(VOICE, subtype="FLOAT"))
    data = path.read_bytes()
    with path.open("rb") as opened, path.open("rb") as at_the_end:
        at_the_end.read()
        written = io.BytesIO()
        soundfile.write(written, VOICE, RATE, "FLOAT", format="WAV")
        for clip in (path, str(path), data, bytearray(data), memoryview(data), opened, at_the_end, written):
            assert np.array_equal(model.face(clip).embedding, right)


@pytest.mark.parametrize("samples", [VOICE, AT_44, VOICE.tolist(), torch.from_numpy(AT_44), SIXTEEN])
def test_samples_without_a_rate_are_refused(model: v2f.VoiceToFace, samples: Any) -> None:
    with pytest.raises(ClipError, match=r"^Samples need their rate in Hz: pass rate=[^\n]*\.$"):
        model.face(samples)
    with pytest.raises(ClipError):
        model.strip(samples)


@pytest.mark.parametrize("scale", [10.0, 32768.0, 2.0**31, 1e30])
def test_floats_far_beyond_1_are_refused(model: v2f.VoiceToFace, scale: float) -> None:
    loud = VOICE / np.abs(VOICE).max() * scale
    for clip in (loud, torch.from_numpy(loud), loud.tolist()):
        with pytest.raises(ClipError, match=r"^Floats lie between -1 and 1, and these reach [^\n]*\.$"):
            model.face(clip, rate=RATE)


@pytest.mark.parametrize(
    "clip",
    [
        *(None, 7, 0.5, object(), {}, {"array": VOICE, "sampling_rate": RATE}, set(), np, len, np.float32(1)),
        *(
            VOICE.astype(object),
            VOICE.astype(complex),
            VOICE > 0,
            np.array(["a", "b"]),
            ["a"],
            [[1.0], [1.0, 2.0]],
        ),
        *(np.zeros((2, 2, 9)), np.zeros((100, 100)), np.zeros((0, 5)), np.array(1.0)),
        *(
            (RATE,),
            (RATE, VOICE, 3),
            (RATE, None),
            (None, VOICE),
            (VOICE, VOICE),
            ("a", VOICE),
            (RATE, "voice.wav"),
        ),
        *(
            (True, VOICE),
            (0, VOICE),
            (-RATE, VOICE),
            (16_000.5, VOICE),
            (np.nan, VOICE),
            (1, VOICE),
            (10**12, VOICE),
        ),
        *(io.StringIO("voice"), b"", b"voice", "", "no\0name", "missing.wav", Path("/")),
    ],
    ids=lambda clip: type(clip).__name__,
)
def test_what_is_no_recording_costs_one_sentence(model: v2f.VoiceToFace, clip: Any) -> None:
    for call in (lambda: model.face(clip), lambda: model.face(clip, rate=RATE), lambda: model.strip(clip)):
        with pytest.raises(V2FError) as refused:
            call()
        assert "\n" not in str(refused.value) and str(refused.value).endswith(".")


def test_the_sentence_names_what_is_taken(model: v2f.VoiceToFace) -> None:
    with pytest.raises(
        ClipError, match=r"^None is no recording: a recording is a path, .*samples with rate="
    ):
        model.face(None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "rate", [0, -1, 1.5, np.nan, np.inf, "16000", True, None, [RATE], 10**400], ids=str_of
)
def test_what_is_no_rate_costs_one_sentence(model: v2f.VoiceToFace, rate: Any) -> None:
    with pytest.raises(V2FError):
        model.face(VOICE, rate=rate)


def test_a_file_says_its_own_rate(model: v2f.VoiceToFace) -> None:
    with pytest.raises(ClipError, match="leave rate= out"):
        model.face(encoded(VOICE), rate=RATE)
    with pytest.raises(ClipError):
        model.face((RATE, VOICE), rate=44_100)


def test_a_closed_file_costs_one_sentence(model: v2f.VoiceToFace) -> None:
    file = io.BytesIO(encoded(VOICE))
    file.close()
    with pytest.raises(V2FError):
        model.face(file)


def test_no_samples_are_no_speech(model: v2f.VoiceToFace) -> None:
    for clip in ([], np.zeros(0), np.zeros((0, 2), np.int16), np.full(RATE, np.nan)):
        with pytest.raises(NoSpeechError):
            model.face(clip, rate=RATE)


@pytest.mark.parametrize("durations", [[-1], [0], [1, np.nan], [np.inf], ["a"], 3, None, [None]])
def test_durations_are_seconds_above_0(model: v2f.VoiceToFace, durations: Any) -> None:
    with pytest.raises(ClipError, match=r"^Durations are seconds, each above 0, not [^\n]*\.$"):
        model.strip(VOICE, durations, rate=RATE)
    with pytest.raises(ClipError):
        model.noise_strip(None, VOICE, None, durations)


def test_one_channel_can_be_chosen(model: v2f.VoiceToFace, right: np.ndarray) -> None:
    both = np.stack([voice(1), VOICE])
    for clip, rate in ((both, RATE), (encoded(both.T, subtype="FLOAT"), None)):
        assert np.array_equal(model.face(clip, rate=rate, channel="right").embedding, right)
    with pytest.raises(ClipError, match="'left' or 'right'"):
        model.face(both, rate=RATE, channel="both")  # type: ignore[arg-type]


CHANNELS = {
    "cancelling": np.stack([0.7 * VOICE, -VOICE]),
    "two speakers": np.stack([VOICE, voice(1)]),
    "a voice and noise": np.stack([0.05 * np.random.default_rng(0).standard_normal(VOICE.size), VOICE]),
    "ordinary": np.stack([VOICE, 0.5 * VOICE]),
}


@pytest.mark.parametrize("kind", CHANNELS)
def test_channels_of_samples_are_heard_as_those_of_a_file(model: v2f.VoiceToFace, kind: str) -> None:
    samples = CHANNELS[kind].astype(np.float32)
    file = read_clip(encoded(samples.T, subtype="FLOAT"))
    for clip in (samples, samples.T, samples.astype(np.float64), torch.from_numpy(samples)):
        found = read_clip(clip, RATE)
        assert np.array_equal(found.waveform, file.waveform)
        assert (found.channel, found.notes) == (file.channel, file.notes)
    assert (file.channel is None) == (kind == "ordinary")
    assert model.face(samples, rate=RATE).notes == file.notes


def test_a_voice_late_in_long_samples_is_found() -> None:
    found = read_clip(np.concatenate([np.zeros(605 * RATE, np.float32), VOICE]), RATE)
    assert found.start == pytest.approx(605, abs=1) and found.notes == (f"from {found.start:.1f} s on",)


def test_a_face_says_what_was_chosen(model: v2f.VoiceToFace) -> None:
    face = model.face(encoded(np.stack([VOICE, voice(1)], axis=1)))
    assert len(face.notes) == 1 and face.notes[0].startswith("two speakers, one a channel")
    assert all(one is None or one.notes == face.notes for one in model.strip(encoded(VOICE) * 2)) is False
    assert model.face(encoded(VOICE)).notes == ()


def test_too_little_speech_says_where_it_was_looked_for(
    model: v2f.VoiceToFace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from v2f.pipeline import clips

    soundfile.write(tmp_path / "silent.wav", np.zeros(30 * RATE), RATE)
    with pytest.raises(NoSpeechError, match=r"^Only 0.0 s of speech were found and half a second"):
        model.face(tmp_path / "silent.wav")
    read = clips.read_sound
    monkeypatch.setattr(
        clips, "read_sound", lambda file, limit, channel: read(file, limit, channel, patience=0)
    )
    with pytest.raises(
        NoSpeechError, match=r"^Only 0.0 s of speech were found in the first \d+ s of silent.wav and"
    ):
        model.face(tmp_path / "silent.wav")
