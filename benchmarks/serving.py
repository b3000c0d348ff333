"""How many visitors can speak at once before the faces fall behind them.

The kiosk runs as it is, in a process of its own, and is asked over HTTP what its page asks, at the page's pace and cut
as the page cuts (static/dialogue.js). There is no browser in it: sixteen Chromiums on the machine that serves would be
measured instead of the kiosk, and visitors bring their own. So a face is here when its answer is, not when it is
painted; `bench kiosk` measures painting, for one visitor and for three.
"""

import http.client
import json
import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise

from benchmarks.figures import percentile, told
from benchmarks.tables import Row, Titled, fact
from tests.support.browser import EXAMPLES, PATIENCE, Kiosk, serving
from v2f.audio import FRAME, SAMPLE_RATE, read_audio
from v2f.kiosk.wire import Waveform, encode
from v2f.pipeline import DURATIONS

CROWDS = (1, 2, 4, 8, 16, 32)
SECONDS = 10  # that everybody speaks for
REPEATS = 2
AT_LEAST = 15 * SAMPLE_RATE // 100  # samples worth a question; the page's
SLOWEST_UPDATES = 0.25  # seconds between live faces, the median; four a second
LATEST_FACES = 0.4  # seconds from the last sound of a duration to its face, the 95th percentile


@dataclass
class Heard:
    """Seconds between one live face and the next, and from a duration's last sound to its face; inf: it never came."""

    gaps: list[float] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)

    @property
    def in_time(self) -> bool:
        return percentile(self.gaps, 50) <= SLOWEST_UPDATES and percentile(self.delays, 95) <= LATEST_FACES


class Line:
    """A connection to the kiosk that stays open, as a browser's does."""

    def __init__(self, kiosk: Kiosk) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", kiosk.port, timeout=PATIENCE)
        parts = json.loads(self._request("GET", "/config"))["components"]
        [self.page] = [part["id"] for part in parts if part["type"] == "html"]

    def ask(self, name: str, **question: object) -> dict:
        """What Python answers to one of the page's questions."""
        body = {"data": question, "component_id": self.page, "session_hash": "bench", "fn_name": name}
        return json.loads(self._request("POST", "/gradio_api/component_server", json.dumps(body)))

    def _request(self, method: str, path: str, body: str | None = None) -> bytes:
        self.connection.request(method, path, body, {"Content-Type": "application/json"})
        return self.connection.getresponse().read()


def measure(weights: str | None = None, most: int = CROWDS[-1], seconds: int = SECONDS) -> list[Titled]:
    """Crowds that double until faces fall behind, then crowds between the last two; and how many are held."""
    crowds: dict[int, Heard] = {}
    with serving(*(["--weights", weights] if weights else [])) as kiosk:
        waveform = read_audio(EXAMPLES[0], seconds)
        crowd_speaks(kiosk, waveform, 1)  # from here on the kiosk is warm

        def holds(visitors: int) -> bool:
            crowds[visitors] = crowd_speaks(kiosk, waveform, visitors, REPEATS)
            return crowds[visitors].in_time

        held, behind = limits(holds, [crowd for crowd in CROWDS if crowd <= most])
    rows = [row(visitors, crowds[visitors]) for visitors in sorted(crowds)]
    number = str(held) if behind else f"{held} or more"
    return [("Serving, by visitors who speak at once", rows), ("Held", [fact("visitors at once", number)])]


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


def crowd_speaks(kiosk: Kiosk, waveform: Waveform, visitors: int, repeats: int = 1) -> Heard:
    """So many press Record at the same moment, so that their durations fall together -> what all of them saw."""
    all_heard = Heard()
    lines = [Line(kiosk) for _ in range(visitors)]
    with ThreadPoolExecutor(visitors) as threads:
        for _ in range(repeats):
            for heard in threads.map(lambda line: speak(line, waveform), lines):
                all_heard.gaps += heard.gaps
                all_heard.delays += heard.delays
    return all_heard


def speak(line: Line, waveform: Waveform) -> Heard:
    """A recording in progress, question by question, as the page tells it; then its result, which is not timed."""
    shown: list[float] = []  # when live faces came, in seconds since the recording began
    marked: dict[int, float] = {}  # when each duration's face came
    durations = [duration for duration in DURATIONS if duration * SAMPLE_RATE <= waveform.size]
    visit = line.ask("begin", seconds=waveform.size / SAMPLE_RATE)["visit"]
    began, told_samples = time.perf_counter(), 0
    while told_samples < waveform.size:
        cut = min(
            (d * SAMPLE_RATE for d in durations if d * SAMPLE_RATE > told_samples), default=waveform.size
        )
        wanted = min(cut, told_samples + AT_LEAST)
        time.sleep(max(0.0, wanted / SAMPLE_RATE - (time.perf_counter() - began)))
        spoken = int((time.perf_counter() - began) * SAMPLE_RATE) // FRAME * FRAME
        until = min(cut, max(wanted, spoken))
        answer = line.ask("listen", visit=visit, samples=encode(waveform[told_samples:until]))
        now, told_samples = time.perf_counter() - began, until
        if "problem" in answer:
            break
        if answer["face"]:
            shown.append(now)
        marked |= {duration: now for duration, face in answer["marks"] if face}
    line.ask("finish", visit=visit)
    line.ask("forget", visits=[visit])
    delays = [marked.get(duration, math.inf) - duration for duration in durations]
    return Heard([later - earlier for earlier, later in pairwise(shown)], delays)


def row(visitors: int, heard: Heard) -> Row:
    return {
        "visitors at once": str(visitors),
        "between live faces": told(percentile(heard.gaps, 50)),
        "its 95th percentile": told(percentile(heard.gaps, 95)),
        "a face after its last sound": told(percentile(heard.delays, 50)),
        "the 95th percentile": told(percentile(heard.delays, 95)),
        "in time": "yes" if heard.in_time else "**no**",
    }
