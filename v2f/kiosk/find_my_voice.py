"""The game "Find my voice": a voice plays, and one of four faces was drawn of the same person.

The faces are drawn of other seconds than those that play. The model's answer is the face nearest to the one that it
draws of what plays, by their pixels: it sees no more of the four than the visitors do.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field, validate_call

from v2f.assets import READERS
from v2f.audio import SAMPLE_RATE, read_audio
from v2f.kiosk import wire
from v2f.kiosk.compute_queue import ComputeQueue
from v2f.kiosk.problems import Problem, answer_problems
from v2f.kiosk.sessions import SessionStore
from v2f.kiosk.wire import Token
from v2f.pipeline import DURATIONS, Face, VoiceToFace, Waveform

FACES = 4  # to choose from
VISITOR = -1  # the number of the person who plays; readers count from 0
VOICE_SECONDS = 4  # of a visitor's recording that play
PEAK = 0.7  # of what plays: all are about as loud

Answer = dict[str, Any]
Numbers = Annotated[list[int], Field(max_length=32)]


@dataclass(frozen=True)
class Person:
    """Someone who can be found.

    Attributes:
        face: drawn of other seconds than `voice`.
        voice: what plays.
    """

    face: Face
    voice: Waveform


class FindMyVoice:
    """Deals rounds of the game. Safe between threads."""

    def __init__(
        self, engine: VoiceToFace, sessions: SessionStore, queue: ComputeQueue, readers: Path = READERS
    ) -> None:
        """Find the readers; their faces are drawn when they are first needed.

        Args:
            engine: draws the faces.
            sessions: where the visitors' recordings are.
            queue: where faces are computed.
            readers: a folder with two clips of each reader, *-face.opus and *-voice.opus.
        """
        self._engine, self._sessions, self._queue = engine, sessions, queue
        faces, voices = (sorted(readers.glob(f"*-{part}.opus")) for part in ("face", "voice"))
        self._clips = list(zip(faces, voices, strict=True))
        self._readers: dict[int, Person] = {}

    def questions(self) -> list[Callable[..., Answer]]:
        """The question of the page, as BoothService.questions lists its own."""
        return [answer_problems(self.find_voice)]

    @validate_call
    def find_voice(self, played: Numbers, session: Token | None = None, mine: bool = False) -> Answer:
        """Deal a round.

        Args:
            played: the people whose voices have played before, as earlier answers number them; others are dealt as
                long as there are enough.
            session: the token of a visitor's recording, for their face to be among the four.
            mine: whether it is their voice that plays.

        Returns:
            {"person": the number of whose voice plays, -1 for the visitor; "wav": what plays, base64; "faces": FACES;
            "answer": the place of theirs; "drawn": what the model draws of what plays; "model": the place of the face
            nearest to that}

        Raises:
            Problem: "gone", where the session is forgotten or in progress; "short", where the recording is too short
                to draw a face of one part and play another.
            NoSpeechError: nobody speaks in the part that would play.
        """
        visitor = self._visitor(session) if session else None
        rng = np.random.default_rng()
        readers = rng.permutation(len(self._clips)).tolist()
        readers.sort(
            key=lambda number: number in played
        )  # a stable sort: those who have not played come first
        people = readers[: FACES - 1] + [VISITOR if visitor else readers[FACES - 1]]
        person = VISITOR if visitor and mine else readers[0]
        rng.shuffle(people)
        four = [visitor if visitor and one == VISITOR else self._reader(one) for one in people]
        answer = people.index(person)
        drawn = self._draw(four[answer].voice)
        return {
            "person": person,
            "wav": wire.encode_wav(four[answer].voice),
            "faces": [wire.encode_face(one.face) for one in four],
            "answer": answer,
            "drawn": wire.encode_face(drawn),
            "model": nearest(drawn, [one.face for one in four]),
        }

    def _reader(self, number: int) -> Person:
        if number not in self._readers:
            face, voice = (read_audio(clip) for clip in self._clips[number])
            self._readers[number] = Person(self._draw(face), levelled(voice))
        return self._readers[number]

    def _visitor(self, session: str) -> Person:
        """The face of the longest duration in the first half of the recording, and the voice that comes after it."""
        now = self._sessions.touch(session)
        now.whole_face()
        waveform = now.live.waveform
        drawn = [
            (duration * SAMPLE_RATE, face)
            for duration, face in zip(DURATIONS, now.faces[:-1], strict=True)
            if face and 2 * duration * SAMPLE_RATE <= waveform.size
        ]
        if not drawn:
            raise Problem("short")
        start, face = drawn[-1]
        return Person(face, levelled(waveform[start : start + VOICE_SECONDS * SAMPLE_RATE]))

    def _draw(self, waveform: Waveform) -> Face:
        return self._queue.run_noise(lambda: self._engine.face(waveform, SAMPLE_RATE))


def nearest(drawn: Face, faces: list[Face]) -> int:
    """The place of the face whose pixels differ least from those of `drawn`, in the mean of squares."""
    pixels = np.stack([face.image for face in faces]).astype(np.float32)
    return int(((pixels - drawn.image) ** 2).mean(axis=(1, 2, 3)).argmin())


def levelled(waveform: Waveform) -> Waveform:
    """A waveform whose loudest sample is PEAK."""
    return waveform * (PEAK / max(float(np.abs(waveform).max()), 1e-3))
