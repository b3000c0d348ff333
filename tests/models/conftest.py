"""The public speaker encoders, where their packages are installed."""

import pytest

from v2f.errors import WeightsError
from v2f.models import DVectorEncoder, FusedEncoder
from v2f.models.public_encoders import campplus_from_package, dvector_from_package


@pytest.fixture(scope="session")
def public_encoder() -> DVectorEncoder:
    encoder = DVectorEncoder()
    try:
        encoder.network = dvector_from_package()
    except WeightsError as error:
        pytest.skip(str(error))
    return encoder.eval()


@pytest.fixture(scope="session")
def fused_encoder() -> FusedEncoder:
    encoder = FusedEncoder()
    try:
        encoder.dvector, encoder.campplus = dvector_from_package(), campplus_from_package()
    except WeightsError as error:
        pytest.skip(str(error))
    return encoder.eval()
