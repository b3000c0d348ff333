"""The model the pipeline's tests draw with."""

from pathlib import Path

import pytest

import v2f


@pytest.fixture(scope="session")
def model(random_weights: Path) -> v2f.VoiceToFace:
    """Random networks in float32 on the CPU, so that equal input gives equal numbers on every machine."""
    return v2f.load(random_weights, device="cpu", exact=True)
