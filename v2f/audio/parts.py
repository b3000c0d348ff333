"""Where the recordings begin that a file holds one after the other: `cat` and some recorders join them.

A decoder takes the first for the whole. So a file is cut into ranges of bytes that each can be decoded by itself. An
MP3 is cut also behind what is no sound: damage, a tag, a cover picture.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from mmap import mmap

Bytes = mmap | bytes

# Bit 11 of a WavPack block's flags: of blocks that hold the channels of one recording side by side, it is the first.
WAVPACK_INITIAL = b"[%s]" % b"".join(b"\\x%02x" % byte for byte in range(256) if byte & 8)

# How recordings begin, by container: bytes to look for, how far they lie behind the beginning, and all of it.
BEGINNINGS = [
    (find, behind, re.compile(whole, re.DOTALL))
    for find, behind, whole in (
        (b"fLaC", 0, rb"fLaC[\x00\x80]\x00\x00\x22"),
        (b"WAVE", 8, rb"(?:RIFF|RIFX|RF64).{4}WAVE"),
        (b"OggS\0\x02", 0, rb"OggS\x00\x02\x00{8}"),
        (b"ftyp", 4, rb"\x00\x00\x00.ftyp[\w ]{3}"),
        (b"\x1aE\xdf\xa3", 0, rb"\x1aE\xdf\xa3.{1,60}(?:webm|matroska)"),
        (b"#!AMR", 0, rb"#!AMR(?:-WB)?\n"),
        (b"AIF", 8, rb"FORM.{4}AIF[FC]"),
        (b".snd\0\0", 0, rb"\.snd\x00\x00.{7}\x00\x00[\x01-\x1f]"),
        (b"FLV\x01", 0, rb"FLV\x01[\x01\x04\x05]\x00\x00\x00\x09"),
        (b"caff\0\x01", 0, rb"caff\x00\x01"),
        (b"wvpk", 0, rb"wvpk.{4}[\x02-\x10]\x04\x00.{5}\x00{4}(?!\x00{4}).{5}" + WAVPACK_INITIAL),
        (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", 0, rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9"),
    )
]
TAG = re.compile(rb"ID3[\x02-\x04].{2}([\x00-\x7f]{4})", re.DOTALL)
FRAMES_IN_A_ROW = 3  # of MP3, that no junk looks like


@dataclass(frozen=True)
class Part:
    """A range of bytes that can be decoded by itself; `seconds` of sound, where they were counted or are promised."""

    start: int
    stop: int
    seconds: float | None = None
    promised: float | None = None


def parts(data: Bytes) -> Iterator[Part]:
    """The parts of a file, in order, found as they are asked for; one that covers all of it for an unknown format."""
    start = _behind_tags(data, 0)
    if _frame(data, start):
        yield from _mp3_parts(data)
        return
    kinds = [kind for kind in BEGINNINGS if kind[2].match(data, start)]
    if not kinds:
        yield Part(0, len(data))
        return
    (find, behind, whole), begin = kinds[0], 0
    while begin < len(data):
        at = _search_from(data, max(begin, start))
        while True:
            at = data.find(find, at + 1)
            if at < 0 or whole.match(data, at - behind) and not _is_beside(data, at):
                break
        stop = len(data) if at < 0 else at - behind
        yield Part(begin, stop)
        begin = stop


def _search_from(data: Bytes, start: int) -> int:
    """From where the next recording is looked for: behind a RIFF file that says its size, for speed."""
    size = int.from_bytes(data[start + 4 : start + 8], "little")
    known = data[start : start + 4] == b"RIFF" and 0 < size < len(data) - start
    return start + max(size, 12) if known else start + 12


def _is_beside(data: Bytes, page: int) -> bool:
    """Whether an Ogg page that begins a stream follows another such: these streams are one recording."""
    before = data.rfind(b"OggS", max(0, page - 65_307), page)
    return before >= 0 and bool(data[before + 5] & 2) and _page_end(data, before) == page


def _page_end(data: Bytes, page: int) -> int:
    count = data[page + 26]
    return page + 27 + count + sum(data[page + 27 : page + 27 + count])


def _behind_tags(data: Bytes, at: int) -> int:
    """The end of the ID3v2 tags that begin here, if any do."""
    while tag := TAG.match(data, at):
        size = 0
        for byte in tag[1]:
            size = size << 7 | byte
        at += 10 + size
    return at


# MP3


@lru_cache(maxsize=1)
def _frame_headers() -> dict[bytes, tuple[int, int, int]]:
    """The second and third byte of every frame header of MPEG audio -> bytes, samples and rate of the frame."""
    kilobits = {
        (1, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
        (1, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
        (1, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
        (2, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
        (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
        (2, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    }
    headers = {}
    for version, divisor in ((3, 1), (2, 2), (0, 4)):  # MPEG 1, 2, 2.5
        for layer in (1, 2, 3):
            family = 1 if version == 3 else 2
            samples = 384 if layer == 1 else 576 if layer == 3 and family == 2 else 1152
            for i, kilobit in enumerate(kilobits[family, layer], 1):
                for j, full_rate in enumerate((44_100, 48_000, 32_000)):
                    for padding in (0, 1):
                        rate, slot = full_rate // divisor, 4 if layer == 1 else 1
                        size = (samples // 8 * kilobit * 1000 // rate // slot + padding) * slot
                        for protection in (0, 1):
                            second = 0xE0 | version << 3 | (4 - layer) << 1 | protection
                            for private in (0, 1):
                                third = i << 4 | j << 2 | padding << 1 | private
                                headers[bytes((second, third))] = size, samples, rate
    return headers


def _frame(data: Bytes, at: int) -> tuple[int, int, tuple[int, int, int, bool]] | None:
    """The frame of MPEG audio that begins here -> bytes, samples, and its format; None where none begins."""
    header = data[at : at + 4]
    if len(header) < 4 or header[0] != 0xFF:
        return None
    found = _frame_headers().get(header[1:3])
    if not found:
        return None
    size, samples, rate = found
    return size, samples, (header[1] >> 1 & 3, samples, rate, header[3] >> 6 == 3)


def _mp3_parts(data: Bytes) -> Iterator[Part]:
    """Runs of frames of one format, of which none but the first describes the whole."""
    at = _next_run(data, 0)
    begin = 0 if at == _behind_tags(data, 0) else at
    while at < len(data):
        first = _frame(data, at)
        assert first, "a run begins with a frame"
        kind, promised, samples = first[2], _promised(data, at), 0
        while (frame := _frame(data, at)) and frame[2] == kind:
            if samples and _promised(data, at) is not None:
                break
            samples += frame[1]
            at += frame[0]
        end = min(at, len(data))
        at = _next_run(data, end)
        yield Part(begin, end if at < len(data) else len(data), samples / kind[2], promised)
        begin = at


def _follows(data: Bytes, at: int) -> bool:
    """Whether as many frames follow one another here that it can be no chance; fewer at the end of the file."""
    kind = None
    for _ in range(FRAMES_IN_A_ROW):
        frame = _frame(data, at)
        if not frame or (kind and frame[2] != kind):
            return kind is not None and at >= len(data)
        kind = frame[2]
        at += frame[0]
    return True


def _next_run(data: Bytes, at: int) -> int:
    """Where frames begin again, behind any tag; the end of the file where none do."""
    at = _behind_tags(data, at)
    tag = data.find(b"ID3", at)
    while (at := data.find(b"\xff", at)) >= 0:
        while 0 <= tag < at:  # what lies in a tag are no frames: a cover picture looks like some
            behind = _behind_tags(data, tag)
            at = max(at, behind)
            tag = data.find(b"ID3", max(tag + 1, behind))
        if _frame(data, at) and _follows(data, at):
            return at
        at += 1
    return len(data)


def _promised(data: Bytes, at: int) -> float | None:
    """Seconds of the recording, as its first frame may tell in place of sound."""
    described = re.search(rb"Xing|Info", data[at + 4 : at + 44])
    frame = _frame(data, at)
    if not described or not frame:
        return None
    place = at + 4 + described.end()
    flags, frames = (int.from_bytes(data[i : i + 4], "big") for i in (place, place + 4))
    _, samples, (_, _, rate, _) = frame
    return frames * samples / rate if flags & 1 else 0.0
