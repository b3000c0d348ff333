"""Failures we expect. Each message is one sentence that the person who sees it can act on."""

import tokenize
import zipfile
import zlib

DAMAGED_ARRAY = (  # what NumPy raises where a file of arrays is missing, cut short, or altered
    *(OSError, EOFError, ValueError, TypeError, KeyError, SyntaxError, tokenize.TokenError),
    *(zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, MemoryError),
)


class V2FError(Exception):
    """Base of every expected failure; its text is shown to visitors and on the command line as it is."""


class UnreadableAudioError(V2FError):
    """A file is not audio, is damaged, or is empty."""


class ClipError(V2FError):
    """What was given as a recording is of a kind that is not taken, or lacks its rate."""


class MicrophoneError(V2FError):
    """There is no microphone at this machine, it cannot be used, or PortAudio is not installed."""


class NoSpeechError(V2FError):
    """Less than half a second of speech was found in a recording."""


class WeightsError(V2FError):
    """A weights file is missing, damaged, altered, or lacks the networks that are needed."""


class UnmeasuredError(V2FError):
    """The weights do not tell how sure their model is."""


class DeviceError(V2FError):
    """What was asked to compute on is not known, or not in this machine."""


class CorpusError(V2FError):
    """A corpus, store or training pack is missing, incomplete, or cannot be written."""
