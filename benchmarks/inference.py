"""What one clip, a strip of six faces and a live update cost, beside the baseline, of the two models that there are."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import soundfile
import torch

from benchmarks import baseline
from benchmarks.timing import Roofline, Row, Table, compare, in_turns
from benchmarks.work import face_work, paper_model
from tests.support.browser import EXAMPLES
from v2f.audio import SAMPLE_RATE, keep_speech, read_audio
from v2f.audio.features import BINS, FRAMES_PER_SECOND, MEL_BINS, REACHED, _filterbank
from v2f.audio.front_ends import FRONT_ENDS
from v2f.models import Model, Runtime, load
from v2f.pipeline import DURATIONS, VoiceToFace

SECONDS = 12  # of the clip, so that no two of its strip's six faces are the same
ROUNDS = 15
UPDATE = SAMPLE_RATE * 3 // 20  # samples from one live update to the next, as the page asks for them


class Baseline(baseline.BaselineInference):
    """From samples to a face."""

    def __init__(self, model: Model) -> None:
        super().__init__(model, torch.device("cpu"))
        self.encoder_name, self.filters = model.config.encoder, filterbank()

    def from_samples(self, waveform: np.ndarray) -> np.ndarray:
        """Samples [n] at 16 kHz -> uint8 [64, 64, 3]."""
        speech = keep_speech(waveform)
        if self.encoder_name == "table2":
            return self.face(baseline.log_mel(speech, self.filters))
        return self.face(FRONT_ENDS[self.encoder_name].features(speech))  # there is no plainer one


def measure(weights: str | None = None) -> Iterator[Table]:
    """Table 2's networks, whose values make no difference to the time, and the weights given, or bundled."""
    runtime = Runtime.choose("cpu")
    roofline = Roofline.measure(runtime)
    yield "Peaks", roofline.rows()
    yield "Table 2's networks", rows(paper_model, runtime, roofline)
    yield "The bundled model" if weights is None else weights, rows(lambda: load(weights), runtime, roofline)


def filterbank() -> np.ndarray:
    """The log-mel's filters of all bins [513, 64]."""
    filters = np.zeros((BINS, MEL_BINS))
    filters[REACHED] = _filterbank(torch.device("cpu")).numpy()
    return filters


def rows(make: Callable[[], Model], runtime: Runtime, roofline: Roofline) -> list[Row]:
    """A clip to its face, a clip to a strip of six, and one more update of a recording in progress."""
    engine, plain = VoiceToFace(make(), runtime), Baseline(make())
    waveform = read_audio(EXAMPLES[0], SECONDS)
    live = engine.live()
    live.add(waveform)
    pieces = cycle(np.split(waveform, range(UPDATE, waveform.size, UPDATE)))

    def update() -> None:
        live.add(next(pieces))
        live.face()

    with TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.wav"
        soundfile.write(clip, waveform, SAMPLE_RATE, "PCM_16")

        def baseline_strip() -> None:
            whole = read_audio(clip)
            for seconds in (*DURATIONS, SECONDS):
                plain.from_samples(whole[: seconds * SAMPLE_RATE])

        measures: Mapping[str, tuple[Callable[[], object], Callable[[], object], Sequence[int]]] = {
            "clip to face": (
                lambda: engine.face(clip),
                lambda: plain.from_samples(read_audio(clip)),
                [SECONDS],
            ),
            "clip to strip of six": (lambda: engine.strip(clip), baseline_strip, (*DURATIONS, SECONDS)),
            "live update": (update, lambda: plain.from_samples(live.waveform), [SECONDS]),
        }
        result = []
        for name, (ours, baseline_way, seconds) in measures.items():
            took = in_turns({"ours": ours, "baseline": baseline_way}, ROUNDS)
            frames = [second * FRAMES_PER_SECOND for second in seconds]
            result.append(compare(name, took, face_work(make(), frames, runtime), roofline))
    return result
