"""Decodes strangers' recordings, each in a process of its own: one that hangs or crashes a decoder harms nothing else.

The process is forked from a small one that never sees a recording, and ends with its answer: nothing stays in memory.
"""

import multiprocessing
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Timer
from typing import Any

import numpy as np

from v2f.audio.io import read_audio
from v2f.errors import UnreadableAudioError

Reader = Callable[[Path, float], np.ndarray]  # as read_audio

MAX_SECONDS = 10  # of decoding
MAX_BYTES = 1 << 30  # that it may allocate

_processes: Any = multiprocessing.get_context(
    "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
)


def start() -> None:
    """Start the process that the others are forked from, so that the first recording need not wait for it.

    It puts a socket into the folder for temporary files, and takes it out when this program ends.
    """
    _processes.set_forkserver_preload(["__main__", __name__, "av"])
    with suppress(ImportError):  # Windows has none
        from multiprocessing.forkserver import ensure_running

        ensure_running()


def decode(file: Path, max_seconds: float, reader: Reader = read_audio) -> np.ndarray:
    """Read a recording as `read_audio` does, in a process of its own.

    Args:
        file: an existing file.
        max_seconds: what lies behind is not read.
        reader: an importable function; it runs in that process.

    Returns:
        float32 [samples], mono, 16 kHz.

    Raises:
        UnreadableAudioError: what `reader` says; or its process has crashed, or was ended after MAX_SECONDS.
    """
    answers, answer = _processes.Pipe(duplex=False)
    process = _processes.Process(target=_answer, args=(answer, reader, file, max_seconds), daemon=True)
    with answers:
        with answer:
            process.start()
        deadline = Timer(MAX_SECONDS, process.kill)
        deadline.start()
        try:
            complaint = answers.recv_bytes().decode()
            if complaint:
                raise UnreadableAudioError(complaint)
            return np.frombuffer(answers.recv_bytes(), np.float32).copy()
        except EOFError:
            raise UnreadableAudioError(f"{file.name} is damaged: it cannot be decoded.") from None
        finally:
            deadline.cancel()
            deadline.join()
            process.kill()
            process.join()
            process.close()


def _answer(answer: Connection, reader: Reader, file: Path, max_seconds: float) -> None:
    """Send two messages of bytes: a complaint, or an empty one and the samples. They are not pickled: a recording that
    takes the decoder over gains nothing in the program that asked.
    """
    with suppress(ImportError):  # Windows has none
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (MAX_BYTES, MAX_BYTES))
    try:
        waveform = reader(file, max_seconds)
    except UnreadableAudioError as error:
        answer.send_bytes(str(error).encode())
    except MemoryError:
        answer.send_bytes(f"{file.name} takes too much memory to decode.".encode())
    else:
        answer.send_bytes(b"")
        answer.send_bytes(waveform.tobytes())
