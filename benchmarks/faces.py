"""What one clip, a strip of faces and a live update cost, against the plain way and against what the machine could do.

The plain way is the paper read to the letter: float32, every prefix of a recording by itself from its samples on, the
detector's frame objects, a loop over frames for the log-mel, batch normalisation as a layer, one face at a time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import soundfile
import torch

import v2f
from benchmarks import plain
from benchmarks.drawing import PlainDrawing, drawing_work
from benchmarks.rates import Rates
from benchmarks.tables import Titled
from benchmarks.turns import beside, in_turns
from tests.support.browser import EXAMPLES
from v2f.audio import FRAMES_PER_SECOND, FRONT_ENDS, SAMPLE_RATE, normalise, read_audio
from v2f.models import Model, load
from v2f.pipeline import DURATIONS, LiveSession, VoiceToFace

SECONDS = 10  # of the clip
LONGER = 12  # seconds of the strip's clip, so that none of its six faces is another's
ROUNDS = 15
UPDATE = SAMPLE_RATE * 3 // 20  # samples from one live update to the next, as the page asks for them


class PlainWay(PlainDrawing):
    """The paper's path from samples to a face, step by step."""

    def __init__(self, model: Model) -> None:
        super().__init__(model, torch.device("cpu"))
        self.filters = plain.filterbank()
        self.of_public_encoder = model.config.encoder == "dvector"  # which takes what is plain already

    def face_of(self, waveform: np.ndarray) -> np.ndarray:
        """Samples [n] at 16 kHz -> uint8 [64, 64, 3]."""
        speech = plain.speech_of(waveform)
        if self.of_public_encoder:
            return self.face(FRONT_ENDS["dvector"].features(speech.astype(np.float32)))
        log_mel = torch.from_numpy(plain.log_mel_of(speech, self.filters).T).float()
        return self.face(normalise(log_mel))


@dataclass
class Measured:
    """One thing done in both ways, and the seconds of sound that each of its faces is made from."""

    name: str
    ours: Callable[[], object]
    plainly: Callable[[], object]
    seconds: Sequence[int]


def measure(kind: str, weights: str | None = None) -> list[Titled]:
    """A `clip` of ten seconds to its face, to a `strip` of six, or as one more `live` update of a recording."""
    engine, by_hand = v2f.load(weights), PlainWay(load(weights))
    rates = Rates.measure(engine.runtime)
    with TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.wav"
        seconds = LONGER if kind == "strip" else SECONDS
        soundfile.write(clip, read_audio(EXAMPLES[0], seconds), SAMPLE_RATE, "PCM_16")
        task = MEASURES[kind](engine, by_hand, clip)
        took = in_turns({"ours": task.ours, "plain": task.plainly}, ROUNDS)
    weight_bytes = 2 if engine.runtime.precision == "bf16" else 4
    work = drawing_work(
        load(weights), [seconds * FRAMES_PER_SECOND for seconds in task.seconds], weight_bytes
    )
    return [(task.name, [beside(task.name, took, work, rates)]), ("What the machine reaches", rates.rows())]


def clip_to_face(engine: VoiceToFace, by_hand: PlainWay, clip: Path) -> Measured:
    return Measured(
        "clip to face", lambda: engine.face(clip), lambda: by_hand.face_of(read_audio(clip)), [SECONDS]
    )


def clip_to_strip(engine: VoiceToFace, by_hand: PlainWay, clip: Path) -> Measured:
    def plainly() -> None:
        waveform = read_audio(clip)
        for duration in DURATIONS:
            by_hand.face_of(waveform[: duration * SAMPLE_RATE])
        by_hand.face_of(waveform)

    return Measured("clip to strip of six", lambda: engine.strip(clip), plainly, (*DURATIONS, LONGER))


def live_update(engine: VoiceToFace, by_hand: PlainWay, clip: Path) -> Measured:
    """An update hears what was said since the one before, so each is given more of the clip, said again and again."""
    waveform = read_audio(clip)
    live = LiveSession(engine.face, 6 * SECONDS)
    live.add(waveform)
    more = cycle(np.split(waveform, range(UPDATE, waveform.size, UPDATE)))

    def update() -> None:
        live.add(next(more))
        live.face()

    return Measured("live update at ten seconds", update, lambda: by_hand.face_of(waveform), [SECONDS])


MEASURES = {"clip": clip_to_face, "strip": clip_to_strip, "live": live_update}
