"""What "Why this face?" shows and tells: how a face came about, how sure and how fair the model is."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import soxr
from PIL import Image
from pydantic import validate_call

from v2f.assets import MEASURED
from v2f.audio import SAMPLE_RATE, decide
from v2f.errors import UnmeasuredError
from v2f.kiosk import wire
from v2f.kiosk.compute_queue import ComputeQueue
from v2f.kiosk.sessions import SessionStore
from v2f.kiosk.wire import TIMELINE_SECONDS, Token
from v2f.models import file_hash
from v2f.models.weights import LEARNED_FROM, Model
from v2f.pipeline import Face, Prefixes, VoiceToFace, Waveform

STEPS = (0, 4, 16, 64)  # components of a place that are drawn, the strongest first
PITCHES = (0.8, 1.0, 1.25)  # of the voice as it was: four semitones lower, and as many higher

Answer = dict[str, Any]


class Explanation:
    """Answers the page's questions about why a face is as it is."""

    def __init__(self, engine: VoiceToFace, queue: ComputeQueue, sessions: SessionStore) -> None:
        """`queue` is where faces are computed, `sessions` where recordings are kept."""
        self._engine, self._queue, self._sessions = engine, queue, sessions
        self._about = about(engine.model)

    def questions(self) -> list[Callable[..., Answer]]:
        """List the questions, as functions of named arguments."""
        return [self.why, self.pitched_faces, self.critic_scores]

    @validate_call
    def why(self, session: Token) -> Answer:
        """Show how the face of a voice came about, and tell what is known of the model.

        Returns:
            {"numbers": the embedding's 64; "steps": see `steps`; "whole": the face}, and what `about` tells.
        """
        face = self._sessions.touch(session).whole_face()
        made = self._queue.run(lambda: steps(self._engine, face))
        return {
            "numbers": face.embedding.tolist(),
            "steps": made,
            "whole": wire.encode_face(face),
            **self._about,
        }

    @validate_call
    def pitched_faces(self, session: Token) -> Answer:
        """Generate the faces of what the timeline shows of a voice, played slower, as it is, and faster.

        Returns:
            {"faces": pairs of each of PITCHES and the face, None where there is too little speech}
        """
        now = self._sessions.touch(session)
        now.whole_face()  # it raises where there is none
        waveform = now.live.waveform[: TIMELINE_SECONDS * SAMPLE_RATE]
        strips = self._queue.run_noise(lambda: self._engine.strips(at_other_pitches(waveform)))
        faces = [wire.encode_face(strip[-1]) for strip in strips]
        return {"faces": [list(pair) for pair in zip(PITCHES, faces, strict=True)]}

    @validate_call
    def critic_scores(self, session: Token) -> Answer:
        """Have the critic judge the faces of a finished recording.

        Returns:
            {"scores": 0 to 1, of the face after each duration and of that of all of it, None where there is none}

        Raises:
            UnmeasuredError: the weights have no critic.
        """
        now = self._sessions.touch(session)
        now.whole_face()  # it raises where there is none
        embeddings = np.stack([face.embedding for face in now.faces if face])
        _, scores = self._queue.run(lambda: self._engine.faces(embeddings))
        if scores is None:
            raise UnmeasuredError("These weights have no discriminator.")
        score = iter(scores.tolist())
        return {"scores": [None if face is None else next(score) for face in now.faces]}


def about(model: Model) -> Answer:
    """Tell what is known of a model, whoever speaks.

    Returns:
        {"right": the numbers of v2f/report/measured.py, where they are of these weights; "learned": how many of what,
        as v2f/demo/uncertainty.py counts them}; None for what is not known.
    """
    learned = model.provenance.get(LEARNED_FROM)
    return {"right": _measured(model), "learned": json.loads(learned) if learned else None}


def critic_scale(model: Model) -> Answer | None:
    """Tell what a model's critic gives, whoever speaks.

    Returns:
        {"voices", "sounds"}, of each the scores below which a tenth of them lies, half of them, and nine tenths; None
        where it is not known.
    """
    known = model.uncertainty
    if known is None:
        return None
    return {"voices": known.voices.tolist(), "sounds": known.sounds.tolist()}


def steps(engine: VoiceToFace, face: Face) -> list[Answer]:
    """Draw how a portrait generator comes to a face: from the mean of all portraits, by ever more components.

    Returns:
        {"count": of the components, the strongest first; "image"} for each of STEPS; nothing for another generator.
    """
    try:
        place = engine.places(face.embedding[None])[0]
    except UnmeasuredError:
        return []
    rank = np.argsort(np.argsort(-np.abs(place)))
    places = np.stack([np.where(rank < count, place, 0) for count in STEPS]).astype(np.float32)
    images, _ = engine.faces(np.repeat(face.embedding[None], len(STEPS), axis=0), places)
    return [
        {"count": count, "image": wire.encode_image(Image.fromarray(image))}
        for count, image in zip(STEPS, images, strict=True)
    ]


def at_other_pitches(waveform: Waveform) -> list[Prefixes]:
    """Play a recording float32 [n] slower, as it is, and faster: for `VoiceToFace.strips`, at each of PITCHES."""
    played = [
        waveform if pitch == 1 else soxr.resample(waveform, SAMPLE_RATE * pitch, SAMPLE_RATE)
        for pitch in PITCHES
    ]
    return [Prefixes(sound, decide(sound), ()) for sound in played]


def _measured(model: Model) -> Answer | None:
    if model.path is None or not MEASURED.is_file():
        return None
    numbers: Answer = json.loads(MEASURED.read_text("utf-8"))
    return numbers if numbers["weights_sha256"] == file_hash(model.path) else None
