"""More than 300 files that are wrong in some way, or unusual, and are named like recordings."""

import io
import pickle
import struct
import wave
import zipfile
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

import numpy as np
import soundfile
from PIL import Image

RATES = (4_000, 8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000, 192_000, 384_000)
CHANNELS = (1, 2, 3, 8)
SUBTYPES = {
    "wav": (
        "PCM_U8",
        "PCM_16",
        "PCM_24",
        "PCM_32",
        "FLOAT",
        "DOUBLE",
        "ULAW",
        "ALAW",
        "IMA_ADPCM",
        "MS_ADPCM",
    ),
    "flac": ("PCM_S8", "PCM_16", "PCM_24"),
    "ogg": ("VORBIS", "OPUS"),
    "aiff": ("PCM_S8", "PCM_16", "PCM_24", "FLOAT"),
    "mp3": ("MPEG_LAYER_III",),
}
NAMES = (
    "with spaces in it.wav",
    "имя файла.wav",
    "文件名.wav",
    "emoji-😀.wav",
    "-rf.wav",
    "--help.wav",
    "%00.wav",
    "%2e%2e%2fpasswd.wav",
    "$(reboot).wav",
    "a;b|c&d.wav",
    "quote'and\"double.wav",
    "new\nline.wav",
    "\u202egnp.wav",
    ".hidden.wav",
    "no-ending",
    "x" * 240 + ".wav",
)

Made = tuple[str, bytes | Callable[[], bytes]]  # name, and contents, or what makes them where that takes long


def write_all(folder: Path, voice: np.ndarray, step: int = 1) -> list[Path]:
    """Write hostile files below `folder`, all or one of every `step` -> their paths.

    `voice` is float32 [n] at 16 kHz, some seconds of it.
    """
    paths = []
    for number, (name, contents) in enumerate(everything(voice)):
        if number % step:
            continue
        path = folder / f"{number:03d}" / name
        path.parent.mkdir()
        path.write_bytes(contents() if callable(contents) else contents)
        paths.append(path)
    return paths


def everything(voice: np.ndarray) -> Iterator[Made]:
    """Every hostile file, the same each time."""
    for makers in (formats, signals, lengths, headers, truncated, disguised):
        yield from makers(voice)
    good = encoded(voice, 16_000, "wav", "PCM_16")
    yield from ((name, good) for name in NAMES)


def encoded(samples: np.ndarray, rate: int, kind: str, subtype: str) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, rate, subtype, format=kind.upper())
    return file.getvalue()


def formats(voice: np.ndarray) -> Iterator[Made]:
    """Every coding at every rate and number of channels that its format allows."""
    for (kind, subtypes), rate, channels in product(SUBTYPES.items(), RATES, CHANNELS):
        for subtype in subtypes[:: 1 if (rate, channels) in ((16_000, 1), (48_000, 2)) else 3]:
            if kind in ("ogg", "mp3") and (channels > 2 or not 8_000 <= rate <= 48_000):
                continue  # libsndfile itself writes no such file, and may crash when it tries
            try:
                encoded(np.zeros((1, channels)), rate, kind, subtype)
            except soundfile.SoundFileError:
                continue  # the format does not allow it

            def make(
                rate: int = rate, channels: int = channels, to: tuple[str, str] = (kind, subtype)
            ) -> bytes:
                return encoded(np.repeat(np.resize(voice, rate)[:, None], channels, axis=1), rate, *to)

            yield f"{subtype}-{rate}-{channels}.{kind}", make


def signals(voice: np.ndarray) -> Iterator[Made]:
    """Sounds of which no face should come, or one that does not depend on what is wrong."""
    seconds = np.arange(32_000) / 16_000
    sounds: dict[str, np.ndarray] = {
        "silence": np.zeros(32_000),
        "dc": np.full(32_000, 0.7),
        "square": np.sign(np.sin(2 * np.pi * 100 * seconds)),
        "clipped": np.clip(voice * 1000, -1, 1),
        "faint": voice * 1e-7,
        "impulse": np.eye(1, 32_000, 16_000)[0],
        "noise": np.random.default_rng(0).uniform(-1, 1, 32_000),
        "beyond-one": voice * 1e30,
        "nan": np.where(np.arange(voice.size) % 100 == 0, np.nan, voice),
        "all-nan": np.full(32_000, np.nan),
        "infinite": np.where(np.arange(voice.size) % 100 == 0, np.inf, voice),
        "denormal": np.full(32_000, 1e-310),
    }
    for name, sound in sounds.items():
        for subtype in ("FLOAT", "DOUBLE"):
            yield f"{name}-{subtype}.wav", encoded(sound.astype(np.float64), 16_000, "wav", subtype)
    yield "antiphase.wav", encoded(np.stack([voice, -voice], axis=1), 16_000, "wav", "PCM_16")
    yield "one-channel-silent.wav", encoded(np.stack([voice, 0 * voice], axis=1), 16_000, "wav", "PCM_16")


