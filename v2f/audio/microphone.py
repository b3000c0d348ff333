"""The microphones of this machine: for a booth whose browser has none, or must not ask for it.

Sound comes in blocks of about 50 ms: float32 [n], mono, 16 kHz, in [-1, 1].
"""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from subprocess import DEVNULL, PIPE, Popen
from threading import Event, Thread, current_thread
from typing import Any

import numpy as np
from numpy.typing import NDArray

from v2f.audio import capture
from v2f.audio.vad import SAMPLE_RATE
from v2f.audio.waveform import resampled
from v2f.errors import MicrophoneError

NO_ANSWER = "The microphone does not answer: another program is using it, or it was unplugged."

Receive = Callable[[NDArray[np.float32]], None]


@dataclass(frozen=True)
class Microphone:
    """An input device: `index` is what `record` takes; `default` marks the machine's own choice."""

    index: int
    name: str
    default: bool


class Recording:
    """A recording in progress or ended, made by `record`; safe between threads."""

    def __init__(self, process: Popen[bytes], rate: int, samples: int, receive: Receive) -> None:
        self._process = process
        self._stopped = Event()
        self.failed = False  # whether the device went away before the recording had its length
        # The thread alone holds `receive`, so that whoever keeps an ended recording does not keep its sound.
        self._thread = Thread(target=self._run, args=(rate, samples, receive), daemon=True)
        self._thread.start()

    @property
    def done(self) -> bool:
        """Whether it has ended: by its length, by `stop`, or by a failure. From then on no sound comes."""
        return not self._thread.is_alive()

    def stop(self) -> None:
        """End it now and let go of the device; no sound comes once this returns.

        It waits for a running `receive`: the caller must hold no lock that `receive` needs.
        """
        self._stopped.set()
        self._process.kill()
        if self._thread is not current_thread():
            self._thread.join()

    def _run(self, rate: int, left: int, receive: Receive) -> None:
        try:
            for samples in resampled(self._blocks(rate), rate):
                if self._stopped.is_set():
                    return
                receive(samples[:left].clip(-1, 1))  # resampling may overshoot
                left -= len(samples[:left])
                if not left:
                    return
        finally:
            self.failed = left > 0 and not self._stopped.is_set()
            _end(self._process)

    def _blocks(self, rate: int) -> Iterator[NDArray[np.float32]]:
        """Sound at the rate of the device, until there is no more."""
        assert self._process.stdout
        size = rate // capture.BLOCKS_PER_SECOND * np.dtype(np.float32).itemsize
        while len(sound := self._process.stdout.read(size)) == size:
            yield np.frombuffer(sound, np.float32)


def list_microphones() -> list[Microphone]:
    """The input devices that there are now; none where there is no sound card. Raises MicrophoneError."""
    process, answer = _capture("list")
    _end(process)
    return [Microphone(**one) for one in answer["microphones"]]


def record(device: int | None, seconds: float, receive: Receive) -> Recording:
    """Start a recording that ends by itself after `seconds`, to the sample.

    `receive` gets its blocks one after another, in a thread of the recording's own. `device` is the index of a
    microphone; None is the machine's own choice. Returns once the device is open, after 0.1 to 0.2 s. Raises
    MicrophoneError where PortAudio, a sound card or this device is missing, or the device is in use.
    """
    process, answer = _capture("default" if device is None else str(device))
    return Recording(process, answer["rate"], round(seconds * SAMPLE_RATE), receive)


def _capture(wanted: str) -> tuple[Popen[bytes], dict[str, Any]]:
    """Run capture.py -> the process and its answer. Raises MicrophoneError when that is a problem, or is none."""
    command = [sys.executable, "-P", capture.__file__, wanted]  # -P: our modules are not to hide others
    process = Popen(command, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL)  # ALSA is talkative
    assert process.stdout
    line = process.stdout.readline()
    answer = json.loads(line) if line else {"problem": NO_ANSWER}
    if "problem" in answer:
        _end(process)
        raise MicrophoneError(answer["problem"])
    return process, answer


def _end(process: Popen[bytes]) -> None:
    with process:  # closes its output, waits for its end
        process.kill()
