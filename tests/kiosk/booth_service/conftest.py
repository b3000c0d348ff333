"""One asker for each file of tests, what it may be told, and a recording that is finished."""

from collections.abc import Callable
from pathlib import Path

import pytest
import soundfile

import v2f
from tests.conftest import MadeVoice
from tests.kiosk.booth_service.asking import Asker, Waveform
from v2f.audio import SAMPLE_RATE
from v2f.kiosk.booth_service import BoothService
from v2f.kiosk.sessions import SessionStore
from v2f.kiosk.settings import Settings
from v2f.kiosk.showpieces import compute
from v2f.kiosk.wire import decode_samples, encode_samples
from v2f.pipeline import VoiceToFace


@pytest.fixture(scope="module")
def engine(random_weights: Path) -> VoiceToFace:
    """In float32, so that equal sound gives equal faces however many are drawn at once."""
    return v2f.load(random_weights, device="cpu", exact=True)


@pytest.fixture(scope="module")
def uploads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("uploads")


@pytest.fixture(scope="module")
def examples(made_voice: MadeVoice) -> list[Waveform]:
    return [made_voice(10, seed=100), made_voice(11, seed=101)]


@pytest.fixture(scope="module")
def ask(engine: VoiceToFace, examples: list[Waveform], uploads: Path) -> Asker:
    return Asker(
        BoothService(engine, compute(engine, examples), SessionStore(600), uploads, Settings(speakers=1000))
    )


@pytest.fixture(scope="module")
def voice(made_voice: MadeVoice) -> Waveform:
    """Six seconds as they arrive: in 16 bits."""
    return decode_samples(encode_samples(made_voice(6, seed=1)))


@pytest.fixture(scope="module")
def finished(ask: Asker, voice: Waveform) -> str:
    """The token of that voice's finished recording."""
    return ask("finish_recording", session=ask.record(voice))["session"]


@pytest.fixture
def upload(uploads: Path) -> Callable[[Waveform], str]:
    def write(waveform: Waveform) -> str:
        folder = uploads / "a1b2"
        folder.mkdir(exist_ok=True)
        soundfile.write(folder / "voice.wav", waveform, SAMPLE_RATE, subtype="FLOAT")
        return str(folder / "voice.wav")

    return write
