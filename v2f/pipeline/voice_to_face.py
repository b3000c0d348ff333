"""`VoiceToFace`: a recording goes in, a face comes out, with what is known about it.

The path is the paper's at test time (Sec. 3.1.3): features of all speech in the recording (log-mel, or what else the
voice encoder takes), the encoder averaged over time, the embedding made unit length, the generator. The paper's
strips (Sec. 4.1) cut prefixes of 1, 2, 3, 5 and 10 seconds from the recording; so does `strip`.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from v2f.audio import (
    FRAME,
    FRONT_ENDS,
    SAMPLE_RATE,
    bridge_gaps,
    decide,
    keep_speech,
    mix,
    read_audio,
    require_speech,
    to_waveform,
    whole_frames,
)
from v2f.errors import NoSpeechError
from v2f.models import Inference
from v2f.models.dvector import HeardWindows
from v2f.pipeline.live import LiveSession

DURATIONS = (1, 2, 3, 5, 10)  # seconds; Sec. 4.1
MAX_SECONDS = 600.0  # no more than this is used of a recording: a longer one tells nothing new about a voice

Clip = str | Path | NDArray[np.float32]


@dataclass(frozen=True)
class Face:
    """A face and where it came from.

    image: uint8 [64, 64, 3], RGB. embedding: float32 [64], unit length. score: the discriminator's
    probability that the image is a photograph, 0 to 1, or None for weights without a discriminator. seconds:
    speech kept. duration: audio it was made from, in seconds. timings: seconds spent in each stage, on all the
    faces that were made together.
    """

    image: NDArray[np.uint8]
    embedding: NDArray[np.float32]
    score: float | None
    seconds: float
    duration: float
    timings: dict[str, float]


class Stopwatch(dict[str, float]):
    """Seconds spent per named stage; a stage entered twice adds up."""

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self[name] = self.get(name, 0.0) + time.perf_counter() - start


class VoiceToFace(Inference):
    """The whole path from sound to face. Safe to share between threads: calls keep no state."""

    def face(self, clip: Clip, heard: HeardWindows | None = None) -> Face:
        """The face of a recording, used whole up to MAX_SECONDS.

        `clip` is an audio file, or samples [n] or [n, channels] at 16 kHz; for `heard` see `strip`. Raises
        UnreadableAudioError, and NoSpeechError when less than half a second of it is speech.
        """
        (face,) = self.strip(clip, (), heard)
        assert face, "strip raises where there is none"
        return face

    def strip(
        self, clip: Clip, durations: Sequence[float] = DURATIONS, heard: HeardWindows | None = None
    ) -> list[Face | None]:
        """One face per duration, from that much of the recording's start, and one from the whole; Sec. 4.1.

        An entry is None where the recording is shorter than its duration or holds too little speech by then;
        the last one is the whole recording's. All faces are generated in one batch. `heard` is what a
        `LiveSession` keeps from one call to the next. Raises as `face` does.
        """
        watch = Stopwatch()
        waveform = _read(clip, watch)
        with watch.stage("vad"):
            decisions = decide(waveform)
        return self._by_duration(waveform, decisions, durations, watch, heard)

    def noise_strip(
        self,
        clip: Clip | None,
        noise: NDArray[np.float32],
        snr_db: float | None,
        durations: Sequence[float] = DURATIONS,
    ) -> list[Face | None]:
        """As `strip`, for the noise alone when `snr_db` is None, else for the voice with noise mixed in.

        noise: samples [n] at 16 kHz. The noise alone goes past the voice detector, which would leave nothing
        of it. With a voice, the detector hears the clean voice, so that noise changes the sound of what is
        kept and not which part; `snr_db` is measured over the speech-bearing frames.
        """
        watch = Stopwatch()
        noise = to_waveform(noise, SAMPLE_RATE, MAX_SECONDS)
        if snr_db is None:
            return self._by_duration(noise, None, durations, watch)
        if clip is None:
            raise ValueError("a signal-to-noise ratio needs a voice")
        waveform = _read(clip, watch)
        with watch.stage("vad"):
            decisions = decide(waveform)
        mixed = mix(waveform, noise, snr_db, bridge_gaps(decisions))
        return self._by_duration(mixed, decisions, durations, watch)

    def live(self) -> LiveSession:
        """A recording in progress, for audio that arrives in pieces."""
        return LiveSession(self, MAX_SECONDS)

    def _by_duration(
        self,
        sound: NDArray[np.float32],
        decisions: NDArray[np.bool_] | None,
        durations: Sequence[float],
        watch: Stopwatch,
        heard: HeardWindows | None = None,
    ) -> list[Face | None]:
        """Faces of the prefixes of a sound [n], of those frames that the detector's decisions [n // 320] keep.

        All of it is kept where there are no decisions. The frames of a prefix are cut from the whole's.
        """
        front_end = FRONT_ENDS[self.model.config.encoder]
        stops = [round(duration * SAMPLE_RATE) for duration in durations]
        with watch.stage("features"):
            kept = sound if decisions is None else keep_speech(sound, bridge_gaps(decisions))
            require_speech(kept.size)
            whole = front_end.frames(kept)
            # Samples given and kept; a duration that is all there is shares this.
            kept_of = {sound.size: kept.size}
            for stop in stops:
                speech = stop if decisions is None else bridge_gaps(decisions[: stop // FRAME]).sum() * FRAME
                with suppress(NoSpeechError):
                    require_speech(speech)
                    if stop < sound.size:
                        kept_of[stop] = int(speech)
            features = [front_end.normalise(whole[:, : whole_frames(speech)]) for speech in kept_of.values()]
        with watch.stage("encoder"):
            embeddings = self.embed(features, heard)
        with watch.stage("generator"):
            images, scores = self.faces(embeddings)
        faces = {
            given: Face(
                image=images[i],
                embedding=embeddings[i],
                score=None if scores is None else float(scores[i]),
                seconds=speech / SAMPLE_RATE,
                duration=given / SAMPLE_RATE,
                timings=dict(watch),
            )
            for i, (given, speech) in enumerate(kept_of.items())
        }
        return [faces.get(stop) for stop in (*stops, sound.size)]


def _read(clip: Clip, watch: Stopwatch) -> NDArray[np.float32]:
    with watch.stage("read"):
        if isinstance(clip, np.ndarray):
            return to_waveform(clip, SAMPLE_RATE, MAX_SECONDS)
        return read_audio(clip, MAX_SECONDS)
