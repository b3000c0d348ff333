"""From recordings to their part of a store: read, and keep the speech, as the pipeline does."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from v2f.audio import SAMPLE_RATE, at_level, keep_speech, read_audio
from v2f.data.shards import Rejected, ShardResult
from v2f.data.sources import Source
from v2f.data.store import VoiceRow
from v2f.errors import UnreadableAudioError
from v2f.models import file_hash

LEVEL_DB = -24.0  # dBFS, root mean square of the speech that is kept; the level says nothing of a voice


@dataclass(frozen=True)
class VoiceOptions:
    """What is kept of a recording, and how much of it is read."""

    dvectors: bool = False  # also the public speaker embeddings
    most_seconds: float = 600.0  # read from a recording's start
    least_speech: float = 1.5  # seconds, below which a recording teaches little
    most_speech: float = 600.0  # seconds, kept from its start

    @property
    def columns(self) -> dict[str, np.dtype]:
        """The arrays of a store that these make, with the type of an entry."""
        return {"speech": np.dtype("<i2")} | (
            {"dvectors": np.dtype(("<f4", (448,)))} if self.dvectors else {}
        )


def prepare_voices(sources: Sequence[Source], options: VoiceOptions) -> ShardResult:
    """Prepare one shard of recordings in this process, in order, on one core: others have shards of their own."""
    torch.set_num_threads(1)
    result = ShardResult({name: [] for name in options.columns})
    embed = None
    if options.dvectors:
        from v2f.data.dvectors import DVectors

        embed = DVectors()
    for source in sources:
        speech = read_speech(source.path, options)
        if isinstance(speech, str):
            result.rejected.append(Rejected(source.file, speech))
            continue
        speech = at_level(speech, LEVEL_DB)
        sound = np.clip(np.round(speech * 32767), -32768, 32767).astype(np.int16)
        result.arrays["speech"].append(sound)
        if embed:
            result.arrays["dvectors"].append(embed(speech))
        seconds, sha256 = len(speech) / SAMPLE_RATE, file_hash(source.path)
        row = VoiceRow(
            **source.columns, seconds=round(seconds, 2), length=len(sound), sha256=sha256, age=source.age
        )
        result.rows.append(row)
    return result


def read_speech(path: Path, options: VoiceOptions) -> np.ndarray | str:
    """The speech of a recording, float32 [samples] at 16 kHz, or why it cannot be used."""
    try:
        waveform = read_audio(path, options.most_seconds)
    except Exception as error:  # whatever a decoder does to one file of a million, the others go on
        reason = str(error) if isinstance(error, UnreadableAudioError) else f"{type(error).__name__}: {error}"
        return f"unreadable recording: {reason}"
    speech = keep_speech(waveform)
    if len(speech) < options.least_speech * SAMPLE_RATE:
        return "too little speech"
    return speech[: int(options.most_speech * SAMPLE_RATE)]
