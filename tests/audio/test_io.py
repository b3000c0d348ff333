import io
import os
import time
import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from PIL import Image

from tests.support.encode import encode
from v2f.audio import SAMPLE_RATE, read_audio, to_waveform
from v2f.audio.waveform import resampled
from v2f.errors import UnreadableAudioError

SAME_SOUND = 0.975  # correlation; codecs that begin by a part of a sample late reach no more than 0.98


def sweep(rate: int, seconds: float = 2.0) -> np.ndarray:
    """A tone that glides from 100 to 1,500 Hz, float64 [samples] at `rate` Hz: the same sound at any rate."""
    time = np.arange(round(seconds * rate)) / rate
    return 0.5 * np.sin(2 * np.pi * (100 + 700 * time / seconds) * time)


def similarity(decoded: np.ndarray, expected: np.ndarray) -> float:
    """Correlation at the best alignment within 0.1 s: lossy formats may begin some whole samples early or late."""
    length = min(len(decoded), len(expected)) - 3200
    middle = expected[1600 : 1600 + length]
    spectrum = np.fft.rfft(decoded, n=2 * len(decoded)) * np.conj(np.fft.rfft(middle, n=2 * len(decoded)))
    best = np.fft.irfft(spectrum)[:3200].argmax()
    return float(
        np.corrcoef(decoded[best : best + length], middle[: len(decoded[best : best + length])])[0, 1]
    )


def as_read(waveform: np.ndarray) -> np.ndarray:
    assert waveform.dtype == np.float32
    assert waveform.ndim == 1
    assert np.isfinite(waveform).all()
    assert np.abs(waveform).max() <= 1
    return waveform


def refusal(source: Path | io.BytesIO) -> str:
    """The sentence that a source is refused with."""
    with pytest.raises(UnreadableAudioError) as caught:
        read_audio(source)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    return sentence


@pytest.mark.parametrize(
    ("suffix", "subtype"),
    [
        (".wav", "PCM_U8"),
        (".wav", "PCM_16"),
        (".wav", "PCM_24"),
        (".wav", "PCM_32"),
        (".wav", "FLOAT"),
        (".wav", "DOUBLE"),
        (".wav", "ULAW"),
        (".flac", "PCM_24"),
        (".ogg", "VORBIS"),
        (".ogg", "OPUS"),
        (".mp3", "MPEG_LAYER_III"),
    ],
)
def test_common_formats(tmp_path, suffix, subtype):
    file = tmp_path / f"clip{suffix}"
    soundfile.write(file, sweep(48_000), 48_000, subtype=subtype)
    decoded = as_read(read_audio(file))
    assert len(decoded) == pytest.approx(2 * SAMPLE_RATE, abs=SAMPLE_RATE // 5)
    assert similarity(decoded, sweep(SAMPLE_RATE)) > SAME_SOUND


def test_a_whole_mp3_is_read_without_complaints(tmp_path, made_voice, capfd):
    soundfile.write(tmp_path / "voice.mp3", made_voice(5.0), SAMPLE_RATE)
    assert len(read_audio(tmp_path / "voice.mp3")) >= 5 * SAMPLE_RATE
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("suffix", "codec", "rate"),
    [(".m4a", "aac", 44_100), (".aac", "aac", 44_100), (".webm", "libopus", 48_000), (".mp4", "aac", 32_000)],
)
def test_formats_of_phones_and_browsers(tmp_path, suffix, codec, rate):
    file = encode(tmp_path / f"clip{suffix}", np.stack([sweep(rate)] * 2, axis=1), rate, codec)
    for source in (file, io.BytesIO(file.read_bytes())):
        decoded = as_read(read_audio(source))
        assert len(decoded) == pytest.approx(2 * SAMPLE_RATE, abs=SAMPLE_RATE // 5)
        assert similarity(decoded, sweep(SAMPLE_RATE)) > SAME_SOUND
        # Both channels hold the same sound, so their mean is as loud as each.
        assert np.abs(decoded[3200:-3200]).max() == pytest.approx(0.5, abs=0.05)
    assert len(read_audio(file, max_seconds=0.5)) == SAMPLE_RATE // 2


def test_damaged_copies_of_an_m4a_are_read_or_refused_in_silence(tmp_path, capfd):
    whole = encode(tmp_path / "clip.m4a", np.stack([sweep(44_100)] * 2, axis=1), 44_100).read_bytes()
    random = np.random.default_rng(0)
    for _ in range(30):
        damaged = bytearray(whole)
        for place in random.integers(0, len(damaged), 20):
            damaged[place] = random.integers(256)
        try:
            as_read(read_audio(io.BytesIO(damaged)))
        except UnreadableAudioError as error:
            assert str(error).startswith("The recording ")
    assert capfd.readouterr().err == ""


def test_more_channels_than_any_loudspeakers_are_averaged(tmp_path):
    sound = np.zeros((SAMPLE_RATE, 12))
    sound[:, 11] = 0.6
    file = encode(tmp_path / "twelve.mka", sound, SAMPLE_RATE, "pcm_f32le")
    assert np.allclose(read_audio(file), 0.05, atol=1e-6)


@pytest.mark.parametrize(
    "rate", [4000, 8000, 11_025, 16_000, 22_050, 44_100, 44_101, 48_000, 96_000, 192_000]
)
def test_any_rate_becomes_16_khz(rate):
    decoded = as_read(to_waveform(sweep(rate).astype(np.float32), rate))
    assert len(decoded) == pytest.approx(2 * SAMPLE_RATE, abs=2)
    assert np.abs(decoded[800:31_200] - sweep(SAMPLE_RATE)[800:31_200]).max() < 0.001


def test_what_16_khz_cannot_hold_is_filtered_out():
    time_axis = np.arange(48_000) / 48_000
    assert np.abs(to_waveform(np.sin(2 * np.pi * 8500 * time_axis), 48_000)[800:-800]).max() < 1e-3
    assert np.abs(to_waveform(np.sin(2 * np.pi * 7000 * time_axis), 48_000)[800:-800]).max() > 0.98


def test_resampling_in_blocks_leaves_no_seam():
    noise = np.random.default_rng(0).uniform(-0.2, 0.2, 5 * 44_100 + 123).astype(np.float32)
    blocks = np.split(noise, [5, 300, 44_100, 44_101, 90_000])
    np.testing.assert_allclose(
        np.concatenate([*resampled(blocks, 44_100)]), soxr.resample(noise, 44_100, SAMPLE_RATE), atol=1e-6
    )


@pytest.mark.parametrize("samples", [2, 3, 100, 1000])
def test_the_shortest_recordings_keep_their_length(samples):
    assert len(to_waveform(np.zeros(samples), 48_000)) == round(samples / 3)


def test_eight_channels_are_averaged(tmp_path):
    file = tmp_path / "eight.wav"
    channels = np.zeros((SAMPLE_RATE, 8))
    channels[:, 3] = 0.8
    channels[:, 5] = 0.4
    soundfile.write(file, channels, SAMPLE_RATE, subtype="FLOAT")
    assert np.allclose(read_audio(file), 0.15, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int32, np.uint16])
