"""What the page asks about noise: faces of a voice in it, of noise alone, and how both sound."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import validate_call

from v2f.audio import SAMPLE_RATE, mix
from v2f.errors import NoSpeechError
from v2f.kiosk import wire
from v2f.kiosk.compute_queue import ComputeQueue
from v2f.kiosk.gradio_adapter import read_once
from v2f.kiosk.sessions import Session, SessionStore
from v2f.kiosk.showpieces import Showpieces
from v2f.kiosk.wire import MAX_UPLOAD_SECONDS, TIMELINE_SECONDS, NoiseKind, Ratio, Token
from v2f.pipeline import DURATIONS, Face, VoiceToFace, Waveform

Answer = dict[str, Any]


class NoiseQuestions:
    """Answers the page's questions about noise."""

    def __init__(
        self,
        engine: VoiceToFace,
        queue: ComputeQueue,
        sessions: SessionStore,
        uploads: Path,
        shown: Showpieces,
    ) -> None:
        """Keep what the answers are made from.

        Args:
            engine: the model.
            queue: where all faces are computed.
            sessions: where recordings are kept.
            uploads: the folder that uploads arrive in; they are deleted once read.
            shown: has the noises, and the faces of some of them.
        """
        self._engine, self._queue, self._sessions = engine, queue, sessions
        self._uploads, self._noises = uploads, shown.sounds
        self._study_rows = [
            [kind, [wire.encode_face(face) for face in faces]] for kind, faces in shown.noises.items()
        ]

    def questions(self) -> list[Callable[..., Answer]]:
        """List the questions, as functions of named arguments."""
        return [self.read_noise_clip, self.noise_strip, self.noise_mix, self.noise_study]

    @validate_call
    def read_noise_clip(self, path: str) -> Answer:
        """Read an uploaded clip that is to be the noise -> {"clip": token}. Raises UnreadableAudioError."""
        clip = read_once(path, self._uploads, MAX_UPLOAD_SECONDS, search=False)
        return {"clip": self._sessions.open(Session.of_clip(self._engine, clip.waveform, MAX_UPLOAD_SECONDS))}

    @validate_call
    def noise_strip(
        self,
        kind: NoiseKind,
        snr: Ratio | None,
        session: Token | None = None,
        clip: Token | None = None,
        durations: bool = True,
    ) -> Answer:
        """Generate faces of a voice in noise, or of noise alone.

        Args:
            kind: of noise; "own" is the visitor's clip.
            snr: signal-to-noise ratio in dB; None: the noise alone.
            session: the token of the voice; None: the noise alone.
            clip: the token of the visitor's own noise.
            durations: whether faces after each duration are wanted; that of all of it alone is there sooner.

        Returns:
            {"faces": after each duration, if wanted; "whole": of all of it; "peaks" of the sound}. Faces are None where
            a recording in progress does not hold enough speech yet.
        """
        voice, noise = self._voice_and_noise(session, kind, clip)
        *faces, whole = (wire.encode_face(face) for face in self._noise_strip(voice, noise, snr, durations))
        return {"faces": faces, "whole": whole, "peaks": wire.timeline_peaks(_mixed(voice, noise, snr))}

    @validate_call
    def noise_mix(
        self, kind: NoiseKind, snr: Ratio | None, session: Token | None = None, clip: Token | None = None
    ) -> Answer:
        """Mix the sound that `noise_strip` makes faces of, with the same arguments -> {"wav": base64}."""
        return {"wav": wire.encode_wav(_mixed(*self._voice_and_noise(session, kind, clip), snr))}

    @validate_call
    def noise_study(self, session: Token | None = None) -> Answer:
        """Show Figure 2: faces of four noises after each duration, below those of the voice if there is one.

        Returns:
            {"rows": pairs of a kind of noise, or "voice", and its faces}
        """
        rows = self._study_rows
        if session and (faces := self._sessions.touch(session).faces):  # none while it is in progress
            rows = [["voice", [wire.encode_face(face) for face in faces[:-1]]], *rows]
        return {"rows": rows}

    def _voice_and_noise(
        self, token: str | None, kind: str, clip: str | None
    ) -> tuple[Waveform | None, Waveform]:
        """The voice of a session, if there is one, and a noise of its length."""
        voice = self._sessions.touch(token).live.waveform if token else None
        samples = TIMELINE_SECONDS * SAMPLE_RATE if voice is None else voice.size
        if kind == "own":
            return voice, np.resize(self._sessions.touch(clip or "").live.waveform, samples)
        return voice, self._noises[kind][:samples]

    def _noise_strip(
        self, voice: Waveform | None, noise: Waveform, snr: float | None, durations: bool
    ) -> list[Face | None]:
        """Faces of what `_mixed` gives, after each duration if wanted, and of all of it."""
        ratio, wanted = None if voice is None else snr, DURATIONS if durations else ()
        with suppress(NoSpeechError):
            return self._queue.run_noise(
                lambda: self._engine.noise_strip(voice, noise, ratio, wanted, SAMPLE_RATE, judged=False)
            )
        return [None] * (len(wanted) + 1)


def _mixed(voice: Waveform | None, noise: Waveform, snr: float | None) -> Waveform:
    """A voice in noise; the noise alone where there is no voice, or no ratio of one to the other."""
    return noise if voice is None or snr is None else mix(voice, noise, snr)
