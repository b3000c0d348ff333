"""`VoiceToFace`: a recording goes in, a face comes out, with what is known about it.

The path is the paper's at test time (Sec. 3.1.3): speech-only log-mel features of the whole recording, the
voice encoder averaged over time, the embedding made unit length, the generator. The paper's strips (Sec. 4.1)
cut prefixes of 1, 2, 3, 5 and 10 seconds from the recording; so does `strip`.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from v2f.audio import (
    FRAME,
    FRAMES_PER_SECOND,
    SAMPLE_RATE,
    bridge_gaps,
    decide,
    keep_speech,
    log_mel,
    mix,
    normalise,
    read_audio,
    require_speech,
    to_waveform,
    whole_frames,
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


class VoiceToFace:
    """The whole path from sound to face. Safe to share between threads: calls keep no state."""

    def __init__(self, model: Model, runtime: Runtime | None = None) -> None:
        """Put the model on the runtime's device (by default the best there is), for inference only."""
        self.model = model
        self.runtime = runtime or Runtime.choose()
        for network in (model.encoder, model.generator, model.trunk, model.discriminator):
            if network is not None:
                self.runtime.settle(network)

    def face(self, clip: Clip) -> Face:
        """The face of a recording, used whole up to MAX_SECONDS.

        `clip` is an audio file, or samples [n] or [n, channels] at 16 kHz. Raises UnreadableAudioError, and
        NoSpeechError when less than half a second of it is speech.
        """
        (face,) = self.strip(clip, durations=())
        assert face, "strip raises where there is none"
        return face

    def strip(self, clip: Clip, durations: Sequence[float] = DURATIONS) -> list[Face | None]:
        """One face per duration, from that much of the recording's start, and one from the whole; Sec. 4.1.

        An entry is None where the recording is shorter than its duration or holds too little speech by then;
        the last one is the whole recording's. All faces are generated in one batch. Raises as `face` does.
        """
        watch = Stopwatch()
        waveform = _read(clip, watch)
        with watch.stage("vad"):
            decisions = decide(waveform)
        return self._by_duration(waveform, decisions, durations, watch)

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

    @torch.inference_mode()
    def embed(self, log_mels: Sequence[Tensor]) -> NDArray[np.float32]:
        """Unit embeddings [n, 64] of normalised log-mels [64, frames] of any lengths."""
        embeddings = np.empty((len(log_mels), EMBEDDING_SIZE), np.float32)
        for row, features in zip(embeddings, log_mels, strict=True):
            frames = features.shape[-1]
            padded = F.pad(features, (0, room_for(frames) - frames))[None].to(self.runtime.device)
            with self.runtime.autocast():
                embedding = self.model.encoder(padded, frames)
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
        self,
        sound: NDArray[np.float32],
        decisions: NDArray[np.bool_] | None,
        durations: Sequence[float],
        watch: Stopwatch,
    ) -> list[Face | None]:
        """Faces of the prefixes of a sound [n], of those frames that the detector's decisions [n // 320] keep.

        All of it is kept where there are no decisions. The log-mel of a prefix is cut from the whole's.
        """
        stops = [round(duration * SAMPLE_RATE) for duration in durations]
        with watch.stage("features"):
            kept = sound if decisions is None else keep_speech(sound, bridge_gaps(decisions))
            require_speech(kept.size)
            whole = log_mel(kept)
            heard = {
                sound.size: kept.size
            }  # samples given and kept; a duration that is all there is shares this
            for stop in stops:
                speech = stop if decisions is None else bridge_gaps(decisions[: stop // FRAME]).sum() * FRAME
                with suppress(NoSpeechError):
                    require_speech(speech)
                    if stop < sound.size:
                        heard[stop] = int(speech)
            log_mels = [normalise(whole[:, : whole_frames(speech)]) for speech in heard.values()]
        with watch.stage("encoder"):
            embeddings = self.embed(log_mels)
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
            for i, (given, speech) in enumerate(heard.items())
        }
        return [faces.get(stop) for stop in (*stops, sound.size)]


def room_for(frames: int) -> int:
    """The length that so many frames are filled up to: one of few, as kernels are made, and kept, for each length."""
    step = max(
        FRAMES_PER_SECOND, 1 << max(0, frames.bit_length() - 3)
    )  # a second, or about an eighth of it all
    return -(-frames // step) * step


def to_pixels(faces: Tensor) -> Tensor:
    """Faces [batch, 3, height, width] to uint8 [batch, height, width, 3]: the inverse of (x - 127.5) / 127.5.

    Values outside [-1, 1] are clamped; contrast is left as it is.
    """
    return (faces.float().clamp(-1, 1) * 127.5 + 127.5).round().to(torch.uint8).permute(0, 2, 3, 1)


def _read(clip: Clip, watch: Stopwatch) -> NDArray[np.float32]:
    with watch.stage("read"):
        if isinstance(clip, np.ndarray):
            return to_waveform(clip, SAMPLE_RATE, MAX_SECONDS)
        return read_audio(clip, MAX_SECONDS)
