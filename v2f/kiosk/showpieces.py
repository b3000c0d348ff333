"""What the page has before anyone speaks: noises, and faces of example voices and of noises, to compare with."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from v2f.assets import EXAMPLES
from v2f.audio import SAMPLE_RATE, noise_bank, read_audio
from v2f.kiosk.wire import MAX_UPLOAD_SECONDS, TIMELINE_SECONDS
from v2f.pipeline import Face, VoiceToFace, Waveform
from v2f.pipeline.latent import between

STUDY_NOISES = ("white", "pink", "brown", "hum")  # four, as in Figure 2

Strip = list[Face | None]


@dataclass(frozen=True)
class Showpieces:
    """The same for all visitors, computed once.

    Attributes:
        sounds: float32 [60 s] of each kind of noise; always the same, so that only what a visitor changes changes the
            faces.
        voices: of each example voice its faces after each duration, and that of the whole.
        noises: of each of STUDY_NOISES alone its faces after each duration.
    """

    sounds: dict[str, Waveform]
    voices: list[Strip]
    noises: dict[str, Strip]

    @property
    def embeddings(self) -> NDArray[np.float32]:
        """Of the whole of each example voice, float32 [n, 64]."""
        wholes = [strip[-1] for strip in self.voices]
        assert all(wholes), "the examples hold speech"
        return np.stack([whole.embedding for whole in wholes if whole])

    @property
    def walk(self) -> NDArray[np.float32]:
        """Those embeddings, after each one what lies halfway to the next, and from the last to the first, [2n, 64]."""
        pairs = zip(self.embeddings, np.roll(self.embeddings, -1, axis=0), strict=True)
        return np.concatenate([between(one, other, 3)[:2] for one, other in pairs])

    @property
    def typical_scores(self) -> dict[str, list[float]] | None:
        """The critic's lowest and highest score of "voices" and of "noises"; None if the weights have no critic."""
        scores = {
            kind: [face.score for strip in strips for face in strip if face and face.score is not None]
            for kind, strips in (("voices", self.voices), ("noises", list(self.noises.values())))
        }
        if not all(scores.values()):
            return None
        return {kind: [min(some), max(some)] for kind, some in scores.items()}


def example_voices() -> list[Waveform]:
    """The bundled examples, float32 [n] each at 16 kHz."""
    return [read_audio(clip) for clip in sorted(EXAMPLES.glob("*.flac"))]


def compute(engine: VoiceToFace, voices: Sequence[Waveform]) -> Showpieces:
    """Compute the faces.

    Args:
        engine: the model.
        voices: examples with speech, float32 [n] each, of which the first TIMELINE_SECONDS are drawn; all of them
            together make babble.

    Returns:
        The showpieces.
    """
    length = TIMELINE_SECONDS * SAMPLE_RATE
    noises = noise_bank(MAX_UPLOAD_SECONDS * SAMPLE_RATE, voices)
    return Showpieces(
        noises,
        [engine.strip(voice[:length], rate=SAMPLE_RATE) for voice in voices],
        {
            kind: engine.noise_strip(None, noises[kind][:length], None, rate=SAMPLE_RATE)[:-1]
            for kind in STUDY_NOISES
        },
    )
