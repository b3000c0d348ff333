"""Sounds for the audio tests: real speech where it lies beside the checkout, made sounds anywhere."""

from pathlib import Path

import numpy as np
import pytest

from v2f.audio import SAMPLE_RATE, read_audio


@pytest.fixture(scope="session")
def speech_files(shared_data: Path) -> list[Path]:
    """Three real recordings: FLAC, 16 kHz, about 12 s each, of three readers."""
    return sorted((shared_data / "speech" / "librispeech").glob("*.flac"))[:3]


@pytest.fixture(scope="session")
def speech(speech_files: list[Path]) -> np.ndarray:
    """Ten seconds of a reader."""
    return read_audio(speech_files[0], max_seconds=10)


@pytest.fixture
def white() -> np.ndarray:
    """Three seconds of white noise."""
    return (0.1 * np.random.default_rng(0).standard_normal(3 * SAMPLE_RATE)).astype(np.float32)
