"""`VoiceToFace`: a recording goes in, a face comes out, with what is known about it.

The path is the paper's at test time (Sec. 3.1.3): speech-only log-mel features of the whole recording, the
voice encoder averaged over time, the embedding made unit length, the generator. The paper's strips (Sec. 4.1)
cut prefixes of 1, 2, 3, 5 and 10 seconds from the recording; so does `strip`.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from v2f.audio import (
    SAMPLE_RATE,
    detect_speech,
    features,
    keep_speech,
    mix,
    read_audio,
    to_waveform,
)
from v2f.errors import NoSpeechError
from v2f.models import Model, Runtime, unit
from v2f.models.networks import EMBEDDING_SIZE, IMAGE_SIZE
from v2f.pipeline.live import LiveSession

DURATIONS = (1, 2, 3, 5, 10)  # seconds; Sec. 4.1
MAX_SECONDS = 600.0  # no more than this is used of a recording: a longer one tells nothing new about a voice
BATCH = 128  # faces generated at once, to bound memory

Clip = str | Path | NDArray[np.float32]


@dataclass(frozen=True)
class Face:
    """A face and where it came from.

    image: uint8 [64, 64, 3], RGB. embedding: float32 [64], unit length. score: the discriminator's
    probability that the image is a photograph, 0 to 1, or None for weights without a discriminator. seconds:
    speech kept. duration: audio it was made from, in seconds. timings: seconds spent in each stage.
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


@dataclass(frozen=True)
class Speech:
    """What the encoder hears: normalised log-mel [64, frames]; seconds of speech kept and of audio given."""

    log_mel: Tensor
    seconds: float
    duration: float
    timings: Stopwatch


