"""The public speaker encoders, where their packages are installed; and the process's settings of GPUs, put back."""

from collections.abc import Iterator

import pytest
import torch

from v2f.errors import WeightsError
from v2f.models import FusedEncoder
from v2f.models.public_encoders import campplus_from_package, dvector_from_package


@pytest.fixture
def gpu_settings() -> Iterator[None]:
    """Let a test change in which precision GPUs compute."""
    cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
    parts = cudnn.conv, cudnn.rnn, matmul  # type: ignore[attr-defined]
    before, deterministic = [part.fp32_precision for part in parts], cudnn.deterministic
    yield
    for part, precision in zip(parts, before, strict=True):
        part.fp32_precision = precision
    cudnn.deterministic = deterministic


@pytest.fixture(scope="session")
def fused_encoder() -> FusedEncoder:
    encoder = FusedEncoder()
    try:
        encoder.dvector, encoder.campplus = dvector_from_package(), campplus_from_package()
    except WeightsError as error:
        pytest.skip(str(error))
    return encoder.eval()
