"""What the page asks of Python: one method per question, named arguments in, a dictionary for JSON out.

Gradio calls these methods in threads and past its queue. So each checks its arguments, ComputeQueue decides who
computes when, and `questions` answers failures by {"problem": key of its words in texts.py}.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import validate_call

from v2f.audio import FRAME, SAMPLE_RATE, Channel, mix, noise_bank
from v2f.audio.features import log_mel, normalise, require_speech
from v2f.errors import MicrophoneError, NoSpeechError
from v2f.kiosk import wire
from v2f.kiosk.admission import Admission, Waiting
from v2f.kiosk.compute_queue import ComputeQueue
from v2f.kiosk.gradio_adapter import read_once
from v2f.kiosk.problems import Problem, answer_problems
from v2f.kiosk.sessions import LocalMicrophone, Session, SessionStore
from v2f.kiosk.settings import Settings
from v2f.kiosk.wire import (
    MAX_UPLOAD_SECONDS,
    TIMELINE_SECONDS,
    FaceMessage,
    NoiseKind,
    Ratio,
    Samples,
    Seconds,
    Token,
    Tokens,
)
from v2f.pipeline import DURATIONS, Face, LiveSession, VoiceToFace, Waveform
from v2f.pipeline.latent import between, nearby

STUDY_NOISES = ("white", "pink", "brown", "hum")  # four, as in Figure 2
NEARBY_FACES = 5  # beside the voice's own
INTERPOLATION_STEPS = 21  # faces from one voice to another
QUIET_PEAK = 0.01  # below it nobody can have spoken near the microphone

Answer = dict[str, Any]


class BoothService:
    """Answers the page. Holds the model, the example, the noises and the visitors' sessions; safe between threads.

    Each question raises Problem("gone") where a session it names is forgotten, and Problem("busy") where too many
    visitors want faces at once.

    Attributes:
        engine: the model.
        queue: where all faces are computed.
        noises: float32 [60 s] of each kind; always the same, so that only what a visitor changes changes the faces.
        uploads: the only folder that files are read from.
        example_strip: the example's faces after each duration, for the page that waits for a visitor.
    """

    def __init__(
        self,
        engine: VoiceToFace,
        examples: Sequence[Waveform],
        sessions: SessionStore,
        uploads: Path,
        settings: Settings = Settings(),  # noqa: B008, frozen
    ) -> None:
        """Compute what is the same for all visitors.

        Args:
            engine: the model.
            examples: voices; the first is the example, all of them together make babble.
            sessions: where recordings are kept.
            uploads: the folder that uploads arrive in; they are deleted once read.
            settings: how the booth is set up.
        """
        self.engine = engine
        self.uploads = uploads
        self.queue = ComputeQueue(engine)
        self.noises = noise_bank(MAX_UPLOAD_SECONDS * SAMPLE_RATE, examples)
        self._sessions = sessions
        self._microphone = LocalMicrophone(settings.device) if settings.local else None
        self._admission = Admission(settings.speakers)
        example = examples[0][: TIMELINE_SECONDS * SAMPLE_RATE]
        *faces, whole = engine.strip(example, rate=SAMPLE_RATE)
        assert whole, "the example holds speech"
        self.example_strip = [wire.encode_face(face) for face in faces]
        self._example_embedding = whole.embedding
        self._study_rows: list[list[Any]] = []
        for kind in STUDY_NOISES:
            strip = self._noise_strip(None, self.noises[kind][: example.size], None)
            self._study_rows.append([kind, [wire.encode_face(face) for face in strip[:-1]]])

    def questions(self) -> list[Callable[..., Answer]]:
        """List all questions, as functions of named arguments that answer their failures too."""
        recording = (self.start_recording, self.update_recording, self.finish_recording, self.read_upload)
        noise = (self.read_noise_clip, self.noise_strip, self.noise_mix, self.noise_study)
        result = (self.nearby_faces, self.interpolate, self.log_mel)
        return [answer_problems(one) for one in (*recording, *noise, *result, self.keep_alive, self.forget)]

    # Recordings

    @validate_call
    def start_recording(self, seconds: Seconds, example: bool = False, ticket: Token | None = None) -> Answer:
        """Start a recording, or wait for a place among those who speak.

        Args:
            seconds: its length.
            example: whether the page plays an example, and so sends the samples even where `local` is set.
            ticket: what an earlier answer gave, if the page waits.

        Returns:
            {"session": token}, or {"waiting": {"ticket", how many are "ahead", "seconds" to wait}}; then the page asks
            again within seconds.

        Raises:
            Problem: "mic_busy", where another visitor has this machine's microphone.
            MicrophoneError: it cannot be opened.
        """
        place = self._admission.enter(seconds, ticket)
        if isinstance(place, Waiting):
            return {"waiting": asdict(place)}
        session = Session(LiveSession(self.engine.strips, seconds), place=place)
        try:
            if self._microphone and not example:
                self._microphone.record(session, seconds)
        except (Problem, MicrophoneError):
            self._admission.leave(place)
            raise
        return {"session": self._sessions.open(session)}

    @validate_call
    def update_recording(self, session: Token, samples: Samples | None = None) -> Answer:
        """Add to a recording in progress, or ask what this machine's microphone has added.

        Args:
            session: its token.
            samples: see wire.py; ignored where this machine records.

        Returns:
            {"received": samples so far; "face": that of all of them; "strip": pairs of each duration newly reached and
            the face of exactly that much; "speech": a digit per 20 ms}. Where this machine records also {"samples":
            those that the page does not have yet; "done": whether it has ended}.

        Raises:
            Problem: "mic_lost", where the microphone was unplugged.
        """
        now = self._sessions.touch(session)
        answer: Answer = {}
        if now.recording:
            if now.recording.failed:
                raise Problem("mic_lost")
            answer["done"] = now.recording.done  # asked before the samples, so that none come after it
        elif samples:
            now.live.add(wire.decode_samples(samples))
        length = now.live.seconds
        reached = [d for d in DURATIONS if d not in now.durations_sent and d <= length]
        now.durations_sent.update(reached)
        recording = now.live.prefixes(reached)
        if now.recording:
            answer["samples"] = wire.encode_samples(recording.waveform[now.samples_sent :])
            now.samples_sent = recording.waveform.size
        *strip, face = (wire.encode_face(face) for face in self.queue.strip(recording))
        return answer | {
            "received": recording.waveform.size,
            "face": face,
            "strip": [list(pair) for pair in zip(reached, strip, strict=True)],
            "speech": wire.encode_decisions(recording.speech),
        }

    @validate_call
    def finish_recording(self, session: Token) -> Answer:
        """End a recording. One that gives no face is forgotten at once.

        Args:
            session: its token.

        Returns:
            {"session": token; "seconds" of audio; what `encode_source` tells of an upload; "peaks" and "speech": see
            wire.py; "faces": after each duration; "whole": that of all of it; "cosines": of each embedding and the
            whole's, None where there is no face}.

        Raises:
            Problem: "quiet" or "no_speech", where there is too little speech.
        """
        now = self._sessions.touch(session)
        now.release_microphone()
        self._admission.leave(now.place)
        try:
            return self._result(session, now)
        except NoSpeechError:
            self._sessions.forget([session])
            loudest = np.abs(now.live.waveform).max(initial=0)
            raise Problem("quiet" if loudest < QUIET_PEAK else "no_speech") from None

    @validate_call
    def read_upload(self, path: str, channel: Channel | None = None) -> Answer:
        """Read an uploaded recording: its first MAX_UPLOAD_SECONDS with speech.

        Args:
            path: where the upload lies.
            channel: the only one to hear, where each holds a speaker.

        Returns:
            As `finish_recording`.

        Raises:
            UnreadableAudioError, NoSpeechError: no face can be made of it.
            Problem: "no_speech_in", where the part that was read holds no speech.
        """
        recording = read_once(path, self.uploads, MAX_UPLOAD_SECONDS, channel)
        session = self._session_of(recording.waveform)
        session.source = replace(recording, waveform=session.source.waveform)
        try:
            return self._result(None, session)
        except NoSpeechError:
            if recording.ended:
                raise
            seconds = round(recording.read)
            raise Problem("no_speech_in", seconds) from None

    # Noise

    @validate_call
    def read_noise_clip(self, path: str) -> Answer:
        """Read an uploaded clip that is to be the noise -> {"clip": token}. Raises UnreadableAudioError."""
        clip = read_once(path, self.uploads, MAX_UPLOAD_SECONDS, search=False)
        return {"clip": self._sessions.open(self._session_of(clip.waveform))}

    @validate_call
    def noise_strip(
        self, kind: NoiseKind, snr: Ratio | None, session: Token | None = None, clip: Token | None = None
    ) -> Answer:
        """Generate faces of a voice in noise, or of noise alone.

        Args:
            kind: of noise; "own" is the visitor's clip.
            snr: signal-to-noise ratio in dB; None: the noise alone.
            session: the token of the voice; None: the noise alone.
            clip: the token of the visitor's own noise.

        Returns:
            {"faces": after each duration; "whole": of all of it; "peaks" of the sound}. Faces are None where a
            recording in progress does not hold enough speech yet.
        """
        voice, noise = self._voice_and_noise(session, kind, clip)
        *faces, whole = (wire.encode_face(face) for face in self._noise_strip(voice, noise, snr))
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

    # What can be asked about a result

    @validate_call
    def nearby_faces(self, session: Token) -> Answer:
        """Generate the voice's own face, then NEARBY_FACES of embeddings near its own -> {"faces"}."""
        own = self._whole(session).embedding
        others = nearby(own, NEARBY_FACES, np.random.default_rng())
        return {"faces": self._generate(np.concatenate([own[None], others]))}

    @validate_call
    def interpolate(self, first: Token, second: Token | None = None) -> Answer:
        """Generate INTERPOLATION_STEPS faces from one voice to another, or to the example's -> {"faces"}."""
        end = self._whole(second).embedding if second else self._example_embedding
        return {"faces": self._generate(between(self._whole(first).embedding, end, INTERPOLATION_STEPS))}

    @validate_call
    def log_mel(self, session: Token) -> Answer:
        """Draw the log-mel features of the waveform that the timeline shows.

        Returns:
            {"image": data URL of a PNG [64 mel bins, the lowest below; a column per 10 ms], white, whose opacity is
            each bin from two standard deviations below its mean to two above}.
        """
        self._whole(session)
        waveform = self._sessions.touch(session).live.waveform[: TIMELINE_SECONDS * SAMPLE_RATE]
        shades = (self.queue.run(lambda: normalise(log_mel(waveform)).numpy()) + 2) / 4
        opacity = Image.fromarray((255 * np.clip(shades, 0, 1)).astype(np.uint8)[::-1])
        return {"image": wire.encode_image(Image.merge("LA", (opacity.point(lambda _: 255), opacity)))}

    # Sessions

    @validate_call
    def keep_alive(self, sessions: Tokens) -> Answer:
        """Keep sessions for as long as somebody looks at the page; unknown tokens are passed over."""
        for token in sessions:
            with suppress(Problem):
                self._sessions.touch(token)
        return {}

    @validate_call
    def forget(self, sessions: Tokens) -> Answer:
        """Drop sessions and all that is known of them."""
        for session in self._sessions.forget(sessions):
            self._admission.leave(session.place)
        return {}

    def _result(self, token: str | None, session: Session) -> Answer:
        """The faces of a whole recording, kept in its session, which is opened where it has no token yet."""
        recording = session.live.prefixes(DURATIONS)
        waveform = recording.waveform
        require_speech(recording.samples_used(waveform.size))
        *faces, whole = session.faces = self.queue.strip(recording)
        assert whole, "there is speech"
        return {
            "session": token or self._sessions.open(session),
            "seconds": waveform.size / SAMPLE_RATE,
            **wire.encode_source(session.source),
            "peaks": wire.timeline_peaks(waveform),
            "speech": wire.encode_decisions(recording.speech[: TIMELINE_SECONDS * SAMPLE_RATE // FRAME]),
            "faces": [wire.encode_face(face) for face in faces],
            "whole": wire.encode_face(whole),
            "cosines": [face and float(face.embedding @ whole.embedding) for face in faces],
        }

    def _whole(self, token: str) -> Face:
        """The face of a whole recording. Raises Problem where it is in progress or forgotten."""
        faces = self._sessions.touch(token).faces
        if not faces or faces[-1] is None:
            raise Problem("gone")
        return faces[-1]

    def _session_of(self, waveform: Waveform) -> Session:
        session = Session(LiveSession(self.engine.strips, MAX_UPLOAD_SECONDS))
        session.live.add(waveform)
        return session

    def _voice_and_noise(
        self, token: str | None, kind: str, clip: str | None
    ) -> tuple[Waveform | None, Waveform]:
        """The voice of a session, if there is one, and a noise of its length."""
        voice = self._sessions.touch(token).live.waveform if token else None
        samples = TIMELINE_SECONDS * SAMPLE_RATE if voice is None else voice.size
        if kind == "own":
            return voice, np.resize(self._sessions.touch(clip or "").live.waveform, samples)
        return voice, self.noises[kind][:samples]

    def _noise_strip(self, voice: Waveform | None, noise: Waveform, snr: float | None) -> list[Face | None]:
        """Faces of what `_mixed` gives, after each duration and of all of it."""
        ratio = None if voice is None else snr
        with suppress(NoSpeechError):
            return self.queue.run_noise(
                lambda: self.engine.noise_strip(voice, noise, ratio, rate=SAMPLE_RATE)
            )
        return [None] * (len(DURATIONS) + 1)

    def _generate(self, embeddings: NDArray[np.float32]) -> list[FaceMessage]:
        """Faces of embeddings [n, 64], without durations."""
        images, scores = self.queue.run(lambda: self.engine.faces(embeddings))
        return [
            {
                "image": wire.encode_image(Image.fromarray(image)),
                "score": None if scores is None else float(scores[i]),
            }
            for i, image in enumerate(images)
        ]


def _mixed(voice: Waveform | None, noise: Waveform, snr: float | None) -> Waveform:
    """A voice in noise; the noise alone where there is no voice, or no ratio of one to the other."""
    return noise if voice is None or snr is None else mix(voice, noise, snr)
