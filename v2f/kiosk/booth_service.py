"""What the page asks of Python: one method per question, named arguments in, a dictionary for JSON out.

Gradio calls server functions in threads and past its queue; so every argument is checked here, only AT_ONCE
questions are computed at a time, and a failure is answered by {"problem": key of its words in texts.py}.
"""

import base64
import inspect
import io
import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import wraps
from pathlib import Path
from threading import BoundedSemaphore, Lock
from typing import Annotated, Any, Literal, TypeVar
from weakref import ref

import numpy as np
import soundfile
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field, ValidationError, validate_call

from v2f.audio import (
    SAMPLE_RATE,
    detect_speech,
    log_mel,
    mix,
    noise_bank,
    normalise,
)
from v2f.audio.microphone import record
from v2f.errors import MicrophoneError, NoSpeechError, UnreadableAudioError
from v2f.kiosk.problems import Problem
from v2f.kiosk.sessions import MOST, Visit, Visits
from v2f.kiosk.uploads import read_once
from v2f.kiosk.wire import RAIL_SECONDS, Picture, Waveform, data_url, decode, digits, encode, peaks, shown
from v2f.pipeline import DURATIONS, Face, LiveSession, VoiceToFace
from v2f.pipeline.latent import between, nearby

AT_ONCE = 2  # questions computed at the same time; the others wait their turn
PATIENCE = 10  # seconds of waiting, after which a visitor is told that the booth is busy
LONGEST_SECONDS = 60  # of an uploaded recording; what lies behind is not read, and the page says so
STUDIED = ("white", "pink", "brown", "hum")  # four noises, as in Figure 2
OTHERS = 5  # faces beside the voice's own
STEPS = 21  # faces from one voice to another
QUIET = 0.01  # peak below which nobody can have spoken near the microphone

