"""Fixtures shared by all tests."""

import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
RECORDINGS = 20  # by which runtimes are compared
LONGEST = 16_000 * 4  # samples that are used of each

MadeVoice = Callable[..., NDArray[np.float32]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as `browser` whatever needs Chromium or a kiosk in a process of its own: such tests run in real time."""
    for item in items:
        if {"open_browser", "open_kiosk"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.browser)


def pytest_configure() -> None:
    """Let programs that tests start end by Ctrl-C; a shell has those that it runs in the background ignore it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what is marked `cuda` where there is no such GPU, and `bf16` where the processor has no such numbers."""
    if item.get_closest_marker("cuda"):
        import torch

        if not torch.cuda.is_available():
            pytest.skip("there is no CUDA GPU here")
    if item.get_closest_marker("bf16"):
        import torch

        from v2f.models.runtime import has_native_bf16

        if not has_native_bf16(torch.device("cpu")):
            pytest.skip("this processor has no bfloat16 of its own")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real recordings and portraits beside the checkout; tests that need it skip without it."""
    if not SHARED_DATA.is_dir():
        pytest.skip(
            "needs recordings and portraits in ../shared/data; assets/README.md names their public sources"
        )
    return SHARED_DATA


@pytest.fixture(scope="session")
def random_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A complete weights file whose values are random: its faces are noise, but each voice has its own."""
    return write_random_weights(tmp_path_factory.mktemp("weights") / "random.safetensors")


@pytest.fixture(scope="session")
def large_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, of faces of 128x128 pixels."""
    return write_random_weights(tmp_path_factory.mktemp("weights") / "large.safetensors", image_size=128)


def write_random_weights(path: Path, image_size: int = 64) -> Path:
    """Write Table 2's networks of random values."""
    import torch

    from v2f.models import (
        Discriminator,
        FaceTrunk,
        Generator,
        NetworkConfig,
        VoiceEncoder,
        save_networks,
        unit,
    )

    torch.manual_seed(0)
    config = NetworkConfig(image_size=image_size)
    encoder, generator = VoiceEncoder(config), Generator(config)
    networks = {
        "encoder": encoder,
        "generator": generator,
        "trunk": FaceTrunk(config),
        "discriminator": Discriminator(config),
    }
    with torch.no_grad():  # take away what all voices, and all faces, would have in common
        noise = torch.randn(16, 64, 100)
        for _ in range(20):
            encoder(noise)  # batch normalisation learns its statistics
        encoder.eval().get_parameter("model.12.bias").sub_(encoder(noise).mean(dim=0))
        for name, parameter in generator.named_parameters():
            if name.endswith("bias"):
                parameter.zero_()
        faces = generator(unit(torch.randn(16, 64)))
        generator.model[-1].weight.mul_(0.5 / faces.std())
    save_networks(path, networks, config, {"name": "random values, for tests"})
    return path


@pytest.fixture(scope="session")
def made_voice() -> MadeVoice:
    """made_voice(seconds, seed=0): a vowel in syllables, which voice detectors accept; float32, mono, 16 kHz."""

    def make(seconds: float, seed: int = 0) -> NDArray[np.float32]:
        random = np.random.default_rng(seed)
        time = np.arange(round(seconds * 16_000)) / 16_000
        pitch = random.uniform(100, 180) + 8 * np.sin(2 * np.pi * 2.3 * time)  # Hz
        phase = 2 * np.pi * np.cumsum(pitch) / 16_000
        formants = [
            (random.uniform(500, 800), 90),
            (random.uniform(1200, 2000), 120),
            (2600, 160),
        ]  # Hz, width
        voice = 0.003 * random.standard_normal(time.size)
        for harmonic in range(1, 40):
            gain = sum(1 / (1 + ((harmonic * pitch - centre) / width) ** 2) for centre, width in formants)
            voice += gain * np.sin(harmonic * phase)
        syllables = 0.5 + 0.5 * np.sin(2 * np.pi * 3.1 * time)
        return (0.1 * voice * syllables).astype(np.float32)

    return make


@pytest.fixture(scope="session")
def recordings(made_voice: MadeVoice) -> list[NDArray[np.float32]]:
    """Of readers and VoxCeleb where ../shared/data is there, else parts of the examples and made voices."""
    from tests.support.voices import voice
    from v2f.audio import read_sound

    speech = SHARED_DATA / "speech"
    readers = sorted(speech.rglob("librispeech/**/*.flac"))[:: RECORDINGS // 2][: RECORDINGS // 2]
    others = sorted(speech.rglob("voxceleb_examples/**/*.wav"))[: RECORDINGS // 2]
    found = [read_sound(path).waveform[: LONGEST - 1000 * i] for i, path in enumerate([*readers, *others])]
    made = [voice(i, seconds) for i in range(3) for seconds in (1, 1.5, 2, 3, 4)]
    made += [made_voice(4 - i / 2, i) for i in range(RECORDINGS)]
    return (found + made)[:RECORDINGS]
