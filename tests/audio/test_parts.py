"""A file that goes on after its first recording is read to its end."""

import io
from pathlib import Path

import numpy as np
import pytest
import soxr
from PIL import Image

from tests.support.encode import encode
from tests.support.voices import RATE, encoded, likeness, voice
from v2f.audio import read_audio, read_sound
from v2f.audio.parts import parts

ONE, OTHER = voice(0), voice(1)  # 4 s of two people
STEREO = np.stack([OTHER, OTHER], axis=1)


def tag(size: int) -> bytes:
    """An ID3v2 tag that holds a cover picture, which to an MP3 decoder looks like frames here and there."""
    noise = np.random.default_rng(0).integers(0, 256, (size, size, 3), dtype=np.uint8)
    picture = io.BytesIO()
    Image.fromarray(noise).save(picture, "JPEG", quality=95)
    body = b"\x00image/jpeg\x00\x03\x00" + picture.getvalue()
    frame = b"APIC" + len(body).to_bytes(4, "big") + b"\0\0" + body
    length = bytes(len(frame) >> shift & 127 for shift in (21, 14, 7, 0))
    return b"ID3\x03\x00\x00" + length + frame


def made_by_ffmpeg(folder: Path, sound: np.ndarray, ending: str, codec: str, rate: int) -> bytes:
    resampled = soxr.resample(sound, RATE, rate).reshape(len(sound) * rate // RATE, -1)
    return encode(folder / f"part.{ending}", resampled, rate, codec).read_bytes()


def read_both(data: bytes, threshold: float = 0.9) -> None:
    """Both voices are in what is read, and nothing is said to be missing."""
    found = read_sound(io.BytesIO(data))
    assert found.seconds == pytest.approx(8, abs=0.35)
    assert found.notes == ()
    assert likeness(found.waveform, ONE) > threshold and likeness(found.waveform, OTHER) > threshold
    assert likeness(found.waveform[: 4 * RATE], OTHER) < 0.5, "in order"


@pytest.mark.parametrize("kind", ["WAV", "RF64", "AIFF", "FLAC", "OGG", "MP3", "CAF", "AU"])
def test_two_recordings_in_one_file(kind: str) -> None:
    read_both(encoded(ONE, kind=kind) + encoded(OTHER, kind=kind))


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG", "MP3"])
def test_of_another_rate_and_number_of_channels(kind: str) -> None:
    other = soxr.resample(STEREO, RATE, 44_100)
    read_both(encoded(ONE, kind=kind) + encoded(other, 44_100, kind))
    read_both(encoded(ONE, kind=kind) + encoded(STEREO, kind=kind))


def test_chained_opus_of_mono_and_stereo() -> None:
    other = soxr.resample(STEREO, RATE, 48_000)
    read_both(encoded(ONE, kind="OGG", subtype="OPUS") + encoded(other, 48_000, "OGG", "OPUS"))


@pytest.mark.parametrize(
    ("ending", "codec"),
    [
        *(("aac", "aac"), ("m4a", "aac"), ("webm", "libopus"), ("mkv", "aac"), ("flv", "aac")),
        ("wv", "wavpack"),
    ],
)
def test_what_ffmpeg_reads(tmp_path: Path, ending: str, codec: str) -> None:
    one = made_by_ffmpeg(tmp_path, ONE, ending, codec, 48_000)
    read_both(one + made_by_ffmpeg(tmp_path, OTHER, ending, codec, 48_000))
    read_both(one + made_by_ffmpeg(tmp_path, STEREO, ending, codec, 24_000 if ending != "webm" else 48_000))


def test_three_parts_with_cover_pictures_between() -> None:
    one, other = encoded(ONE, kind="MP3"), encoded(OTHER, kind="MP3")
    read_both(tag(300) + one + tag(200) + other)
    found = read_sound(io.BytesIO(tag(100) + one + tag(300) + other + tag(10) + one))
    assert found.seconds == pytest.approx(12, abs=0.3) and found.notes == ()


@pytest.mark.parametrize("size", [1, 100, 1500, 3000, 100_000])
@pytest.mark.parametrize("junk", ["noise", "zeros", "ones"])
def test_junk_in_an_mp3_does_not_end_it(size: int, junk: str) -> None:
    whole = encoded(soxr.resample(ONE, RATE, 44_100), 44_100, "MP3")
    fill = {"noise": np.random.default_rng(0).bytes(size), "zeros": bytes(size), "ones": b"\xff" * size}[junk]
    for place in (len(whole) // 4, len(whole) // 2):
        inserted = whole[:place] + fill + whole[place:]
        assert len(read_audio(io.BytesIO(inserted))) > 3.8 * RATE
        if size < len(whole) // 4:
            overwritten = whole[:place] + fill + whole[place + size :]
            lost = 4 * size / len(whole)
            assert len(read_audio(io.BytesIO(overwritten))) > (3.8 - lost) * RATE


def test_a_truncated_flac_gives_all_its_whole_frames_and_says_what_is_missing() -> None:
    whole = encoded(ONE, kind="FLAC")
    found = read_sound(io.BytesIO(whole[: len(whole) * 7 // 10]))
    assert 2.3 < found.seconds < 3.3
    assert np.abs(found.waveform - ONE[: found.waveform.size]).max() < 1e-4
    assert found.notes == (f"only {found.seconds:.1f} of 4.0 s could be read",)


def test_a_flac_cut_within_its_first_second_too() -> None:
    whole = encoded(soxr.resample(STEREO, RATE, 44_100), 44_100, "FLAC")
    found = read_sound(io.BytesIO(whole[: len(whole) // 8]))
    assert found.notes == (f"only {found.seconds:.1f} of 4.0 s could be read",)


def test_a_flac_with_a_hole_is_read_to_its_end() -> None:
    whole = bytearray(encoded(ONE, kind="FLAC"))
    whole[len(whole) // 2 : len(whole) // 2 + 2000] = np.random.default_rng(0).bytes(2000)
    waveform = read_audio(io.BytesIO(whole))
    assert likeness(waveform, ONE[: RATE + RATE // 2]) > 0.99 and likeness(waveform, ONE[3 * RATE :]) > 0.99


@pytest.mark.parametrize("kind", ["WAV", "AIFF", "MP3", "OGG"])
def test_a_truncated_file_says_how_much_could_be_read(kind: str) -> None:
    whole = encoded(ONE, kind=kind)
    found = read_sound(io.BytesIO(whole[: len(whole) // 2]))
    if kind == "OGG":  # its length is that of its last page
        assert found.notes == ()
    else:
        assert found.notes == (f"only {found.seconds:.1f} of {found.length:.1f} s could be read",)
        assert found.length == pytest.approx(4, abs=0.15)


def test_a_truncated_wavpack_too(tmp_path: Path) -> None:
    one, other = (made_by_ffmpeg(tmp_path, sound, "wv", "wavpack", 44_100) for sound in (ONE, OTHER))
    found = read_sound(io.BytesIO(one + other[: len(other) // 2]))
    assert found.seconds > 5 and found.notes == (f"only {found.seconds:.1f} of 8.0 s could be read",)


def test_wavpack_of_six_channels_is_one_part(tmp_path: Path) -> None:
    """Its channels lie in blocks side by side, each of which says that it is the start."""
    data = bytearray(made_by_ffmpeg(tmp_path, ONE, "wv", "wavpack", 16_000))
    beside = bytearray(data)
    beside[25] &= ~8
    assert [(part.start, part.stop) for part in parts(bytes(data + beside))] == [(0, 2 * len(data))]


def test_a_recording_that_is_still_being_written_promises_nothing() -> None:
    header = bytearray(encoded(ONE))
    header[4:8] = header[40:44] = b"\xff\xff\xff\xff"
    assert read_sound(io.BytesIO(header)).notes == ()


def test_an_ordinary_file_is_one_part() -> None:
    for kind in ("WAV", "FLAC", "OGG", "MP3", "AIFF"):
        data = encoded(ONE, kind=kind)
        for whole in (data, tag(50) + data + b"TAG" + bytes(125)) if kind == "MP3" else (data,):
            assert [(part.start, part.stop) for part in parts(whole)] == [(0, len(whole))]
    assert [(part.start, part.stop) for part in parts(b"no recording")] == [(0, 12)]


def test_the_first_part_alone_where_no_more_is_wanted() -> None:
    found = read_sound(io.BytesIO(encoded(ONE) + encoded(OTHER)), max_seconds=2)
    assert found.seconds == 2 and not found.ended
    assert found.notes == ("the rest of 4.0 s is unread",)


@pytest.mark.parametrize("size", [0, 1, 11, 0xFFFFFFFF])
def test_a_wav_that_lies_about_its_size_is_one_part(size: int) -> None:
    data = bytearray(encoded(ONE))
    data[4:8] = size.to_bytes(4, "little")
    (part,) = parts(bytes(data))
    assert (part.start, part.stop) == (0, len(data))
