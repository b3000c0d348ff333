"""Gathers the part of a long recording that is used: its start or, where hardly anybody speaks there, a later part."""

from dataclasses import dataclass, field

import numpy as np

from v2f.audio.vad import AROUND, FRAME, SAMPLE_RATE, SpeechDetector, bridge_gaps, lively

SECOND = SAMPLE_RATE // FRAME  # frames
ENOUGH = 10 * SECOND  # of speech, or half of what is wanted: then nothing more is looked for
LEAD = 10  # frames, 200 ms, that are kept before speech begins


@dataclass
class Window:
    """Takes a recording in blocks, float32 mono at 16 kHz, and keeps `limit` samples of it."""

    limit: int | None
    search: bool  # for speech, where the start holds little
    _held: bytearray = field(default_factory=bytearray)  # grows in place, so nothing is in memory twice
    _start: int = 0  # samples before what is held
    _detector: SpeechDetector | None = None
    _speech: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))  # by the detector, of what is held
    _decisions: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))  # those of them that are lively
    _first: tuple[int, int, np.ndarray] | None = None  # frames of speech, start, samples
    _best: tuple[int, int, np.ndarray] | None = None

    def add(self, block: np.ndarray) -> bool:
        """Take a block; tells whether more is wanted."""
        if block.size:
            self._held += np.ascontiguousarray(block).data.cast("B")
        if self.limit is None or len(self._held) < 4 * self.limit:
            return True
        return self.search and not self._look(last=False)

    def result(self) -> tuple[np.ndarray, int]:
        """The samples float32 [n] that are used, and the one of the recording that they begin with."""
        if self._first is not None and self.search:
            self._look(last=True)
        if not self._first or not self._best:
            return np.frombuffer(self._held, np.float32)[: self.limit], 0
        speech, start, samples = self._best if self._best[0] > 2 * self._first[0] else self._first
        return samples, start

    def _look(self, last: bool) -> bool:
        """Consider each part that begins with speech, and drop what lies before the next; whether one is enough."""
        assert self.limit
        held = np.frombuffer(self._held, np.float32)
        decisions = self._decide(held)
        total = np.concatenate([[0], np.cumsum(bridge_gaps(decisions))])
        frame, enough = 0 if self._best is None else self._onset(decisions, 0), False
        while last or (held.size - frame * FRAME >= self.limit and frame < len(decisions)):
            stop = min(frame + self.limit // FRAME, len(decisions))
            speech = int(total[stop] - total[frame])
            if self._best is None or speech > self._best[0]:
                samples = held[frame * FRAME : frame * FRAME + self.limit].copy()
                self._best = (speech, self._start + frame * FRAME, samples)
                self._first = self._first or self._best
            enough = speech >= min(ENOUGH, self.limit // FRAME // 2)
            if enough or last:
                break
            frame = self._onset(decisions, frame + SECOND)
        del held  # a view of what becomes shorter now
        del self._held[: frame * FRAME * 4]
        self._start += frame * FRAME
        self._speech, self._decisions = self._speech[frame:], decisions[frame:]
        return enough

    def _decide(self, held: np.ndarray) -> np.ndarray:
        """Decide on what is new, and once more on the seconds that are judged with it."""
        self._detector = self._detector or SpeechDetector()
        decided = len(self._speech)
        self._speech = np.concatenate([self._speech, self._detector.decide(held[decided * FRAME :])])
        start = max(0, decided - 2 * AROUND * SECOND)
        again = lively(held[start * FRAME :], self._speech[start:])
        kept = max(0, decided - AROUND * SECOND)
        return np.concatenate([self._decisions[:kept], again[kept - start :]])

    @staticmethod
    def _onset(decisions: np.ndarray, frame: int) -> int:
        """The next frame that lies just before speech; one near the end where there is none."""
        frame = min(frame, len(decisions))
        ahead = np.flatnonzero(decisions[frame + LEAD :])
        return frame + int(ahead[0]) if ahead.size else max(frame, len(decisions) - LEAD)
