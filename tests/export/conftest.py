"""The bundled model and its graphs."""

from collections.abc import Callable, Mapping
from pathlib import Path

import onnxruntime
import pytest
from numpy.typing import NDArray

from v2f.export.onnx_graphs import voice_to_face
from v2f.export.storage import NUMBERS, Number
from v2f.models import Runtime, load
from v2f.pipeline import VoiceToFace

Graph = Callable[..., list[NDArray]]


@pytest.fixture(scope="session")
def torch_model() -> VoiceToFace:
    """The bundled model in float32."""
    return VoiceToFace(load(), Runtime.choose("cpu", exact=True))


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Mapping[Number, Path]:
    """The bundled model as a graph in each of the ways there are."""
    paths: dict[Number, Path] = {}
    for number in NUMBERS:
        paths[number] = tmp_path_factory.mktemp("graphs") / f"{number}.onnx"
        paths[number].write_bytes(voice_to_face(load(), number).SerializeToString())
    return paths


@pytest.fixture(scope="session")
def graphs(files: Mapping[Number, Path]) -> Mapping[Number, Graph]:
    """The same, ready to run: called with each input by its name, they give what comes out, in order."""
    return {number: ready(path.read_bytes()) for number, path in files.items()}


def ready(graph: bytes) -> Graph:
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    return lambda **inputs: session.run(None, inputs)