def test_integers_are_scaled_by_their_range(dtype):
    kind = np.iinfo(dtype)
    middle = (int(kind.max) + int(kind.min) + 1) // 2
    decoded = to_waveform(np.array([kind.min, middle, kind.max], dtype=dtype), SAMPLE_RATE)
    assert np.allclose(decoded, [-1, 0, 1], atol=2 / (float(kind.max) - float(kind.min)) + 1e-6)


def test_nan_and_infinities_become_silence(tmp_path):
    samples = sweep(SAMPLE_RATE).astype(np.float32)
    samples[100:110], samples[200], samples[300] = np.nan, np.inf, -np.inf
    soundfile.write(tmp_path / "nan.wav", samples, SAMPLE_RATE, subtype="FLOAT")
    decoded = as_read(read_audio(tmp_path / "nan.wav"))
    assert not decoded[100:110].any()
    assert decoded[200] == decoded[300] == 0
    assert np.array_equal(decoded[400:], samples[400:])


def test_floats_beyond_full_scale_are_clipped():
    with np.errstate(all="raise"):
        loud = as_read(to_waveform(np.array([[5.0, 5.0], [-1e300, -1e300], [0.5, 0.5]]), SAMPLE_RATE))
    assert loud.tolist() == [1.0, -1.0, 0.5]
    as_read(to_waveform(np.sign(sweep(48_000)), 48_000))  # a square wave overshoots when resampled


def test_max_seconds_gives_the_same_start(tmp_path):
    file = tmp_path / "long.flac"
    soundfile.write(file, sweep(44_100, seconds=6), 44_100)
    whole = read_audio(file)
    start = read_audio(file, max_seconds=2.5)
    assert len(start) == 2.5 * SAMPLE_RATE
    assert np.array_equal(start, whole[: len(start)])


def test_the_start_of_a_recording_of_three_hours_costs_little(tmp_path):
    file = tmp_path / "long.wav"
    with wave.open(str(file), "wb") as long:
        long.setnchannels(2)
        long.setsampwidth(2)
        long.setframerate(44_100)
        long.writeframes(b"")
    header = bytearray(file.read_bytes())
    size = 3 * 3600 * 44_100 * 4
    header[4:8], header[40:44] = (size + 36).to_bytes(4, "little"), size.to_bytes(4, "little")
    with file.open("wb") as sparse:
        sparse.write(header)
        sparse.truncate(len(header) + size)  # 1.9 GB of zeros that take no place on the disk
    begun = time.process_time()
    assert len(read_audio(file, max_seconds=60)) == 60 * SAMPLE_RATE
    assert time.process_time() - begun < 5


