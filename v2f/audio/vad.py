"""Which parts of a recording are speech: WebRTC's detector, as in the paper (Sec. 4).

Waveform float32 [samples] at 16 kHz -> bool [samples // 320], one decision per 20 ms.
"""

import numpy as np
import webrtcvad

from v2f.errors import NoSpeechError

SAMPLE_RATE = 16_000  # Hz, everywhere in this package
FULL_SCALE = 32768.0  # of 16-bit samples, for a waveform's 1.0
AGGRESSIVENESS = 2  # of 0 to 3
FRAME = SAMPLE_RATE * 20 // 1000  # 320 samples, 20 ms per decision
LONGEST_GAP = 10  # frames, 200 ms: shorter pauses between speech belong to it
# dBFS: the loudest frame of late is brought to the first for the detector, which misses faint speech; nothing below
# the second counts as loud.
LEVEL_DB, FAINTEST_DB = -30.0, -60.0
# Of somebody who talks, within a second: dB from the faintest tenth to the loudest; and the share of frames that are
# louder than the one before, of those that lie less than so many dB below the loudest.
LIVELY_DB, RISING, AUDIBLE_DB = 10.0, 1 / 3, 40.0
AROUND = 2  # seconds before and behind one, which is judged with them
FALL_DB = 1.0  # a second, by which what was loud is forgotten
MIN_SPEECH_SECONDS = 0.5


def detect_speech(waveform: np.ndarray) -> np.ndarray:
    """One decision per 20 ms frame, short pauses bridged: float32 [samples] at 16 kHz -> bool [samples // 320]."""
    return bridge_gaps(decide(waveform))


def decide(waveform: np.ndarray) -> np.ndarray:
    """The detector's own decisions, float32 [samples] at 16 kHz -> bool [samples // 320].

    The detector adapts as it goes, so each call starts a fresh one: the same recording, the same answer. It does not
    look ahead: the decisions on a prefix are a prefix of those on the whole.
    """
    return SpeechDetector().decide(waveform)


class SpeechDetector:
    """The detector for one recording, which may come in pieces. Every recording is brought to one level for it."""

    def __init__(self) -> None:
        self._is_speech = webrtcvad.Vad(AGGRESSIVENESS).is_speech
        self._frames = 0  # decided so far
        self._loudest = FAINTEST_DB  # of them, with what it has not been forgotten of since the first

    def decide(self, waveform: np.ndarray) -> np.ndarray:
        """Decide on the next samples, float32 [samples] -> bool [samples // 320]; call it again with what is left."""
        samples = self._levelled(waveform) * FULL_SCALE
        pcm = np.clip(samples, -FULL_SCALE, FULL_SCALE - 1).astype("<i2").tobytes()
        size = FRAME * 2  # bytes
        decisions = [self._is_speech(pcm[i : i + size], SAMPLE_RATE) for i in range(0, len(pcm), size)]
        return np.array(decisions, dtype=bool)

    def _levelled(self, waveform: np.ndarray) -> np.ndarray:
        """The whole frames of the next samples, the loudest so far, as far as it is remembered, at LEVEL_DB."""
        frames = waveform[: len(waveform) // FRAME * FRAME].reshape(-1, FRAME)
        loudness = 10 * np.log10(np.square(frames, dtype=np.float64).mean(axis=1) + 1e-12)
        forgotten = (self._frames + np.arange(len(frames))) * (FALL_DB * FRAME / SAMPLE_RATE)
        loudest = np.maximum(loudness, FAINTEST_DB) + forgotten
        loudest = np.maximum.accumulate(np.concatenate([[self._loudest], loudest]))
        self._frames, self._loudest = self._frames + len(frames), loudest[-1]
        return (frames * 10 ** ((LEVEL_DB - (loudest[1:] - forgotten)) / 20)[:, None]).reshape(-1)


def bridge_gaps(speech: np.ndarray) -> np.ndarray:
    """Fill pauses of up to 200 ms between two speech frames of bool [frames].

    Silence at either end stays: so the decisions on a prefix are those on the whole, but for a pause that the
    prefix cuts off and speech ends later.
    """
    frames = np.flatnonzero(speech)
    gaps = np.diff(frames) - 1
    short = gaps * (gaps <= LONGEST_GAP)
    starts = np.repeat(frames[:-1], short)  # the speech frame before each frame to fill
    steps = np.arange(len(starts)) - np.repeat(np.cumsum(short) - short, short) + 1  # 1, 2, ... within a gap
    bridged = speech.copy()
    bridged[starts + steps] = True
    return bridged


def lively(waveform: np.ndarray, speech: np.ndarray) -> np.ndarray:
    """Decisions bool [frames], without seconds as of an instrument: the detector takes many of them for a voice.

    A second counts for what most of the speech within two seconds of it is. For choosing between parts of a recording,
    not for saying that nobody speaks.
    """
    frames = waveform[: len(speech) * FRAME].reshape(-1, FRAME)
    loudness = 10 * np.log10(np.square(frames, dtype=np.float64).mean(axis=1) + 1e-12)
    seconds = np.array_split(np.arange(len(speech)), max(1, len(speech) * FRAME // SAMPLE_RATE))
    detected = np.array([speech[second].sum() for second in seconds])
    voiced = detected * [_rises_and_falls(loudness[second]) for second in seconds]
    around = np.ones(2 * AROUND + 1)
    most = 2 * np.convolve(voiced, around)[AROUND:-AROUND] > np.convolve(detected, around)[AROUND:-AROUND]
    return speech & np.repeat(most, [len(second) for second in seconds])


def _rises_and_falls(loudness: np.ndarray) -> bool:
    """Whether a second's frames [n], in dB, are as of a voice: hum stays, and what is plucked or struck only fades."""
    if not loudness.size or np.ptp(np.percentile(loudness, [10, 90])) < LIVELY_DB:
        return False
    rising = np.diff(loudness)[loudness[1:] > loudness.max() - AUDIBLE_DB] > 0
    return bool(rising.sum() >= RISING * rising.size)


def require_speech(samples: int, where: str = "") -> None:
    """Raise NoSpeechError for less than half a second of speech; `where`, it says, " in the first 60 s of NAME"."""
    if samples < MIN_SPEECH_SECONDS * SAMPLE_RATE:
        raise NoSpeechError(
            f"Only {samples / SAMPLE_RATE:.1f} s of speech were found{where} and half a second is needed:"
            " speak a little longer or louder."
        )


def keep_speech(waveform: np.ndarray, speech: np.ndarray | None = None) -> np.ndarray:
    """The speech frames of a waveform [samples], joined; `speech` are decisions made before, if any."""
    if speech is None:
        speech = detect_speech(waveform)
    frames = waveform[: len(speech) * FRAME].reshape(-1, FRAME)
    return frames[speech].reshape(-1)