Answer = TypeVar("Answer")
Token = Annotated[str, Field(max_length=64)]
Tokens = Annotated[list[Token], Field(max_length=MOST)]
Samples = Annotated[str, Field(max_length=2 * 4 * RAIL_SECONDS * SAMPLE_RATE // 3 + 4)]  # base64, the longest
Kind = Literal["white", "pink", "brown", "hum", "babble", "own"]
Ratio = Annotated[float, Field(ge=-10, le=30)]  # dB

log = logging.getLogger(__name__)


class Functions:
    """The page's questions. Holds the model, the examples and the visits; safe between threads."""

    def __init__(
        self,
        engine: VoiceToFace,
        examples: Sequence[Waveform],
        visits: Visits,
        uploads: Path,
        local: bool = False,
        device: int | None = None,
    ) -> None:
        """`examples` are voices: the first is shown while nobody is here, all of them together make babble.

        `uploads` is the only folder that files are read from; they are deleted once read. `local` records at
        this machine, by the microphone numbered `device` or the machine's first choice.
        """
        self.engine = engine
        self.uploads = uploads
        # The same every time, so that only what the visitor changes changes the faces.
        self.noises = noise_bank(LONGEST_SECONDS * SAMPLE_RATE, examples)
        self._visits = visits
        self._local = local
        self._device = device
        # Always the same threads, because torch keeps memory for every thread it has ever computed in.
        self._workers = ThreadPoolExecutor(AT_ONCE, "faces")
        self._noise_turns = BoundedSemaphore(AT_ONCE // 2)  # so that a voice seldom waits for noise
        self._microphone = Lock()  # held while one is being started
        self._at_microphone: ref[Visit] | None = None  # weak, so that forgetting the visit frees it
        example = examples[0][: RAIL_SECONDS * SAMPLE_RATE]
        *faces, whole = engine.strip(example)
        assert whole, "the example holds speech"
        self.welcome = [shown(face) for face in faces]  # after each duration
        self._example = whole.embedding
        self._noise_study = [
            [kind, [shown(face) for face in self._noise_strip(None, self.noises[kind][: example.size])[:-1]]]
            for kind in STUDIED
        ]

    def for_gradio(self) -> list[Callable[[Any], dict[str, Any]]]:
        """All questions as Gradio wants them: functions of one dictionary."""
        questions = (
            *(self.begin, self.listen, self.finish, self.hear),
            *(self.noise, self.clip, self.mix, self.study),
            *(self.others, self.between, self.log_mel),
            *(self.stay, self.forget),
        )
        return [answering(question) for question in questions]

    @validate_call
    def begin(
        self, seconds: Annotated[float, Field(ge=1, le=RAIL_SECONDS)], example: bool = False
    ) -> dict[str, Any]:
        """Start a recording of so many seconds -> {visit}; of an example the page itself tells the samples."""
        visit = Visit(LiveSession(self.engine.face, seconds))
        if self._local and not example:
            self._record(visit, seconds)
        return {"visit": self._visits.open(visit)}

    @validate_call
    def listen(self, visit: Token, samples: Samples | None = None) -> dict[str, Any]:
        """Hear more of a recording -> {heard, face, marks, speech} so far, {samples, done} of the booth's own.

        `heard` counts samples; `marks` pairs each duration newly reached with the face of exactly that much;
        `speech` has a digit per 20 ms.
        """
        now = self._visits.touch(visit)
        answer: dict[str, Any] = {}
        if now.recording:
            if now.recording.failed:
                raise Problem("mic_lost")
            answer["done"] = now.recording.done  # asked before the samples, so that none come after it
        elif samples:
            now.live.add(decode(samples))
        waveform = now.live.waveform
        if now.recording:
            answer["samples"] = encode(waveform[now.sent :])
            now.sent = waveform.size
        reached = [d for d in DURATIONS if d not in now.told and d * SAMPLE_RATE <= waveform.size]
        now.told.update(reached)
        marks, face = self.compute(lambda: self._faces_so_far(now.live, waveform, reached))
        return answer | {
            "heard": waveform.size,
            "face": face,
            "marks": marks,
            "speech": digits(detect_speech(waveform)),
        }

    @validate_call
    def finish(self, visit: Token) -> dict[str, Any]:
        """End a recording -> its result. One that gives no face is forgotten at once."""
        now = self._visits.touch(visit)
        now.end()
        try:
            return self._result(visit, now)
        except NoSpeechError:
            self._visits.forget([visit])
            loudest = np.abs(now.live.waveform).max(initial=0)
            raise Problem("quiet" if loudest < QUIET else "no_speech") from None

    @validate_call
    def hear(self, path: str) -> dict[str, Any]:
        """Read an uploaded recording -> its result."""
        waveform = read_once(path, self.uploads, LONGEST_SECONDS + 1)
        visit = self._hold(waveform)
        visit.shortened = waveform.size > LONGEST_SECONDS * SAMPLE_RATE
        return self._result(None, visit)

    @validate_call
    def clip(self, path: str) -> dict[str, Any]:
        """Read an uploaded clip that is to be the noise -> {clip}."""
        return {"clip": self._visits.open(self._hold(read_once(path, self.uploads, LONGEST_SECONDS)))}

    @validate_call
    def noise(
        self, kind: Kind, snr: Ratio | None, visit: Token | None = None, clip: Token | None = None
    ) -> dict[str, Any]:
        """Faces of the visit's voice in noise, of the noise alone where snr is None -> {faces, whole, peaks}.

        All faces are None where a recording in progress does not hold speech enough yet.
        """
        voice, noise = self._voice_and_noise(visit, kind, clip)
        *by_duration, whole = (shown(face) for face in self._noise_strip(voice, noise, snr))
        return {"faces": by_duration, "whole": whole, "peaks": peaks(together(voice, noise, snr))}

    @validate_call
    def mix(
        self, kind: Kind, snr: Ratio | None, visit: Token | None = None, clip: Token | None = None
    ) -> dict[str, Any]:
        """What `noise` pictures, to be listened to -> {wav}, base64 of a WAV file."""
        sound = together(*self._voice_and_noise(visit, kind, clip), snr)
        file = io.BytesIO()
        soundfile.write(file, sound, SAMPLE_RATE, "PCM_16", format="WAV")
        return {"wav": base64.b64encode(file.getvalue()).decode()}

    @validate_call
    def others(self, visit: Token) -> dict[str, Any]:
        """The voice's own face, then faces of embeddings near its own -> {faces}."""
        own = self._whole(visit).embedding
        drawn = nearby(own, OTHERS, np.random.default_rng())
        return {"faces": self._pictures(np.concatenate([own[None], drawn]))}

    @validate_call
    def between(self, first: Token, second: Token | None = None) -> dict[str, Any]:
        """The way from one voice to another, or to the example's -> {faces}."""
        end = self._whole(second).embedding if second else self._example
        return {"faces": self._pictures(between(self._whole(first).embedding, end, STEPS))}

    @validate_call
    def log_mel(self, visit: Token) -> dict[str, Any]:
        """The log-mel of the waveform on the rail -> {image}: 64 mel bins high, the lowest below.

        A PNG whose opacity is the log-mel of each bin, from two deviations below its mean to two above.
        """
        self._whole(visit)
        waveform = self._visits.touch(visit).live.waveform[: RAIL_SECONDS * SAMPLE_RATE]
        shades = (self.compute(lambda: normalise(log_mel(waveform)).numpy()) + 2) / 4
        opacity = Image.fromarray((255 * np.clip(shades, 0, 1)).astype(np.uint8)[::-1])
        return {"image": data_url(Image.merge("LA", (opacity.point(lambda _: 255), opacity)))}

    @validate_call
    def study(self, visit: Token | None = None) -> dict[str, Any]:
        """Figure 2: faces of four noises after each duration -> {rows} of [kind, faces]; the voice's, if any, first."""
        rows = self._noise_study
        if visit and (faces := self._visits.touch(visit).faces):  # none while it is in progress
            rows = [["voice", [shown(face) for face in faces[:-1]]], *rows]
        return {"rows": rows}

    @validate_call
    def stay(self, visits: Tokens) -> dict[str, Any]:
        """Keep recordings and clips for as long as somebody looks at the page."""
        for token in visits:
            with suppress(Problem):
                self._visits.touch(token)
        return {}

    @validate_call
    def forget(self, visits: Tokens) -> dict[str, Any]:
        """Drop recordings and clips."""
        self._visits.forget(visits)
        return {}

    def _record(self, visit: Visit, seconds: float) -> None:
        """Start the microphone of this machine, which one visitor at a time can have."""
        with self._microphone:
            holder = self._at_microphone and self._at_microphone()
            if holder and holder.recording and not holder.recording.done:
                raise Problem("mic_busy")
            visit.recording = record(self._device, seconds, visit.live.add)
            self._at_microphone = ref(visit)

    def compute(self, task: Callable[[], Answer]) -> Answer:
        """What a task gives, when its turn has come. Raises Problem when it does not come."""
        turn = self._workers.submit(task)
        try:
            return turn.result(PATIENCE)
        except TimeoutError:
            turn.cancel()
            raise Problem("busy") from None

    def _faces_so_far(
        self, live: LiveSession, waveform: Waveform, reached: Sequence[int]
    ) -> tuple[list[list[Any]], Picture]:
        """Pairs of the durations reached and their faces, and the face of all of a waveform of a recording."""
        faces: list[Picture] = [None] * (len(reached) + 1)
        with suppress(NoSpeechError):
            faces = [shown(face) for face in self.engine.strip(waveform, reached, live.cache)]
        return [list(mark) for mark in zip(reached, faces[:-1], strict=True)], faces[-1]

    def _result(self, token: str | None, visit: Visit) -> dict[str, Any]:
        """The faces of a whole recording, kept in its visit, which is opened where it has no token yet."""
        waveform = visit.live.waveform
        visit.faces = self.compute(lambda: self.engine.strip(waveform, cache=visit.live.cache))
        whole = self._last(visit)
        return {
            "visit": token or self._visits.open(visit),
            "seconds": waveform.size / SAMPLE_RATE,
            "shortened": visit.shortened,
            "peaks": peaks(waveform),
            "speech": digits(detect_speech(waveform[: RAIL_SECONDS * SAMPLE_RATE])),
            "faces": [shown(face) for face in visit.faces[:-1]],
            "whole": shown(whole),
            "cosines": [face and float(face.embedding @ whole.embedding) for face in visit.faces[:-1]],
        }

    def _last(self, visit: Visit) -> Face:
        if not visit.faces or visit.faces[-1] is None:
            raise Problem("gone")
        return visit.faces[-1]

    def _whole(self, token: str) -> Face:
        return self._last(self._visits.touch(token))

    def _hold(self, waveform: Waveform) -> Visit:
        visit = Visit(LiveSession(self.engine.face, LONGEST_SECONDS))
        visit.live.add(waveform)
        return visit

    def _voice_and_noise(
        self, token: str | None, kind: str, clip: str | None
    ) -> tuple[Waveform | None, Waveform]:
        """The voice of a visit, if there is one, and a noise of its length."""
        voice = self._visits.touch(token).live.waveform if token else None
        samples = RAIL_SECONDS * SAMPLE_RATE if voice is None else voice.size
        if kind == "own":
            return voice, np.resize(self._visits.touch(clip or "").live.waveform, samples)
        return voice, self.noises[kind][:samples]

    def _noise_strip(
        self, voice: Waveform | None, noise: Waveform, snr: float | None = None
    ) -> list[Face | None]:
        """Faces of what `together` gives, after each duration and of all of it."""
        ratio = None if voice is None else snr
        with turn_of(self._noise_turns), suppress(NoSpeechError):
            return self.compute(lambda: self.engine.noise_strip(voice, noise, ratio))
        return [None] * (len(DURATIONS) + 1)

    def _pictures(self, embeddings: NDArray[np.float32]) -> list[dict[str, Any]]:
        images, scores = self.compute(lambda: self.engine.faces(embeddings))
        return [
            {"image": data_url(Image.fromarray(image)), "score": None if scores is None else float(scores[i])}
            for i, image in enumerate(images)
        ]


@contextmanager
def turn_of(turns: BoundedSemaphore) -> Iterator[None]:
    """Wait for a turn and hold it. Raises Problem when none comes."""
    if not turns.acquire(timeout=PATIENCE):
        raise Problem("busy")
    try:
        yield
    finally:
        turns.release()


def answering(question: Callable[..., dict[str, Any]]) -> Callable[[Any], dict[str, Any]]:
    """A question as a function of one dictionary; every failure becomes an answer with words for the visitor."""

    @wraps(question)
    def answer(ask: Any) -> dict[str, Any]:
        try:
            return question(**(ask if isinstance(ask, dict) else {}))
        except Problem as problem:
            return {"problem": problem.key}
        except NoSpeechError:
            return {"problem": "no_speech"}
        except UnreadableAudioError:
            return {"problem": "unreadable"}
        except MicrophoneError:
            return {"problem": "mic_lost"}
        except ValidationError as error:  # our page does not ask so
            log.info("%s: %s", question.__name__, error)
            return {"problem": "trouble"}
        except Exception:  # the page's outermost handler: the visitor gets a sentence, the log the traceback
            log.exception("%s failed", question.__name__)
            return {"problem": "trouble"}

    answer.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter("ask", inspect.Parameter.POSITIONAL_OR_KEYWORD)]
    )
    return answer


def together(voice: Waveform | None, noise: Waveform, snr: float | None) -> Waveform:
    """A voice in noise; where there is no voice, or no ratio of one to the other, the noise alone."""
    return noise if voice is None or snr is None else mix(voice, noise, snr)
