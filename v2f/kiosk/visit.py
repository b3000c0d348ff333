"""One visit: what a visitor's recording becomes, held in memory and nowhere else."""

import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from v2f.audio import SAMPLE_RATE, detect_speech, make_noise, read_audio
from v2f.errors import V2FError
from v2f.kiosk import texts
from v2f.pipeline import DURATIONS, Face, VoiceToFace

LONGEST_SECONDS = 60  # of a recording; what lies behind is not read, and the page says so
NOISE_SEED = 7  # the same noise every time, so that only what the visitor changes changes the faces

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Visit:
    """A recording and its faces."""

    waveform: np.ndarray  # float32 [samples], mono, 16 kHz
    speech: np.ndarray  # bool [samples // 320]
    faces: list[Face | None]  # after each of DURATIONS, then of the whole
    shortened: bool  # the recording went on for longer than LONGEST_SECONDS


@dataclass(frozen=True)
class Refusal:
    """A recording that gave no face, and why, in one sentence."""

    sentence: str


def hear(engine: VoiceToFace, clip: Path) -> Visit | Refusal:
    """Read a recording and make its faces; every failure becomes a sentence for the visitor."""
    try:
        waveform = read_audio(clip, max_seconds=LONGEST_SECONDS + 1)
        longest = LONGEST_SECONDS * SAMPLE_RATE
        kept = waveform[:longest]
        return Visit(kept, detect_speech(kept), engine.strip(kept, DURATIONS), waveform.size > longest)
    except V2FError as error:
        return Refusal(str(error))
    except Exception:  # the page's outermost handler: the visitor gets a sentence, the log the traceback
        log.exception("A recording could not be turned into faces")
        return Refusal(texts.TROUBLE)


def hear_once(engine: VoiceToFace, upload: Path) -> Visit | Refusal:
    """`hear` an uploaded or recorded file and delete it, with the folder that was made for it."""
    try:
        return hear(engine, upload)
    finally:
        upload.unlink(missing_ok=True)
        with suppress(OSError):  # another upload of the same bytes may be using the folder
            upload.parent.rmdir()


def noise_faces(
    engine: VoiceToFace,
    visit: Visit | None,
    kind: str,
    snr_db: float | None,
    clips: Sequence[np.ndarray],
    durations: Sequence[int],
) -> list[Face | None]:
    """Faces of the visit's voice in noise, or of the noise alone when `snr_db` is None.

    One face for each duration and one for the whole. Noise alone is as long as the recording, or as the
    longest duration when there is none. `clips` are what babble is made of.
    """
    voice = visit.waveform if visit else None
    samples = max(DURATIONS) * SAMPLE_RATE if voice is None else voice.size
    noise = make_noise(kind, samples, NOISE_SEED, clips)
    return engine.noise_strip(None if snr_db is None else voice, noise, snr_db, durations)
