"""`VoiceToFace`: a recording goes in, a face comes out, with what is known about it.

The path is the paper's at test time (Sec. 3.1.3): features of all speech in the recording (log-mel, or what else the
voice encoder takes), the encoder averaged over time, the embedding made unit length, the generator. The paper's
strips (Sec. 4.1) cut prefixes of 1, 2, 3, 5 and 10 seconds from the recording; so does `strip`.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

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
from v2f.models.dvector import WindowCache
from v2f.pipeline.live import LiveSession
from v2f.pipeline.types import DURATIONS, MAX_SECONDS, Clip, Face, Waveform


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

    def face(self, clip: Clip, cache: WindowCache | None = None) -> Face:
        """Generate the face of a recording; Sec. 3.1.3.

        Args:
            clip: an audio file, or samples [n] or [n, channels] at 16 kHz; used whole, up to MAX_SECONDS.
            cache: see `strip`.

        Returns:
            The face of all speech in the recording.

        Raises:
            UnreadableAudioError: the file cannot be read.
            NoSpeechError: less than half a second of it is speech.
        """
        (face,) = self.strip(clip, (), cache)
        assert face, "strip raises where there is none"
        return face

    def strip(
        self, clip: Clip, durations: Sequence[float] = DURATIONS, cache: WindowCache | None = None
    ) -> list[Face | None]:
        """Generate a face for each duration, from that much of the recording's start, and one for all of it; Sec. 4.1.

        Args:
            clip: as for `face`.
            durations: seconds.
            cache: a dictionary that keeps what the public encoder computed, for the next call on the same recording.

        Returns:
            len(durations) + 1 faces, generated in one batch; None where the recording is shorter than the duration or
            has less than half a second of speech by then. The last one is never None.

        Raises:
            UnreadableAudioError, NoSpeechError: as `face` does.
        """
        watch = Stopwatch()
        waveform = _read(clip, watch)
        with watch.stage("vad"):
            decisions = decide(waveform)
        return self._by_duration(waveform, decisions, durations, watch, cache)

    def noise_strip(
        self,
        clip: Clip | None,
        noise: Waveform,
        snr_db: float | None,
        durations: Sequence[float] = DURATIONS,
    ) -> list[Face | None]:
        """Generate a strip from a voice in noise, or from noise alone; Sec. 4.1, Figure 2.

        Speech is detected in the clean voice, so that noise changes how the speech sounds and not which part is used.
        Noise alone is used whole: the detector would leave nothing of it.

        Args:
            clip: the voice, as for `face`; not used for noise alone.
            noise: samples [n] at 16 kHz.
            snr_db: signal-to-noise ratio over the speech frames, in dB; None for noise alone.
            durations: seconds.

        Returns:
            As `strip` does.

        Raises:
            ValueError: a ratio without a voice.
            UnreadableAudioError, NoSpeechError: as `face` does.
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
        """Begin a recording in progress, for audio that arrives in pieces."""
        return LiveSession(self.face, MAX_SECONDS)

    def _by_duration(
        self,
        sound: Waveform,
        decisions: NDArray[np.bool_] | None,
        durations: Sequence[float],
        watch: Stopwatch,
        cache: WindowCache | None = None,
    ) -> list[Face | None]:
        """Faces of prefixes of a sound [n], of the 20 ms frames that the detector's decisions [n // 320] keep.

        Without decisions all of it is kept. Features are computed once; those of a prefix are cut from the whole's.
        """
        front_end = FRONT_ENDS[self.model.config.encoder]
        stops = [round(duration * SAMPLE_RATE) for duration in durations]
        with watch.stage("features"):
            kept = sound if decisions is None else keep_speech(sound, bridge_gaps(decisions))
            require_speech(kept.size)
            whole = front_end.frames(kept)
            speech_of = {sound.size: kept.size}  # samples of audio -> of speech; equal prefixes share a face
            for stop in stops:
                speech = stop if decisions is None else bridge_gaps(decisions[: stop // FRAME]).sum() * FRAME
                with suppress(NoSpeechError):
                    require_speech(speech)
                    if stop < sound.size:
                        speech_of[stop] = int(speech)
            features = [front_end.normalise(whole[:, : whole_frames(n)]) for n in speech_of.values()]
        with watch.stage("encoder"):
            embeddings = self.embed(features, cache)
        with watch.stage("generator"):
            images, scores = self.faces(embeddings)
        faces = {
            audio: Face(
                image=images[i],
                embedding=embeddings[i],
                score=None if scores is None else float(scores[i]),
                seconds=speech / SAMPLE_RATE,
                duration=audio / SAMPLE_RATE,
                timings=dict(watch),
            )
            for i, (audio, speech) in enumerate(speech_of.items())
        }
        return [faces.get(stop) for stop in (*stops, sound.size)]


def _read(clip: Clip, watch: Stopwatch) -> Waveform:
    with watch.stage("read"):
        if isinstance(clip, np.ndarray):
            return to_waveform(clip, SAMPLE_RATE, MAX_SECONDS)
        return read_audio(clip, MAX_SECONDS)
