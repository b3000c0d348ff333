"""Recording at this machine, by a PulseAudio whose microphone records what the tests play."""

import signal
import subprocess
import sys
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.support.sound_card import SoundCard, sound_card
from v2f.audio import SAMPLE_RATE, capture, read_audio
from v2f.audio.microphone import Recording, list_microphones, record
from v2f.errors import MicrophoneError

VOICE = Path(__file__).parents[2] / "assets" / "examples" / "298-126790-0000.flac"
SECOND = SAMPLE_RATE
SOON = capture.PATIENCE + 10  # seconds, for what must happen at all

# Stands before the real sounddevice, and refuses what sound cards without a resampler refuse.
ONLY_ITS_OWN_RATE = """
import sys
sys.path.remove({folder!r})
del sys.modules["sounddevice"]
import sounddevice
anything = sounddevice.RawInputStream
def choosy(samplerate=None, **settings):
    if samplerate:
        raise sounddevice.PortAudioError("Invalid sample rate", -9997)
    return anything(**settings)
sounddevice.RawInputStream = choosy
"""


class Received:
    """Keeps the blocks that it is called with."""

    def __init__(self) -> None:
        self.blocks: list[np.ndarray] = []

    def __call__(self, samples: np.ndarray) -> None:
        self.blocks.append(samples)

    @property
    def samples(self) -> np.ndarray:
        return np.concatenate(self.blocks)


@pytest.fixture(scope="module")
def card() -> Iterator[SoundCard]:
    """A sound card into whose microphone somebody reads, over and over."""
    with sound_card() as card, card.playing(VOICE):
        yield card


@pytest.fixture
def plugged(card: SoundCard, monkeypatch: pytest.MonkeyPatch) -> SoundCard:
    """The card, as the only one of this process."""
    plug(card, monkeypatch)
    return card


