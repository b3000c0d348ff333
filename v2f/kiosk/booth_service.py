"""What the page asks of Python: one method per question, named arguments in, a dictionary for JSON out.

Gradio calls these methods in threads and past its queue. So each checks its arguments, ComputeQueue decides who
computes when, and `questions` answers failures by {"problem": key of its words in texts.py}.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import validate_call

from v2f.audio import FRAME, SAMPLE_RATE, Channel, require_speech
from v2f.audio.features import normalise
from v2f.audio.front_ends import FRONT_ENDS
from v2f.errors import MicrophoneError, NoSpeechError, UnmeasuredError
from v2f.kiosk import wire
from v2f.kiosk.admission import Admission, Waiting
from v2f.kiosk.compute_queue import ComputeQueue
from v2f.kiosk.explanation import Explanation
from v2f.kiosk.gradio_adapter import read_once
from v2f.kiosk.local_microphone import LocalMicrophone
from v2f.kiosk.noise_questions import NoiseQuestions
from v2f.kiosk.problems import Problem, answer_problems
from v2f.kiosk.sessions import Session, SessionStore
from v2f.kiosk.settings import Settings
from v2f.kiosk.showpieces import Showpieces
from v2f.kiosk.wire import (
    MAX_UPLOAD_SECONDS,
    TIMELINE_SECONDS,
    FaceMessage,
    Samples,
    Seconds,
    Token,
    Tokens,
)
from v2f.pipeline import DURATIONS, Face, LiveSession, VoiceToFace
from v2f.pipeline.latent import between

OTHER_FACES = 5  # beside the voice's own
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
        noises: as Showpieces has them.
        uploads: the only folder that files are read from.
        example_faces: of the examples and of what lies between them, for the page that waits for a visitor.
        typical_scores: as Showpieces has them.
    """

    def __init__(
        self,
        engine: VoiceToFace,
        shown: Showpieces,
        sessions: SessionStore,
        uploads: Path,
        settings: Settings = Settings(),  # noqa: B008, frozen
    ) -> None:
        """Keep what the answers are made from.

        Args:
            engine: the model.
            shown: what is the same for all visitors.
            sessions: where recordings are kept.
            uploads: the folder that uploads arrive in; they are deleted once read.
            settings: how the booth is set up.
        """
        self.engine = engine
        self.uploads = uploads
        self.queue = ComputeQueue(engine)
        self._sessions = sessions
        self._explanation = Explanation(engine, self.queue, sessions)
        self._microphone = LocalMicrophone(settings.device) if settings.local else None
        self._admission = Admission(settings.speakers)
        self.example_faces = self._generate(shown.walk)
        self.typical_scores, self.noises = shown.typical_scores, shown.sounds
        self._example_embedding = shown.embeddings[0]
        self._noise = NoiseQuestions(engine, self.queue, sessions, uploads, shown)

    def questions(self) -> list[Callable[..., Answer]]:
        """List all questions, as functions of named arguments that answer their failures too."""
        recording = (
            self.microphone_level,
            self.start_recording,
            self.update_recording,
            self.finish_recording,
        )
        result = (self.read_upload, self.nearby_faces, self.interpolate, self.log_mel)
        sessions = (self.keep_alive, self.forget)
        asked: list[Callable[..., Answer]] = [
            *recording,
            *self._noise.questions(),
            *result,
            *self._explanation.questions(),
            *sessions,
        ]
        return [answer_problems(one) for one in asked]

    # Recordings

    @validate_call
    def microphone_level(self) -> Answer:
        """Tell how loud this machine's microphone is -> {"level": 0 to 1}; it is open while pages go on asking.

        Raises:
            MicrophoneError: it cannot be opened.
        """
        return {"level": self._microphone.level() if self._microphone else 0.0}

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
        recording = now.live.prefixes(reached, growing=True, judged=False)
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
            wire.py; "faces": after each duration; "whole": that of all of it; "settling": how settled
            the face is, see `wire.encode_settling`}.

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
        session = Session.of_clip(self.engine, recording.waveform, MAX_UPLOAD_SECONDS)
        session.source = replace(recording, waveform=session.source.waveform)
        try:
            return self._result(None, session)
        except NoSpeechError:
            if recording.ended:
                raise
            seconds = round(recording.read)
            raise Problem("no_speech_in", seconds) from None

    # What can be asked about a result

    @validate_call
    def nearby_faces(self, session: Token) -> Answer:
        """Generate the voice's own face, then OTHER_FACES that it may have as well -> {"faces"}.

        The others are as different as true faces of such voices are; there are none where the weights do not tell how
        sure their model is.
        """
        own = self._sessions.touch(session).whole_face().embedding
        faces = self._generate(own[None])
        with suppress(UnmeasuredError):
            faces += wire.encode_generated(*self.queue.run(lambda: self.engine.other_faces(own, OTHER_FACES)))
        return {"faces": faces}

    @validate_call
    def interpolate(self, first: Token, second: Token | None = None) -> Answer:
        """Generate INTERPOLATION_STEPS faces from one voice to another, or to the example's -> {"faces"}."""
        end = self._sessions.touch(second).whole_face().embedding if second else self._example_embedding
        return {
            "faces": self._generate(
                between(self._sessions.touch(first).whole_face().embedding, end, INTERPOLATION_STEPS)
            )
        }

    @validate_call
    def log_mel(self, session: Token) -> Answer:
        """Draw what the model's voice encoder hears of the waveform that the timeline shows, log power in mel bins.

        Returns:
            {"image": data URL of a PNG [bins, the lowest below; a column per 10 ms], white, whose opacity is each bin
            from two standard deviations below its mean to two above}.
        """
        now = self._sessions.touch(session)
        now.whole_face()  # it raises where there is none
        waveform = now.live.waveform[: TIMELINE_SECONDS * SAMPLE_RATE]
        front_end = FRONT_ENDS[self.engine.model.config.encoder]
        drawn = self.queue.run(lambda: normalise(front_end.frames(waveform)[front_end.shown]).numpy())
        shades = (drawn + 2) / 4
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

    def forget_all(self) -> None:
        """Drop the sessions of all visitors."""
        self.forget(sessions=self._sessions.tokens())

    def _result(self, token: str | None, session: Session) -> Answer:
        """The faces of a whole recording, kept in its session, which is opened where it has no token yet."""
        recording = session.live.prefixes(DURATIONS, judged=False)
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
            "settling": self._settling([*faces, whole]),
        }

    def _settling(self, strip: list[Face | None]) -> Answer | None:
        with suppress(UnmeasuredError):
            return wire.encode_settling(self.engine.settling(strip))
        return None

    def _generate(self, embeddings: NDArray[np.float32]) -> list[FaceMessage]:
        """Faces of embeddings [n, 64], without durations."""
        return wire.encode_generated(*self.queue.run(lambda: self.engine.faces(embeddings)))