def lengths(voice: np.ndarray) -> Iterator[Made]:
    """From nothing to three hours."""
    for samples in (0, 1, 2, 160, 399, 400, 7_999, 8_000):
        yield f"{samples}-samples.wav", encoded(voice[:samples], 16_000, "wav", "PCM_16")
    yield "three-hours.ogg", lambda: three_hours(voice)


def three_hours(voice: np.ndarray) -> bytes:
    file = io.BytesIO()
    with soundfile.SoundFile(file, "w", 8_000, 1, "VORBIS", format="OGG") as recording:
        for _ in range(3 * 60 * 6):
            recording.write(
                np.resize(voice[::2], 10 * 8_000)
            )  # not at once: libsndfile may crash on long ones
    return file.getvalue()


def headers(voice: np.ndarray) -> Iterator[Made]:
    """A WAV whose header lies about one thing."""
    good = bytearray(encoded(voice, 16_000, "wav", "PCM_16"))
    fields = {  # where it lies, and how it is packed
        "riff-size": (4, "<I"),
        "fmt-size": (16, "<I"),
        "format": (20, "<H"),
        "channels": (22, "<H"),
        "rate": (24, "<I"),
        "bytes-a-second": (28, "<I"),
        "block": (32, "<H"),
        "bits": (34, "<H"),
        "data-size": (40, "<I"),
    }
    for name, (place, packed) in fields.items():
        largest = 256 ** struct.calcsize(packed) - 1
        for value in (0, 1, 7, largest // 2, largest):
            lie = bytearray(good)
            struct.pack_into(packed, lie, place, value)
            yield f"{name}-{value}.wav", bytes(lie)
    for place in range(0, 44, 4):
        yield f"no-chunk-at-{place}.wav", bytes(good[:place] + b"\0\0\0\0" + good[place + 4 :])
    yield "header-alone.wav", bytes(good[:44])
    yield "header-twice.wav", bytes(good[:44] + good)
    yield "rubbish-behind.wav", bytes(good) + bytes(range(256)) * 100


def truncated(voice: np.ndarray) -> Iterator[Made]:
    """Files that break off."""
    for kind, subtypes in SUBTYPES.items():
        whole = encoded(voice, 16_000, kind, subtypes[0] if kind != "wav" else "PCM_16")
        for share in (0.001, 0.01, 0.1, 0.5, 0.9, 0.999):
            yield f"{share:g}.{kind}", whole[: int(len(whole) * share)]


def disguised(voice: np.ndarray) -> Iterator[Made]:
    """What is no recording, under a recording's name."""
    pictures: dict[str, Callable[[], bytes]] = {
        kind: lambda kind=kind: picture(kind) for kind in ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF")
    }
    for kind, make in pictures.items():
        yield f"{kind.lower()}.wav", make()
        yield f"{kind.lower()}.mp3", make()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("../../voice.wav", b"\0" * 10_000_000)
    yield "archive.wav", archive.getvalue()
    others = {
        "empty": b"",
        "one-byte": b"\0",
        "text": b"RIFF is a word, WAVE is another",
        "html": b"<html><script>alert(1)</script></html>",
        "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        "playlist": b"#EXTM3U\n#EXTINF:-1,\nfile:///etc/passwd\nhttp://127.0.0.1:1/x.wav\n",
        "concat": b"ffconcat version 1.0\nfile /etc/passwd\n",
        "elf": b"\x7fELF" + bytes(200),
        "pickle": pickle.dumps({"voice": [0.0] * 100}),
        "zeros": bytes(100_000),
        "ones": b"\xff" * 100_000,
        "random": np.random.default_rng(0).bytes(100_000),
    }
    for name, contents in others.items():
        for kind in ("wav", "mp3", "m4a", "webm", "flac", "ogg"):
            yield f"{name}.{kind}", contents
    silent = io.BytesIO()
    with wave.open(silent, "wb") as recording:
        recording.setparams((1, 2, 16_000, 0, "NONE", ""))
    yield "no-frames.wav", silent.getvalue()


def picture(kind: str) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(file, kind)
    return file.getvalue()
