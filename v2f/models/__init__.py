"""The paper's networks, the device they run on, and the files their weights live in."""

from v2f.models.fused import FusedEncoder
from v2f.models.inference import Inference
from v2f.models.networks import (
    Classifier,
    Discriminator,
    EncoderName,
    FaceTrunk,
    Generator,
    NetworkConfig,
    VoiceEncoder,
    unit,
)
from v2f.models.runtime import Runtime
from v2f.models.weights import (
    TRAINED_ON,
    Encoder,
    Model,
    build_generator,
    encode_people,
    file_hash,
    load,
    load_networks,
    people_trained_on,
    save_networks,
)

__all__ = [
    "TRAINED_ON",
    "Classifier",
    "Discriminator",
    "Encoder",
    "EncoderName",
    "FusedEncoder",
    "FaceTrunk",
    "Generator",
    "Inference",
    "Model",
    "NetworkConfig",
    "Runtime",
    "VoiceEncoder",
    "build_generator",
    "encode_people",
    "file_hash",
    "load",
    "load_networks",
    "people_trained_on",
    "save_networks",
    "unit",
]
