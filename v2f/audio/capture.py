"""Holds a microphone, in a process of its own that can be killed: python capture.py list | default | INDEX.

Where a device goes away, sound libraries hang, and with them every thread that waits for them, up to the end of
the process. So v2f/audio/microphone.py runs this file; it imports nothing of v2f, to start quickly.

The first line that comes out is JSON: {"microphones": [{"index", "name", "default"}, ...]}, {"rate": Hz}, or
{"problem": a sentence}. A rate is followed by sound, float32, mono, for as long as somebody reads it. If the
process ends by itself, the microphone cannot be used, or no longer.
"""

import faulthandler
import json
import sys
from typing import Any

SAMPLE_RATE = 16_000  # Hz, where the device can
BLOCKS_PER_SECOND = 20
BUFFER_SECONDS = 0.5  # kept by the system, in case that this process must wait for a processor
PATIENCE = 5  # seconds without sound, after which the device counts as lost; some take two to start


def main(wanted: str) -> None:
    keep_alive()
    try:
        import sounddevice
    except ModuleNotFoundError:
        answer(
            problem='Recording at this machine needs sounddevice; install it with: pip install "v2f[kiosk]"'
        )
        return
    except OSError:
        answer(
            problem="Recording at this machine needs PortAudio: install it, on Debian the package libportaudio2."
        )
        return
    microphones = find_microphones(sounddevice)
    if wanted == "list":
        answer(microphones=microphones)
    elif not microphones:
        answer(problem="There is no microphone at this machine: plug one in and try again.")
    elif wanted == "default":
        capture(sounddevice, max(microphones, key=lambda one: one["default"])["index"])
    elif int(wanted) in [one["index"] for one in microphones]:
        capture(sounddevice, int(wanted))
    else:
        answer(
            problem=f"There is no microphone {wanted} at this machine: "
            "v2f kiosk --list-microphones shows those that there are."
        )


def keep_alive() -> None:
    """End this process, wherever it hangs, unless this is called again in time."""
    faulthandler.dump_traceback_later(PATIENCE, exit=True)


def answer(**values: Any) -> None:
    print(json.dumps(values), flush=True)


def find_microphones(sounddevice: Any) -> list[dict[str, Any]]:
    first = sounddevice.default.device[0]  # -1 where there is none
    return [
        {"index": device["index"], "name": device["name"], "default": device["index"] == first}
        for device in sounddevice.query_devices()
        if device["max_input_channels"]
    ]


def capture(sounddevice: Any, device: int) -> None:
    settings = {"device": device, "channels": 1, "dtype": "float32", "latency": BUFFER_SECONDS}
    try:
        stream = sounddevice.RawInputStream(samplerate=SAMPLE_RATE, **settings)
    except sounddevice.PortAudioError:
        stream = sounddevice.RawInputStream(**settings)  # at the rate that it is made for
    stream.start()
    rate = round(stream.samplerate)
    answer(rate=rate)
    while True:
        sound, _ = stream.read(rate // BLOCKS_PER_SECOND)
        keep_alive()
        sys.stdout.buffer.write(sound)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(sys.argv[1])
