"""Recordings to the speech a store holds: read, keep the speech-bearing parts, and embed for pairing."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed

from v2f.audio import SAMPLE_RATE, detect_speech, keep_speech, read_audio, to_waveform
from v2f.data.dvectors import DVectors
from v2f.data.rejection import Rejected
from v2f.errors import UnreadableAudioError

LEAST_SECONDS = 1.5  # of speech, below which a recording teaches little
MOST_SECONDS = 60.0  # read from the start of a recording


@dataclass(frozen=True)
class Clip:
    """A recording to prepare. `speed` other than 1 makes another voice of it: pitch and formants move together."""

    path: Path
    speaker: str
    sex: str
    source: str
    split: str
    speed: float = 1.0


@dataclass(frozen=True)
class PreparedVoice:
    """The speech of a clip as int16 [samples] at 16 kHz, and its d-vector float32 [256]."""

    clip: Clip
    speech: np.ndarray
    dvector: np.ndarray


def prepare_voices(clips: Iterable[Clip], workers: int) -> Iterator[PreparedVoice | Rejected]:
    """Prepare clips in parallel, in their order."""
    clips = list(clips)
    size = 16  # clips a task, so that each task loads the d-vector network once
    tasks = (delayed(_prepare_some)(clips[start : start + size]) for start in range(0, len(clips), size))
    for voices in Parallel(n_jobs=workers, return_as="generator")(tasks):
        yield from voices


def _prepare_some(clips: list[Clip]) -> list[PreparedVoice | Rejected]:
    embed = DVectors()
    return [prepare_voice(clip, embed) for clip in clips]


def prepare_voice(clip: Clip, embed: Callable[[np.ndarray], np.ndarray]) -> PreparedVoice | Rejected:
    """Prepare one clip; one that cannot be read or holds too little speech comes back with its reason."""
    try:
        waveform = change_speed(read_audio(clip.path, MOST_SECONDS), clip.speed)
    except UnreadableAudioError as error:
        return Rejected(clip.path.name, str(error))
    speech = keep_speech(waveform, detect_speech(waveform))
    if len(speech) < LEAST_SECONDS * SAMPLE_RATE:
        return Rejected(clip.path.name, f"only {len(speech) / SAMPLE_RATE:.1f} s of speech")
    samples = np.clip(np.round(speech * 32767), -32768, 32767).astype(np.int16)
    return PreparedVoice(clip, samples, embed(speech))


def change_speed(waveform: np.ndarray, speed: float) -> np.ndarray:
    """Play a waveform faster (speed > 1) or slower by resampling; rates are rounded to 100 Hz."""
    if speed == 1.0:
        return waveform
    return to_waveform(waveform, round(SAMPLE_RATE * speed / 100) * 100)