def test_open_files_and_bytes_are_read_too(tmp_path):
    file = tmp_path / "clip.wav"
    soundfile.write(file, sweep(SAMPLE_RATE), SAMPLE_RATE)
    expected = read_audio(file)
    with file.open("rb") as opened:
        assert np.array_equal(read_audio(opened), expected)
    assert np.array_equal(read_audio(io.BytesIO(file.read_bytes())), expected)
    assert np.array_equal(read_audio(str(file)), expected)


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3", ".ogg"])
def test_of_a_truncated_recording_the_rest_is_read(tmp_path, suffix):
    whole, cut = tmp_path / f"whole{suffix}", tmp_path / f"cut{suffix}"
    noise = np.random.default_rng(0).uniform(-0.3, 0.3, 8 * SAMPLE_RATE)
    soundfile.write(whole, noise, SAMPLE_RATE)
    data = whole.read_bytes()
    cut.write_bytes(data[: len(data) * 6 // 10])
    decoded = as_read(read_audio(cut))
    assert 2 * SAMPLE_RATE < len(decoded) < 7 * SAMPLE_RATE
    assert np.abs(decoded[800:16_000] - read_audio(whole)[800:16_000]).max() < 0.05


def test_a_wav_cut_inside_its_header_is_refused(tmp_path):
    soundfile.write(tmp_path / "whole.wav", sweep(SAMPLE_RATE), SAMPLE_RATE)
    for length in (1, 20, 44):
        file = tmp_path / "cut.wav"
        file.write_bytes((tmp_path / "whole.wav").read_bytes()[:length])
        assert "cut.wav" in refusal(file)


def test_an_empty_file_is_refused(tmp_path):
    (tmp_path / "empty.wav").touch()
    assert refusal(tmp_path / "empty.wav") == "empty.wav is empty."


def test_a_recording_without_samples_is_refused(tmp_path):
    soundfile.write(tmp_path / "none.wav", np.zeros((0, 2)), 44_100)
    assert "none.wav" in refusal(tmp_path / "none.wav")


@pytest.mark.parametrize("name", ["photo.wav", "photo.mp3", "photo.raw", "photo"])
def test_a_picture_with_another_name_is_refused(tmp_path, name):
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / name, format="JPEG")
    assert name in refusal(tmp_path / name)


@pytest.mark.parametrize("size", [10, 1000, 100_000])
def test_noise_bytes_and_text_are_refused(tmp_path, size):
    (tmp_path / "bytes.wav").write_bytes(np.random.default_rng(0).bytes(size))
    (tmp_path / "text.wav").write_text("Hello. " * size)
    refusal(tmp_path / "bytes.wav")
    refusal(tmp_path / "text.wav")
    refusal(io.BytesIO(b"Hello. " * size))


def test_a_playlist_cannot_make_ffmpeg_read_other_files(tmp_path):
    soundfile.write(tmp_path / "secret.wav", sweep(SAMPLE_RATE), SAMPLE_RATE)
    for name, text in {
        "list.m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{tmp_path}/secret.wav\n#EXT-X-ENDLIST\n",
        "list.ffconcat": f"ffconcat version 1.0\nfile {tmp_path}/secret.wav\n",
    }.items():
        (tmp_path / name).write_text(text)
        assert name in refusal(tmp_path / name)


def test_folders_and_missing_files_are_refused(tmp_path):
    (tmp_path / "folder.wav").mkdir()
    assert refusal(tmp_path / "folder.wav") == "folder.wav is a folder, not a recording."
    assert "missing.wav" in refusal(tmp_path / "missing.wav")


def test_what_may_never_end_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe.wav")
    assert refusal(tmp_path / "pipe.wav") == "pipe.wav is not a file."
    assert refusal("/dev/zero") == "zero is not a file."


def test_an_impossible_rate_is_refused(tmp_path):
    soundfile.write(tmp_path / "slow.wav", np.zeros(500), 50)
    assert "slow.wav claims 50 samples per second" in refusal(tmp_path / "slow.wav")
    with pytest.raises(UnreadableAudioError):
        to_waveform(np.zeros(100), 0)


def test_no_samples_are_no_waveform():
    assert to_waveform(np.zeros(0, np.int16), 48_000).shape == (0,)
    assert to_waveform(np.zeros((0, 2)), 48_000).shape == (0,)


def test_a_damaged_mp3_says_nothing_on_the_terminal(tmp_path, made_voice, capfd):
    soundfile.write(tmp_path / "voice.mp3", made_voice(3), 16_000)
    contents = bytearray((tmp_path / "voice.mp3").read_bytes())
    contents[2000:2600] = bytes(600)
    (tmp_path / "voice.mp3").write_bytes(contents)
    (tmp_path / "picture.mp3").write_bytes(b"BM" + bytes(12_000))
    assert read_audio(tmp_path / "voice.mp3").size
    with pytest.raises(UnreadableAudioError):
        read_audio(tmp_path / "picture.mp3")
    assert capfd.readouterr() == ("", "")
