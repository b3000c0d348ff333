"""How many visitors can speak at once before the faces fall behind them.

The kiosk runs as it is, in a process of its own, and is sent over HTTP what its page sends, at the page's pace
(static/transfer.js). No browser takes part: sixteen of them on the machine that serves would be measured instead, and
visitors bring their own. So a face is there when its answer is; `benchmarks kiosk` measures painting.
"""

import http.client
import json
import math
import select
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise

from benchmarks.timing import Row, Table, fact, percentile, shown
from tests.support.browser import EXAMPLES, PATIENCE, Kiosk, serving
from v2f.audio import FRAME, SAMPLE_RATE, read_audio
from v2f.kiosk.wire import encode_samples
from v2f.pipeline import DURATIONS, Waveform

CROWDS = (1, 2, 4, 8, 16, 32)
SECONDS = 10  # that everybody speaks for
REPEATS = 2
UPDATE = 15 * SAMPLE_RATE // 100  # samples at least from one live update to the next; the page's
LARGEST_GAP = 0.25  # seconds between live faces, the median; four a second
LARGEST_DELAY = 0.4  # seconds from the last sound of a duration to its face, the 95th percentile


@dataclass
class Latencies:
    """Seconds between one live face and the next, and from a duration's last sound to its face; inf: it never came."""

    gaps: list[float] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)

    @property
    def in_time(self) -> bool:
        return percentile(self.gaps, 50) <= LARGEST_GAP and percentile(self.delays, 95) <= LARGEST_DELAY


class Connection:
    """A connection to the kiosk that stays open, as a browser's does, and is opened anew once the server closed it."""

    def __init__(self, kiosk: Kiosk) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", kiosk.port, timeout=PATIENCE)
        parts = json.loads(self._request("GET", "/config"))["components"]
        [self.page] = [part["id"] for part in parts if part["type"] == "html"]

    def call(self, name: str, **arguments: object) -> dict:
        """What the server answers to one of the page's calls."""
        body = {"data": arguments, "component_id": self.page, "session_hash": "bench", "fn_name": name}
        return json.loads(self._request("POST", "/gradio_api/component_server", json.dumps(body)))

    def start(self, seconds: float) -> str:
        """Start a recording, after waiting for a place as the page does -> the session's token."""
        ticket = None
        while "waiting" in (answer := self.call("start_recording", seconds=seconds, ticket=ticket)):
            ticket = answer["waiting"]["ticket"]
            time.sleep(1)
        return answer["session"]

    def _request(self, method: str, path: str, body: str | None = None) -> bytes:
        if self._closed_by_the_server():
            self.connection.close()  # http.client connects again by itself
        self.connection.request(method, path, body, {"Content-Type": "application/json"})
        return self.connection.getresponse().read()

    def _closed_by_the_server(self) -> bool:
        """Whether an idle connection has become readable: nothing was asked, so it can only be the end of it."""
        sock = self.connection.sock
        return sock is not None and bool(select.select([sock], [], [], 0)[0])


def measure(weights: str | None = None) -> Iterator[Table]:
    """Crowds that double until faces fall behind, then crowds between the last two; and how many are held."""
    crowds: dict[int, Latencies] = {}
    everybody = ["--speakers", str(2 * CROWDS[-1])]  # nobody waits: what is asked is how many there could be
    with serving(*everybody, *(["--weights", weights] if weights else [])) as kiosk:
        waveform = read_audio(EXAMPLES[0], SECONDS)
        crowd_speaks(kiosk, waveform, 1)  # from here on the kiosk is warm

        def holds(visitors: int) -> bool:
            crowds[visitors] = crowd_speaks(kiosk, waveform, visitors, REPEATS)
            return crowds[visitors].in_time

        held, behind = limits(holds, CROWDS)
    yield "Visitors who speak at once", [row(visitors, crowds[visitors]) for visitors in sorted(crowds)]
    yield "Held", [fact("visitors at once", str(held) if behind else f"{held} or more")]


def limits(holds: Callable[[int], bool], crowds: Sequence[int]) -> tuple[int, int | None]:
    """The largest crowd that is held, and the smallest that is not, one more; None where all are."""
    held, behind = 0, None
    for visitors in crowds:
        if not holds(visitors):
            behind = visitors
            break
        held = visitors
    while behind is not None and behind - held > 1:
        between = (held + behind) // 2
        held, behind = (between, behind) if holds(between) else (held, between)
    return held, behind


def crowd_speaks(kiosk: Kiosk, waveform: Waveform, visitors: int, repeats: int = 1) -> Latencies:
    """So many press Record at the same moment, so that their durations fall together."""
    everybody = Latencies()
    connections = [Connection(kiosk) for _ in range(visitors)]
    with ThreadPoolExecutor(visitors) as threads:
        for _ in range(repeats):
            for latencies in threads.map(lambda connection: speak(connection, waveform), connections):
                everybody.gaps += latencies.gaps
                everybody.delays += latencies.delays
    return everybody


def speak(connection: Connection, waveform: Waveform) -> Latencies:
    """A recording in progress, call by call, as the page makes it; then its result, which is not timed."""
    live: list[float] = []  # when live faces came, in seconds since the recording began
    faces: dict[int, float] = {}  # when each duration's face came
    durations = [duration for duration in DURATIONS if duration * SAMPLE_RATE <= waveform.size]
    session = connection.start(waveform.size / SAMPLE_RATE)
    start, sent, took = time.perf_counter(), 0, 0.0
    while sent < waveform.size:
        cut = min((d * SAMPLE_RATE for d in durations if d * SAMPLE_RATE > sent), default=waveform.size)
        wanted = min(cut, sent + UPDATE)
        time.sleep(max(0.0, wanted / SAMPLE_RATE - (time.perf_counter() - start)))
        asked = time.perf_counter()
        spoken = int((asked - start) * SAMPLE_RATE) // FRAME * FRAME
        until = min(cut, max(wanted, spoken))
        if 0 < cut - until < took * SAMPLE_RATE:  # a duration's face is not to wait for a live one
            time.sleep(max(0.0, cut / SAMPLE_RATE - (asked - start)))
            asked, until = time.perf_counter(), cut
        answer = connection.call(
            "update_recording", session=session, samples=encode_samples(waveform[sent:until])
        )
        now, sent, took = time.perf_counter() - start, until, time.perf_counter() - asked
        if "problem" in answer:
            break
        if answer["face"]:
            live.append(now)
        faces |= {duration: now for duration, face in answer["strip"] if face}
    connection.call("finish_recording", session=session)
    connection.call("forget", sessions=[session])
    delays = [faces.get(duration, math.inf) - duration for duration in durations]
    return Latencies([later - earlier for earlier, later in pairwise(live)], delays)


def row(visitors: int, latencies: Latencies) -> Row:
    return {
        "visitors at once": str(visitors),
        "between live faces": shown(percentile(latencies.gaps, 50)),
        "its 95th percentile": shown(percentile(latencies.gaps, 95)),
        "a face after its last sound": shown(percentile(latencies.delays, 50)),
        "the 95th percentile": shown(percentile(latencies.delays, 95)),
        "in time": "yes" if latencies.in_time else "**no**",
    }