class VoiceToFace:
    """The whole path from sound to face. Safe to share between threads: calls keep no state."""

    def __init__(self, model: Model, runtime: Runtime | None = None) -> None:
        """Put the model on the runtime's device (by default the best there is), for inference only."""
        self.model = model
        self.runtime = runtime or Runtime.choose()
        self.runtime.place(model.encoder).eval()
        for network in (model.generator, model.trunk, model.discriminator):
            if network is not None:
                self.runtime.settle(network).eval()

    def face(self, clip: Clip) -> Face:
        """The face of a recording, used whole up to MAX_SECONDS.

        `clip` is an audio file, or samples [n] or [n, channels] at 16 kHz. Raises UnreadableAudioError, and
        NoSpeechError when less than half a second of it is speech.
        """
        waveform, timings = _read(clip)
        return self._draw([_hear(waveform, timings)])[0]

    def strip(self, clip: Clip, durations: Sequence[float] = DURATIONS) -> list[Face | None]:
        """One face per duration, from that much of the recording's start, and one from the whole; Sec. 4.1.

        An entry is None where the recording is shorter than its duration or holds too little speech by then;
        the last one is the whole recording's. All faces are generated in one batch. Raises as `face` does.
        """
        waveform, timings = _read(clip)
        return self._by_duration(waveform.size, durations, lambda stop: _hear(waveform[:stop], timings))

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
        noise = to_waveform(noise, SAMPLE_RATE, MAX_SECONDS)
        if snr_db is None:
            return self._by_duration(
                noise.size, durations, lambda stop: _encodable(noise[:stop], stop, Stopwatch())
            )
        if clip is None:
            raise ValueError("a signal-to-noise ratio needs a voice")
        waveform, timings = _read(clip)
        mixed = mix(waveform, noise, snr_db, detect_speech(waveform))
        return self._by_duration(
            waveform.size, durations, lambda stop: _hear(waveform[:stop], timings, sound=mixed[:stop])
        )

    def live(self) -> LiveSession:
        """A recording in progress, for audio that arrives in pieces."""
        return LiveSession(self, MAX_SECONDS)

    @torch.inference_mode()
    def embed(self, log_mels: Sequence[Tensor]) -> NDArray[np.float32]:
        """Unit embeddings [n, 64] of normalised log-mels [64, frames] of any lengths."""
        embeddings = np.empty((len(log_mels), EMBEDDING_SIZE), np.float32)
        for row, log_mel in zip(embeddings, log_mels, strict=True):
            with self.runtime.autocast():
                embedding = self.model.encoder(log_mel[None].to(self.runtime.device))
            row[:] = unit(embedding.float())[0].cpu().numpy()
        return embeddings

    @torch.inference_mode()
    def faces(self, embeddings: NDArray[np.float32]) -> tuple[NDArray[np.uint8], NDArray[np.float32] | None]:
        """Faces uint8 [n, 64, 64, 3] of unit embeddings [n, 64]; their scores [n], None without a judge."""
        trunk, discriminator = self.model.trunk, self.model.discriminator
        images = np.empty((len(embeddings), IMAGE_SIZE, IMAGE_SIZE, 3), np.uint8)
        scores = np.empty(len(embeddings), np.float32)
        for start in range(0, len(embeddings), BATCH):
            part = slice(start, start + BATCH)
            with self.runtime.autocast():
                faces = self.model.generator(torch.from_numpy(embeddings[part]).to(self.runtime.device))
                if trunk is not None and discriminator is not None:
                    logits = discriminator(trunk(faces))[:, 0]
                    scores[part] = torch.sigmoid(logits.float()).cpu().numpy()
            images[part] = to_pixels(faces).cpu().numpy()
        return images, scores if trunk is not None and discriminator is not None else None

    def _by_duration(
        self, samples: int, durations: Sequence[float], hear: Callable[[int], Speech]
    ) -> list[Face | None]:
        """Faces of the prefixes of `samples` samples that `hear` listens to, given where each one stops."""
        stops = [round(duration * SAMPLE_RATE) for duration in durations]
        heard = {samples: hear(samples)}  # a duration that is all there is of it shares this one
        for stop in stops:
            if stop < samples:
                with suppress(NoSpeechError):
                    heard[stop] = hear(stop)
        faces = dict(zip(heard, self._draw(list(heard.values())), strict=True))
        return [faces.get(stop) for stop in (*stops, samples)]

    def _draw(self, heard: Sequence[Speech]) -> list[Face]:
        """One face per excerpt: each encoded by itself, its length being its own, all generated together."""
        embeddings = np.empty((len(heard), EMBEDDING_SIZE), np.float32)
        for row, speech in zip(embeddings, heard, strict=True):
            with speech.timings.stage("encoder"):
                row[:] = self.embed([speech.log_mel])[0]
        together = Stopwatch()
        with together.stage("generator"):
            images, scores = self.faces(embeddings)
        return [
            Face(
                image=images[i],
                embedding=embeddings[i],
                score=None if scores is None else float(scores[i]),
                seconds=speech.seconds,
                duration=speech.duration,
                timings={**speech.timings, **together},
            )
            for i, speech in enumerate(heard)
        ]


def to_pixels(faces: Tensor) -> Tensor:
    """Faces [batch, 3, height, width] to uint8 [batch, height, width, 3]: the inverse of (x - 127.5) / 127.5.

    Values outside [-1, 1] are clamped; contrast is left as it is.
    """
    return (faces.float().clamp(-1, 1) * 127.5 + 127.5).round().to(torch.uint8).permute(0, 2, 3, 1)


def _read(clip: Clip) -> tuple[NDArray[np.float32], Stopwatch]:
    timings = Stopwatch()
    with timings.stage("read"):
        if isinstance(clip, np.ndarray):
            return to_waveform(clip, SAMPLE_RATE, MAX_SECONDS), timings
        return read_audio(clip, MAX_SECONDS), timings


def _hear(waveform: NDArray[np.float32], read: Stopwatch, sound: NDArray[np.float32] | None = None) -> Speech:
    """Keep the frames in which `waveform` is speech; of `sound`, if given: the same with noise in it."""
    timings = Stopwatch(read)
    with timings.stage("vad"):
        kept = keep_speech(waveform if sound is None else sound, detect_speech(waveform))
    return _encodable(kept, waveform.size, timings)


def _encodable(kept: NDArray[np.float32], given: int, timings: Stopwatch) -> Speech:
    with timings.stage("features"):
        log_mel = features(kept, vad=False)
    return Speech(log_mel, kept.size / SAMPLE_RATE, given / SAMPLE_RATE, timings)
