"""After Forget nothing of a visitor is left: not in the server's memory, nor in its files."""

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import numpy as np
import psutil
import pytest
import soundfile

from tests.kiosk.conftest import OpenKiosk
from tests.support.browser import EXAMPLES, Kiosk, free_port

RATE = 16_000
PLACES = (0.2, 0.5, 0.8)  # of the recording, where patterns are taken
PATTERN_SAMPLES = 24


class Visitor:
    """Somebody who records, uploads a file, and asks for what can be asked of the result."""

    def __init__(self, kiosk: Kiosk) -> None:
        self.client = httpx.Client(base_url=kiosk.address, timeout=60)
        parts = self.client.get("/config").json()["components"]
        [self.page] = [part["id"] for part in parts if part["type"] == "html"]
        self.tokens: list[str] = []

    def ask(self, name: str, **question: object) -> dict:
        body = {"data": question, "component_id": self.page, "session_hash": "visitor", "fn_name": name}
        return self.client.post("/gradio_api/component_server", json=body).raise_for_status().json()

    def record(self, samples: np.ndarray) -> None:
        token = self.ask("start_recording", seconds=10)["session"]
        for piece in np.array_split(samples, 40):
            text = base64.b64encode(piece.tobytes()).decode()
            self.ask("update_recording", session=token, samples=text)
        assert self.ask("finish_recording", session=token)["seconds"] > 5
        self.tokens.append(token)

    def upload(self, file: Path) -> None:
        with file.open("rb") as opened:
            [path] = self.client.post("/gradio_api/upload", files={"files": (file.name, opened)}).json()
        self.tokens.append(self.ask("read_upload", path=path)["session"])

    def play(self) -> None:
        for token in self.tokens:
            self.ask("noise_strip", session=token, kind="pink", snr=5)
            self.ask("noise_mix", session=token, kind="pink", snr=30)
            self.ask("nearby_faces", session=token)
            self.ask("log_mel", session=token)
            self.ask("why", session=token)
            self.ask("pitched_faces", session=token)
            self.ask("critic_scores", session=token)
            self.ask("find_voice", played=[], session=token, mine=True)
            self.ask("interpolate", first=token, second=self.tokens[0])

    def take_home(self) -> bytes:
        """The card, fetched as a phone does."""
        card = self.ask("make_card", session=self.tokens[0], language="en")
        path = urlsplit(card["address"]).path
        return self.client.get(path, headers={"host": "cards.example"}).raise_for_status().content

    def forget(self) -> None:
        self.ask("forget", sessions=self.tokens)


@pytest.fixture
def samples() -> np.ndarray:
    """Six seconds of a voice, int16, with noise on it that is nowhere else."""
    voice, _ = soundfile.read(EXAMPLES[0], frames=6 * RATE)
    noisy = voice + np.random.default_rng(20261126).normal(0, 0.01, voice.size)
    return (np.clip(noisy, -1, 1) * 32767).astype("<i2")


def patterns(samples: np.ndarray) -> Iterator[bytes]:
    """Parts of a recording as they may lie in memory: 16-bit, float32, float64, and base64 of 16-bit."""
    for place in PLACES:
        start = int(len(samples) * place) // 3 * 3
        part = samples[start : start + PATTERN_SAMPLES]
        yield part.tobytes()
        yield (part / 32768).astype(np.float32).tobytes()
        yield (part / 32768).astype(np.float64).tobytes()
        yield base64.b64encode(part.tobytes())


def parts_of(picture: bytes) -> Iterator[bytes]:
    """Parts of a card as they may lie in memory: as they are, and in base64."""
    for place in PLACES:
        start = int(len(picture) * place) // 3 * 3
        part = picture[start : start + 2 * PATTERN_SAMPLES]
        yield part
        yield base64.b64encode(part)


def found_in_memory(kiosk: Kiosk, wanted: list[bytes]) -> int:
    """How many of the patterns are somewhere in the writable memory of the kiosk's process, or of those it started."""
    kiosk_process = psutil.Process(kiosk.process.pid)
    processes = [kiosk_process, *kiosk_process.children(recursive=True)]
    assert len(processes) > 1, "there is the one that forks decoders"
    return len({pattern for process in processes for pattern in in_memory_of(process.pid, wanted)})


def in_memory_of(number: int, wanted: list[bytes]) -> Iterator[bytes]:
    process = Path("/proc", str(number))
    with (process / "mem").open("rb", buffering=0) as memory:
        for line in (process / "maps").read_text().splitlines():
            if not (region := re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line)):
                continue
            first, last = (int(bound, 16) for bound in region.groups())
            try:
                memory.seek(first)
                contents = memory.read(last - first)
            except OSError:
                continue
            yield from (pattern for pattern in wanted if pattern in contents)


def test_after_forget_no_byte_of_a_visitor_is_left(
    open_kiosk: OpenKiosk, samples: np.ndarray, tmp_path: Path
) -> None:
    kiosk, wanted = open_kiosk("--card-address", "https://cards.example"), list(patterns(samples))
    soundfile.write(tmp_path / "voice.wav", samples, RATE)
    visitor = Visitor(kiosk)
    visitor.record(samples)
    visitor.upload(tmp_path / "voice.wav")
    visitor.play()
    picture = visitor.take_home()
    wanted += list(parts_of(picture))
    assert found_in_memory(kiosk, list(parts_of(picture))) > 0, "the card is in memory"
    assert found_in_memory(kiosk, wanted) > 0, "the search finds what is there"
    visitor.forget()
    visitor.client.close()
    other = Visitor(kiosk)
    for _ in range(3):
        other.ask("noise_study")
        other.ask("find_voice", played=[])
    assert found_in_memory(kiosk, wanted) == 0
    assert not kiosk.files()


def test_the_hosts_page_knows_nothing_of_a_visitor_and_its_button_forgets_as_they_would(
    open_kiosk: OpenKiosk, samples: np.ndarray
) -> None:
    port = free_port()
    kiosk, wanted = open_kiosk("--status-port", str(port)), list(patterns(samples))
    visitor = Visitor(kiosk)
    visitor.ask("count_visit")
    visitor.record(samples)
    text = httpx.get(f"http://127.0.0.1:{port}").text
    assert "<dd>1</dd>" in text and "data:" not in text
    assert not [token for token in visitor.tokens if token in text]
    assert found_in_memory(kiosk, wanted) > 0, "the search finds what is there"
    assert httpx.post(f"http://127.0.0.1:{port}/reset").status_code == 303
    visitor.client.close()
    for _ in range(3):
        Visitor(kiosk).ask("noise_study")
    assert found_in_memory(kiosk, wanted) == 0
