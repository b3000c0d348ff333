"""Decodes strangers' recordings, each in a process of its own: one that hangs or crashes a decoder harms nothing else.

The process is forked from a small one that never sees a recording, and ends with its answer: nothing stays in memory.
"""

import json
import multiprocessing
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Timer
from typing import Any

import numpy as np

from v2f.audio import Channel, Sound, read_sound
from v2f.errors import UnreadableAudioError

Reader = Callable[..., Sound]  # as read_sound

MAX_SECONDS = 10  # of decoding
PATIENCE = 0.8 * MAX_SECONDS  # after which what has been read must do
MAX_BYTES = 1 << 30  # that it may allocate

_processes: Any = multiprocessing.get_context(
    "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
)


def start() -> None:
    """Start the process that the others are forked from, so that the first recording need not wait for it.

    It puts a socket into the folder for temporary files, and takes it out when this program ends.
    """
    # Each process runs app.py anew, so what that imports is imported here. "__main__" does nothing (CPython gh-126631).
    _processes.set_forkserver_preload(["v2f.__main__", __name__, "av"])
    with suppress(ImportError):  # Windows has none
        from multiprocessing.forkserver import ensure_running

        ensure_running()


def decode(
    file: Path,
    max_seconds: float,
    channel: Channel | None = None,
    search: bool = True,
    reader: Reader = read_sound,
) -> Sound:
    """Read a recording as `read_sound` does, in a process of its own.

    Args:
        file: an existing file.
        max_seconds, channel, search: as `read_sound` takes them.
        reader: an importable function; it runs in that process.

    Returns:
        The recording.

    Raises:
        UnreadableAudioError: what `reader` says; or its process has crashed, or was ended after MAX_SECONDS.
    """
    answers, answer = _processes.Pipe(duplex=False)
    asked = (reader, file, max_seconds, channel, search, PATIENCE)
    process = _processes.Process(target=_answer, args=(answer, *asked), daemon=True)
    with answers:
        with answer:
            process.start()
        deadline = Timer(MAX_SECONDS, process.kill)
        deadline.start()
        try:
            complaint = answers.recv_bytes().decode()
            if complaint:
                raise UnreadableAudioError(complaint)
            facts = json.loads(answers.recv_bytes())
            return Sound(np.frombuffer(answers.recv_bytes(), np.float32).copy(), **facts)
        except EOFError:
            raise UnreadableAudioError(f"{file.name} is damaged: it cannot be decoded.") from None
        finally:
            deadline.cancel()
            deadline.join()
            process.kill()
            process.join()
            process.close()


def _answer(answer: Connection, reader: Reader, file: Path, *asked: Any) -> None:
    """Send messages of bytes: a complaint, or an empty one, what is known as JSON, and the samples. They are not
    pickled: a recording that takes the decoder over gains nothing in the program that asked.
    """
    with suppress(ImportError):  # Windows has none
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (MAX_BYTES, MAX_BYTES))
    try:
        recording = reader(file, *asked)
    except UnreadableAudioError as error:
        answer.send_bytes(str(error).encode())
    except MemoryError:
        answer.send_bytes(f"{file.name} takes too much memory to decode.".encode())
    else:
        answer.send_bytes(b"")
        facts = asdict(recording)
        waveform = facts.pop("waveform")
        answer.send_bytes(json.dumps(facts).encode())
        answer.send_bytes(waveform.tobytes())
