"""A recording as it was read: the sound, and what was left out or chosen."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from v2f.audio.channels import Channel
from v2f.audio.vad import SAMPLE_RATE

TOLD = 0.5  # seconds; less that is missing is not worth a word


@dataclass(frozen=True)
class Sound:
    """What was read of a recording.

    Attributes:
        waveform: float32 [samples], mono, 16 kHz, in [-1, 1].
        name: the file's.
        start: seconds into the recording at which the waveform begins.
        read: seconds of the recording that were looked at.
        length: seconds of all of it, as far as known.
        ended: whether it was read to its end.
        track: the one that was read, from 1, of `tracks`.
        channel: the only one that was read, if not the mean of all.
        two_speakers: whether both channels hold a voice of their own.
        scale: what the samples were divided by, because they went far beyond 1.
    """

    waveform: NDArray[np.float32]
    name: str = "The recording"
    start: float = 0.0
    read: float = 0.0
    length: float | None = None
    ended: bool = True
    track: int = 1
    tracks: int = 1
    channel: Channel | None = None
    two_speakers: bool = False
    scale: float = 1.0

    @property
    def seconds(self) -> float:
        """Seconds of the waveform."""
        return self.waveform.size / SAMPLE_RATE

    @property
    def looked_at(self) -> str:
        """ " in the first 60 s of NAME", where it was not read to its end, for a sentence on what was not found."""
        return "" if self.ended else f" in the first {self.read:.0f} s of {self.name}"

    @property
    def notes(self) -> tuple[str, ...]:
        """What somebody should know who takes this for all of the recording."""
        notes = []
        if self.start:
            notes.append(f"from {self.start:.1f} s on")
        if not self.ended:
            whole = f" of {self.length:.1f} s" if self.length and self.length > self.read else ""
            notes.append(f"the rest{whole} is unread")
        elif self.length and self.length - self.read > TOLD:
            notes.append(f"only {self.read:.1f} of {self.length:.1f} s could be read")
        elif self.read - self.start - self.seconds > TOLD:
            notes.append(f"the rest of {self.read:.1f} s is not used")
        if self.tracks > 1:
            notes.append(f"track {self.track} of {self.tracks}, with the most speech")
        if self.two_speakers and self.channel:
            other = "left" if self.channel == "right" else "right"
            notes.append(
                f"two speakers, one a channel: this is the {self.channel} one, --channel {other} is the other"
            )
        if self.scale != 1:
            notes.append(f"samples beyond 1 were divided by {self.scale:g}")
        return tuple(notes)