@pytest.fixture
def no_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This process, and all that it starts, finds no sound card."""
    if Path("/dev/snd").exists():
        pytest.skip("this machine has a sound card of its own")
    monkeypatch.setenv("PULSE_SERVER", f"unix:{tmp_path}/none")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


def plug(card: SoundCard, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in card.environment.items():
        monkeypatch.setenv(name, value)


def wait(recording: Recording) -> None:
    wait_until(lambda: recording.done)


def wait_until(it_happens: Callable[[], object]) -> None:
    deadline = time.monotonic() + SOON
    while not it_happens():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def likeness(recorded: np.ndarray) -> float:
    """Cosine between a recording and the part of the looped voice that it resembles most."""
    voice = read_audio(VOICE)
    voice = np.concatenate([voice, voice[: recorded.size]]).astype(np.float64)
    size = 1 << (voice.size + recorded.size).bit_length()
    products = np.fft.irfft(np.fft.rfft(voice, size) * np.fft.rfft(recorded, size).conj(), size)
    starts = voice.size - recorded.size
    energy = np.cumsum(np.concatenate([[0.0], voice**2]))
    energies = (energy[recorded.size :] - energy[: -recorded.size])[:starts]
    return float((products[:starts] / np.sqrt(energies * (recorded**2).sum())).max())


def test_the_microphones_are_listed_with_the_machines_own_choice(plugged: SoundCard):
    microphones = list_microphones()
    assert [one.default for one in microphones].count(True) == 1
    assert all(one.name for one in microphones)


def test_what_is_recorded_is_what_was_played(plugged: SoundCard):
    received = Received()
    wait(record(None, 3, received))
    assert likeness(received.samples) > 0.9


@pytest.mark.parametrize("seconds", [1, 1.2345, 2])
def test_a_recording_ends_by_itself_to_the_sample(plugged: SoundCard, seconds: float):
    received = Received()
    recording = record(None, seconds, received)
    assert not recording.done
    wait(recording)
    assert not recording.failed
    assert received.samples.size == round(seconds * SECOND)
    assert received.samples.dtype == np.float32
    assert np.abs(received.samples).max() <= 1


def test_blocks_come_while_they_are_spoken(plugged: SoundCard):
    times: list[float] = []
    blocks: list[int] = []

    def receive(samples: np.ndarray) -> None:
        times.append(time.monotonic())
        blocks.append(samples.size)

    wait(record(None, 2, receive))
    assert max(blocks) <= SECOND // 10
    assert times[-1] - times[0] == pytest.approx(2, abs=0.5)


def test_a_microphone_can_be_chosen_by_its_index(plugged: SoundCard):
    for microphone in list_microphones():
        received = Received()
        wait(record(microphone.index, 1, received))
        assert received.samples.size == SECOND


def test_a_device_that_refuses_16_khz_is_resampled_without_seams(
    plugged: SoundCard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "sounddevice.py").write_text(ONLY_ITS_OWN_RATE.format(folder=str(tmp_path)))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def recorded() -> np.ndarray:
        received = Received()
        wait(record(None, 3, received))
        assert received.samples.size == 3 * SECOND
        return received.samples

    # A seam would be in each; a machine that is busy loses pieces of one now and then.
    assert any(likeness(recorded()) > 0.9 for _ in range(3))


def test_stopping_ends_a_recording_at_once_and_for_good(plugged: SoundCard):
    received = Received()
    recording = record(None, 10, received)
    wait_until(lambda: received.blocks)
    recording.stop()
    assert recording.done
    assert not recording.failed
    size = received.samples.size
    recording.stop()
    time.sleep(0.3)
    assert received.samples.size == size < 10 * SECOND


def test_stopping_after_the_end_changes_nothing(plugged: SoundCard):
    received = Received()
    recording = record(None, 0.5, received)
    wait(recording)
    recording.stop()
    assert not recording.failed
    assert received.samples.size == SECOND // 2


def test_a_recording_may_be_stopped_by_what_receives_it(plugged: SoundCard):
    recordings: list[Recording] = []
    blocks: list[np.ndarray] = []

    def receive(samples: np.ndarray) -> None:
        blocks.append(samples)
        recordings[0].stop()

    recordings.append(record(None, 10, receive))
    wait(recordings[0])
    assert len(blocks) == 1
    assert not recordings[0].failed


def test_one_recording_follows_another(plugged: SoundCard):
    for _ in range(3):
        received = Received()
        wait(record(None, 0.5, received))
        assert received.samples.size == SECOND // 2
        assert np.abs(received.samples).max() > 0.01


def test_two_recordings_at_once_are_alike(plugged: SoundCard):
    def recorded() -> list[np.ndarray]:
        both = Received(), Received()
        for recording in [record(None, 2, received) for received in both]:
            wait(recording)
        return [received.samples for received in both]

    # A busy machine loses pieces of one now and then.
    assert any(all(likeness(samples) > 0.9 for samples in recorded()) for _ in range(3))


def test_an_ended_recording_keeps_no_sound(plugged: SoundCard):
    received = Received()
    forgotten = weakref.ref(received)
    recording = record(None, 0.5, received)
    wait(recording)
    del received
    assert forgotten() is None


def test_a_device_that_goes_away_fails_the_recording(monkeypatch: pytest.MonkeyPatch):
    with sound_card() as card, card.playing(VOICE):
        plug(card, monkeypatch)
        received = Received()
        recording = record(None, 10, received)
        wait_until(lambda: received.blocks)
        card.unplug()
        wait(recording)
        assert recording.failed
        recording.stop()
        with pytest.raises(MicrophoneError, match="no microphone"):
            record(None, 1, received)
    with sound_card() as card, card.playing(VOICE):  # plugged in again
        plug(card, monkeypatch)
        received = Received()
        wait(record(None, 1, received))
        assert received.samples.size == SECOND


def test_a_device_that_hangs_fails_the_recording(monkeypatch: pytest.MonkeyPatch):
    with sound_card() as card, card.playing(VOICE):
        plug(card, monkeypatch)
        recording = record(None, 60, Received())
        card.daemon.send_signal(signal.SIGSTOP)
        wait(recording)
        assert recording.failed


def test_nothing_holds_the_microphone_when_its_program_is_gone(plugged: SoundCard):
    program = "import os; from v2f.audio.microphone import record\n"
    program += "recording = record(None, 60, print); print(recording._process.pid, flush=True); os._exit(0)"
    output = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    command = Path("/proc") / output.split()[-1] / "cmdline"
    # An empty command belongs to a process that has ended, and waits for somebody to ask how.
    wait_until(lambda: not command.exists() or not command.read_text())


@pytest.mark.parametrize("device", [-1, 99])
def test_a_device_that_does_not_exist_is_one_sentence(plugged: SoundCard, device: int):
    with pytest.raises(MicrophoneError, match=f"There is no microphone {device} at this machine: .*list"):
        record(device, 1, Received())


def test_a_machine_without_a_sound_card_has_no_microphones(no_card: None):
    assert list_microphones() == []


@pytest.mark.parametrize("device", [None, 0])
def test_recording_without_a_sound_card_is_one_sentence(no_card: None, device: int | None):
    with pytest.raises(MicrophoneError, match="^There is no microphone at this machine: plug one in"):
        record(device, 1, Received())


def test_without_sounddevice_the_sentence_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "sounddevice.py").write_text("raise ModuleNotFoundError")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(MicrophoneError, match=r'pip install "v2f\[kiosk\]"$'):
        list_microphones()


def test_without_portaudio_the_sentence_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ("libportaudio.so.2", "libportaudio.so"):
        (tmp_path / name).write_text("no library")
    monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path))
    with pytest.raises(MicrophoneError, match="libportaudio2"):
        list_microphones()
    with pytest.raises(MicrophoneError, match="libportaudio2"):
        record(None, 1, Received())


def test_nothing_of_portaudio_is_loaded_into_the_program(plugged: SoundCard):
    program = "import sys; from v2f.audio.microphone import list_microphones\n"
    program += "assert list_microphones(); sys.exit('sounddevice' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
