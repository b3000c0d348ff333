"""The public speaker encoder, where its package is installed."""

import pytest

from v2f.errors import WeightsError
from v2f.models import DVectorEncoder
from v2f.models.public_encoders import dvector_from_package


@pytest.fixture(scope="session")
def public_encoder() -> DVectorEncoder:
    encoder = DVectorEncoder()
    try:
        encoder.network = dvector_from_package()
    except WeightsError as error:
        pytest.skip(str(error))
    return encoder.eval()
