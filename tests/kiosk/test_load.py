"""More visitors than the kiosk keeps up with: they wait, get in by themselves in order, and see nobody else's face."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from threading import Event

import httpx
import numpy as np
import pytest
import soundfile

import v2f
from benchmarks.crowd import Connection
from tests.kiosk.booth_service.asking import like
from tests.kiosk.conftest import OpenKiosk
from tests.support.browser import EXAMPLES
from v2f.audio import SAMPLE_RATE
from v2f.kiosk.wire import encode_face, encode_samples
from v2f.pipeline import VoiceToFace

VISITORS, SPEAKERS = 50, 12
PIECE = 8_000  # samples, half a second


@pytest.fixture(scope="module")
def voices() -> list[np.ndarray]:
    """Two seconds of its own for each visitor, as they arrive: in 16 bits."""
    clips = [soundfile.read(clip, dtype="int16")[0] for clip in EXAMPLES]
    starts = np.linspace(0, 8 * 16_000, VISITORS // len(clips) + 1).astype(int)
    cut = [clip[start : start + 32_000] for start in starts for clip in clips][:VISITORS]
    return [voice.astype(np.float32) / 32768 for voice in cut]


def test_fifty_at_once_wait_their_turn_and_get_their_own_face(
    open_kiosk: OpenKiosk, voices: list[np.ndarray], weights: Path
) -> None:
    kiosk = open_kiosk("--speakers", str(SPEAKERS), "--exact")
    engine: VoiceToFace = v2f.load(weights, device="cpu", exact=True)
    places: dict[int, int] = {}  # in the queue, of each visitor who had to wait
    entered: list[int] = []

    def visit(number: int) -> dict:
        connection, ticket = Connection(kiosk), None
        time.sleep(0.02 * number)  # one after the other, so that there is an order
        while "waiting" in (answer := connection.call("start_recording", seconds=2, ticket=ticket)):
            places.setdefault(number, answer["waiting"]["ahead"])
            assert answer["waiting"]["seconds"] >= 1
            ticket = answer["waiting"]["ticket"]
            time.sleep(0.2)
        entered.append(number)
        token = answer["session"]
        for start in range(0, 32_000, PIECE):
            samples = encode_samples(voices[number][start : start + PIECE])
            assert "problem" not in connection.call("update_recording", session=token, samples=samples)
        result = connection.call("finish_recording", session=token)
        connection.call("forget", sessions=[token])
        return result

    with ThreadPoolExecutor(VISITORS) as threads:
        results = list(threads.map(visit, range(VISITORS)))
    assert len(places) >= VISITORS - 2 * SPEAKERS, "most had to wait"
    in_turn = [number for number in entered if number in places]
    moved = max(abs(place - in_turn.index(number)) for place, number in enumerate(sorted(in_turn)))
    assert moved <= SPEAKERS, "they came in order, but for those who asked at the same moment"
    for voice, result in zip(voices, results, strict=True):
        assert like(result["whole"], encode_face(engine.strip(voice, rate=SAMPLE_RATE)[-1]))


def test_a_flood_of_requests_leaves_a_visitor_the_face(
    open_kiosk: OpenKiosk, voices: list[np.ndarray], weights: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    kiosk = open_kiosk("--exact")
    engine: VoiceToFace = v2f.load(weights, device="cpu", exact=True)
    over, sent, waits = Event(), Counter[str](), list[float]()

    def flood(kind: str) -> None:
        with httpx.Client(base_url=kiosk.address, timeout=60) as client:
            while not over.is_set():
                match kind:
                    case "page":
                        client.get("/").raise_for_status()
                    case "config":
                        client.get("/config").raise_for_status()
                    case "nonsense":
                        assert client.post("/gradio_api/queue/join", json={"data": kind}).status_code < 500
                    case "upload":
                        files = {"files": ("noise.mp3", b"ID3" + bytes(200_000))}
                        [path] = client.post("/gradio_api/upload", files=files).raise_for_status().json()
                        answer = Connection(kiosk).call("read_upload", path=path)
                        assert answer == {"problem": "unreadable"}
                sent[kind] += 1

    with ThreadPoolExecutor(8) as threads:
        floods = [threads.submit(flood, kind) for kind in ("page", "config", "nonsense", "upload") * 2]
        visitor, results = Connection(kiosk), []
        try:
            for voice in voices[:3]:
                token = visitor.call("start_recording", seconds=2)["session"]
                for start in range(0, 32_000, PIECE):
                    began = time.monotonic()
                    visitor.call(
                        "update_recording",
                        session=token,
                        samples=encode_samples(voice[start : start + PIECE]),
                    )
                    waits.append(time.monotonic() - began)
                results.append(visitor.call("finish_recording", session=token))
                visitor.call("forget", sessions=[token])
        finally:  # else the pool would wait for the floods for ever
            over.set()
        for one in floods:
            one.result()
    for voice, result in zip(voices[:3], results, strict=True):
        assert like(result["whole"], encode_face(engine.strip(voice, rate=SAMPLE_RATE)[-1]))
    assert not kiosk.files() and min(sent.values()) > 0
    with capfd.disabled():
        print(f"\n{dict(sent)}; live faces took {median(waits):.2f} s, at most {max(waits):.2f}")
