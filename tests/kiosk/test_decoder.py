"""A recording that breaks its decoder breaks nothing else, and costs its visitor one sentence."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import numpy as np
import psutil
import pytest

from tests.support import readers
from tests.support.browser import EXAMPLES
from v2f.audio import SAMPLE_RATE, Sound, read_audio
from v2f.errors import UnreadableAudioError
from v2f.kiosk import decoder


@pytest.fixture
def short_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoder, "MAX_SECONDS", 1)


def children_of_forkserver() -> int:
    [server] = [child for child in psutil.Process().children() if "forkserver" in " ".join(child.cmdline())]
    return len(server.children())


def test_a_recording_is_read_as_in_this_process() -> None:
    waveform = decoder.decode(EXAMPLES[0], 3).waveform
    assert waveform.size == 3 * SAMPLE_RATE and waveform.flags.writeable
    np.testing.assert_array_equal(waveform, read_audio(EXAMPLES[0], 3))


IMPORTED = """
from v2f.kiosk import decoder
from tests.support import readers
from tests.support.browser import EXAMPLES
decoder.start()
print(decoder.decode(EXAMPLES[0], 3, reader=readers.tell_what_is_imported).name)
"""


def test_what_app_py_imports_is_there_before_a_recording_comes() -> None:
    """A decoder's process runs app.py anew; to import the command line each time took longer than to decode."""
    run = subprocess.run([sys.executable, "-c", IMPORTED], capture_output=True, text=True, check=True)
    assert "v2f.__main__" in run.stdout.split()


def test_what_is_no_recording_is_told_by_name(tmp_path: Path) -> None:
    (tmp_path / "letter.wav").write_text("Dear reader")
    with pytest.raises(UnreadableAudioError, match=r"^letter.wav is not a recording, or it is damaged.$"):
        decoder.decode(tmp_path / "letter.wav", 3)


@pytest.mark.parametrize(
    ("reader", "sentence"),
    [
        (readers.hang, "voice.wav is damaged: it cannot be decoded."),
        (readers.crash, "voice.wav is damaged: it cannot be decoded."),
        (readers.take_memory, "voice.wav takes too much memory to decode."),
    ],
)
def test_a_broken_decoder_ends_with_a_sentence(
    short_deadline: None, reader: Callable[..., Sound], sentence: str
) -> None:
    before = psutil.Process().num_fds()
    began = time.monotonic()
    with pytest.raises(UnreadableAudioError) as refused:
        decoder.decode(Path("voice.wav"), 3, reader=reader)
    assert str(refused.value) == sentence
    assert time.monotonic() - began < 30
    assert children_of_forkserver() == 0, "its process is gone"
    assert psutil.Process().num_fds() <= before + 4, "only the forkserver's own, where this is the first test"


def test_others_are_read_while_one_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoder, "MAX_SECONDS", 20)
    ended: list[str] = []

    def hang() -> None:
        try:
            decoder.decode(Path("voice.wav"), 3, reader=readers.hang)
        except UnreadableAudioError as error:
            ended.append(str(error))

    hanging = Thread(target=hang)
    hanging.start()
    for _ in range(3):
        assert decoder.decode(EXAMPLES[0], 3).seconds
    assert not ended
    for child in psutil.Process().children(recursive=True):
        if child.parent() != psutil.Process():
            child.kill()
    hanging.join()
    assert ended == ["voice.wav is damaged: it cannot be decoded."]
