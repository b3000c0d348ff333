"""A sound card for machines that have none: a PulseAudio of one's own, whose microphone hears what is played."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import pytest
import soundfile

# A sink that nobody hears, and what goes into it as a source of its own: Chromium hides plain monitors.
DEVICES = """
load-module module-native-protocol-unix auth-anonymous=1
load-module module-null-sink sink_name=speaker rate=48000 channels=1
load-module module-remap-source source_name=microphone master=speaker.monitor \
    source_properties=device.description=Microphone
set-default-source microphone
"""
START_SECONDS = 20
LATENCY = "--latency-msec=500"  # less makes gaps where the machine is busy; more delays the microphone


@dataclass(frozen=True)
class SoundCard:
    """A running card; `environment` is what a process needs, beside its usual variables, to find it."""

    environment: dict[str, str]
    daemon: subprocess.Popen[bytes]

    def play(self, path: Path) -> None:
        """Play a recording of any format into the microphone, from beginning to end."""
        subprocess.run(["paplay", LATENCY, str(path)], env=os.environ | self.environment, check=True)

    @contextmanager
    def playing(self, path: Path) -> Iterator[None]:
        """Play a recording into the microphone over and over, without a gap."""
        sound, rate = soundfile.read(path, dtype="int16", always_2d=True)
        format = [f"--rate={rate}", f"--channels={sound.shape[1]}", "--format=s16le"]
        command = ["pacat", "--playback", "--raw", LATENCY, *format]
        with subprocess.Popen(
            command, env=os.environ | self.environment, stdin=subprocess.PIPE, bufsize=0
        ) as player:
            feeder = Thread(target=_repeat, args=(sound.tobytes(), player), daemon=True)
            feeder.start()
            try:
                yield
            finally:
                player.kill()
                feeder.join()

    def heard(self) -> bool:
        """Whether a program has the microphone open."""
        command = ["pactl", "list", "short", "source-outputs"]
        outputs = subprocess.run(
            command, env=os.environ | self.environment, capture_output=True, text=True, check=True
        ).stdout
        return "protocol-native" in outputs  # the other one is the microphone's own, of its source

    def unplug(self) -> None:
        """Take the card away from all who use it."""
        self.daemon.kill()
        self.daemon.wait()


@contextmanager
def sound_card() -> Iterator[SoundCard]:
    """A card with one microphone, for as long as the context lasts; what needs it skips without PulseAudio."""
    if not shutil.which("pulseaudio") or not shutil.which("pacat"):
        pytest.skip("no pulseaudio and pulseaudio-utils are installed")
    with tempfile.TemporaryDirectory(prefix="sound-card-") as folder:
        script = Path(folder) / "devices.pa"
        script.write_text(DEVICES)
        environment = {
            "PULSE_SERVER": f"unix:{folder}/native",
            "PULSE_COOKIE": f"{folder}/cookie",
            "PULSE_RUNTIME_PATH": folder,
            "XDG_RUNTIME_DIR": folder,
        }
        command = ["pulseaudio", "-n", "-F", str(script), "--daemonize=no", "--use-pid-file=no"]
        command += ["--exit-idle-time=-1", "--log-level=error"]
        with subprocess.Popen(command, env=os.environ | environment, stderr=subprocess.DEVNULL) as daemon:
            card = SoundCard(environment, daemon)
            try:
                _wait_for(card)
                yield card
            finally:
                card.unplug()


def _wait_for(card: SoundCard) -> None:
    command = ["pactl", "get-source-volume", "microphone"]
    deadline = time.monotonic() + START_SECONDS
    while subprocess.run(command, env=os.environ | card.environment, capture_output=True).returncode:
        if card.daemon.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("PulseAudio does not start here.")
        time.sleep(0.05)


def _repeat(sound: bytes, player: subprocess.Popen[bytes]) -> None:
    assert player.stdin
    try:
        while player.stdin.write(sound):
            pass
    except BrokenPipeError:
        return
