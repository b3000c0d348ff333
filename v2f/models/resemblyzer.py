"""The public speaker encoder's weights, out of the PyPI package Resemblyzer 0.1.4 (Apache-2.0), which carries them.

The package is looked for and not imported. Its weights are a pickle: it is read only after its bytes have the hash
written below, and then with ``weights_only=True``.
"""

import hashlib
import io
from importlib.util import find_spec
from pathlib import Path

import torch

from v2f.errors import WeightsError
from v2f.models.dvector import DVectorNetwork

PACKAGE = "Resemblyzer 0.1.4"
LICENCE = "Apache-2.0"
SHA256 = "39373b86598fa3da9fcddee6142382efe09777e8d37dc9c0561f41f0070f134e"
# Its dependency webrtcvad needs a compiler, and nothing of it is run here.
REMEDY = "install it by: pip install --no-deps Resemblyzer==0.1.4"


def network_from_package() -> DVectorNetwork:
    """The network of the installed package, float32, on the CPU; WeightsError when it is missing or another."""
    spec = find_spec("resemblyzer")
    if spec is None or spec.origin is None:
        raise WeightsError(f"The package {PACKAGE} is missing; {REMEDY}.")
    file = Path(spec.origin).with_name("pretrained.pt")
    try:
        contents = file.read_bytes()
    except OSError as error:
        raise WeightsError(f"{file} cannot be read: {error.strerror}; {REMEDY}.") from error
    if hashlib.sha256(contents).hexdigest() != SHA256:
        raise WeightsError(
            f"{file} is not that of {PACKAGE} (its hash differs), so it was not opened; {REMEDY}."
        )
    state = torch.load(io.BytesIO(contents), map_location="cpu", weights_only=True)["model_state"]
    network = DVectorNetwork()
    network.load_state_dict({key: state[key] for key in network.state_dict()})
    return network.eval()
