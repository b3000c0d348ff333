"""The two files of FaceRes, with random weights."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np

from v2f.data import faceres
from v2f.models import file_hash


def write_faceres(folder: Path) -> dict[str, str]:
    """Write both into a new folder; returns their checksums, to be used instead of the true files'."""
    rng, channels = np.random.default_rng(0), [32, 64, 128, 128, 256, 256, *[512] * 6, 1024, 1024]
    shapes: dict[str, tuple[int, ...]] = {
        "conv1/convolution/merged_input": (3, 3, 3, 32),
        "conv1_bn/batchnorm_1/sub": (32,),
        **{"feats/kernel": (1024, 256), "feats/bias": (256,)},
        **{"age_pred/kernel": (256, 100), "age_pred/bias": (100,)},
        **{"gender_pred/kernel": (256, 1), "gender_pred/bias": (1,)},
    }
    for block, (before, after) in enumerate(pairwise(channels), start=1):
        shapes[f"conv_dw_{block}/depthwise_kernel"] = (3, 3, before, 1)
        shapes |= {f"conv_dw_{block}_bn/batchnorm_1/{part}": (before,) for part in ("mul", "sub")}
        shapes[f"conv_pw_{block}/convolution/merged_input"] = (1, 1, before, after)
        shapes[f"conv_pw_{block}_bn/batchnorm_1/sub"] = (after,)
    told: list[dict] = [{"name": "axes", "shape": [2], "dtype": "int32"}]
    content = [np.array([1, 2], dtype=np.int32).tobytes()]
    for name, shape in shapes.items():
        told.append({"name": name, "shape": shape, "dtype": "float32", "quantization": {"dtype": "float16"}})
        spread = 1.0 if "mul" in name else 0.1 if len(shape) == 1 else np.sqrt(2 / np.prod(shape[:-1]))
        spread = 0.5 if "depthwise" in name else spread  # each sees nine pixels of one channel
        content.append((spread * rng.standard_normal(shape)).astype(np.float16).tobytes())
    folder.mkdir()
    (folder / "faceres.json").write_text(json.dumps({"weightsManifest": [{"weights": told}]}))
    (folder / "faceres.bin").write_bytes(b"".join(content))
    return {name: file_hash(folder / name) for name in faceres.SHA256}
