"""The small made corpus of the tests of training."""

from tests.training.conftest import (
    made_encoder,
    made_pack_file,
    made_store,
    shared_encoder,
    shared_pack_file,
    shared_store,
)

__all__ = [
    "made_encoder",
    "made_pack_file",
    "made_store",
    "shared_encoder",
    "shared_pack_file",
    "shared_store",
]
