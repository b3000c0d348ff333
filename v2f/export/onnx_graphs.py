"""Models as ONNX graphs: all of one, or the parts that hear a recording while it grows (v2f/export/graphs.py)."""

import json
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from io import BytesIO
from pathlib import Path

import onnx
import onnxruntime
import torch
from onnx import ModelProto
from torch import Tensor, nn
from torch.onnx import register_custom_op_symbolic, unregister_custom_op_symbolic

from v2f.audio import FRAME, SAMPLE_RATE
from v2f.errors import WeightsError
from v2f.export.graphs import (
    FaceDrawing,
    FaceJudging,
    Places,
    VoiceEmbedding,
    VoiceToFaceGraph,
    WindowCAMPPlus,
    WindowDVectors,
    in_fours,
    in_half,
)
from v2f.export.storage import Number, store
from v2f.models import FusedEncoder, Model
from v2f.models.fused import FUSED_SIZE
from v2f.models.networks import EMBEDDING_SIZE
from v2f.models.portrait_generator import COMPONENTS, PortraitGenerator

FORMAT = "1"  # of the graphs, in their metadata
OPSET = 18  # of operators; those of later ones are not needed
EXAMPLE_SECONDS = 4  # of sound that a graph is traced with: several windows, and a rest


@dataclass(frozen=True)
class Graph:
    """A network, and how its graph calls what goes in and comes out.

    Attributes:
        network: what is exported.
        inputs: an example of each.
        outputs: their names.
        lengths: of inputs and outputs with axes of any length, what those count.
    """

    network: nn.Module
    inputs: Mapping[str, Tensor]
    outputs: tuple[str, ...]
    lengths: Mapping[str, Mapping[int, str]]


def voice_to_face(model: Model, number: Number = "float32") -> ModelProto:
    """All of a model, for one recording.

    Args:
        model: with the fused encoder.
        number: how it keeps its weights, and computes.

    Returns:
        A graph from `waveform`, float32 [samples] at 16 kHz in [-1, 1], and `speech`, bool [samples // 320], to `face`,
        uint8 [size, size, 3], `embedding`, float32 [64], and `score`, float32 [1], which is left out where there is no
        discriminator. 400 samples have to be speech.

    Raises:
        WeightsError: the model has another encoder.
    """
    model, _ = _prepared(model, number)
    samples = EXAMPLE_SECONDS * SAMPLE_RATE
    graph = Graph(
        VoiceToFaceGraph(model),
        {
            "waveform": torch.rand(samples) - 0.5,
            "speech": torch.ones(samples // FRAME, dtype=torch.bool),
        },
        ("face", "embedding", "score") if model.trunk and model.discriminator else ("face", "embedding"),
        {"waveform": {0: "samples"}, "speech": {0: "frames"}},
    )
    return _finished(graph, model, number)


def parts(model: Model, number: Number = "float32") -> dict[str, ModelProto]:
    """A model in parts, so that each window of a growing recording is heard once; arguments as for `voice_to_face`.

    Returns:
        dvectors: `sound`, float32 [windows, samples], all of one length -> `vectors`, float32 [windows, 256].
        campplus: the same -> `vectors`, float32 [windows, 192].
        embedding: `means` over a recording's windows, both side by side, float32 [voices, 448] -> `embeddings`, float32
            [voices, 64], unit length.
        places: `embeddings` -> `places`, float32 [voices, 64], along the components of faces; only of a portrait
            generator.
        drawing: `embeddings` and, for a portrait generator, `places` to draw them at -> `faces`, uint8 [voices, size,
            size, 3].
        judging: `faces` -> `scores`, float32 [voices]; only with a discriminator.
    """
    model, encoder = _prepared(model, number)
    hearing = {"sound": {0: "windows", 1: "samples"}, "vectors": {0: "windows"}}
    sound = {"sound": torch.rand(2, 2 * SAMPLE_RATE) - 0.5}
    voices = {0: "voices"}
    embeddings = {"embeddings": torch.eye(2, EMBEDDING_SIZE)}
    graphs = {
        "dvectors": Graph(WindowDVectors(encoder), sound, ("vectors",), hearing),
        "campplus": Graph(
            WindowCAMPPlus(encoder), {"sound": sound["sound"][:, :SAMPLE_RATE]}, ("vectors",), hearing
        ),
        "embedding": Graph(
            VoiceEmbedding(encoder),
            {"means": torch.rand(2, FUSED_SIZE)},
            ("embeddings",),
            {"means": voices, "embeddings": voices},
        ),
    }
    placed = {}
    if isinstance(model.generator, PortraitGenerator):
        placed = {"places": torch.eye(2, COMPONENTS)}
        graphs["places"] = Graph(
            Places(model.generator), embeddings, ("places",), {"embeddings": voices, "places": voices}
        )
    graphs["drawing"] = Graph(
        FaceDrawing(model),
        embeddings | placed,
        ("faces",),
        {name: voices for name in (*embeddings, *placed, "faces")},
    )
    if model.trunk and model.discriminator:
        size = model.config.image_size
        graphs["judging"] = Graph(
            FaceJudging(model.trunk, model.discriminator),
            {"faces": torch.zeros(2, size, size, 3, dtype=torch.uint8)},
            ("scores",),
            {"faces": voices, "scores": voices},
        )
    return {name: _finished(graph, model, number) for name, graph in graphs.items()}


def _prepared(model: Model, number: Number) -> tuple[Model, FusedEncoder]:
    if not isinstance(model.encoder, FusedEncoder):
        raise WeightsError(
            "These weights hold Table 2's voice encoder; only models with the fused one, as the bundled model is, "
            "can be exported."
        )
    if isinstance(model.generator, PortraitGenerator):
        model = replace(model, generator=in_fours(model.generator))
    model = in_half(model) if number == "float16" else model
    return model, model.encoder  # type: ignore[return-value]


def _finished(graph: Graph, model: Model, number: Number) -> ModelProto:
    traced = _traced(graph)
    # The processor, by which it is simplified, has no float16: it would put float32 in its place.
    finished = store(onnx.load_from_string(traced) if number == "float16" else _simplified(traced), number)
    used = {node.domain for node in finished.graph.node}
    opsets = [opset for opset in finished.opset_import if opset.domain in used]
    del finished.opset_import[:]
    finished.opset_import.extend(opsets)
    told = {
        "v2f_format": FORMAT,
        "v2f_number": number,
        "config": json.dumps(asdict(model.config)),
        "provenance": json.dumps(model.provenance),
    }
    onnx.helper.set_model_props(finished, told)
    onnx.checker.check_model(finished)
    return finished


def _traced(graph: Graph) -> bytes:
    """By the exporter that follows one run of the network: the other one refuses lengths that depend on data."""
    file = BytesIO()
    with _without_memory_formats(), warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter(
            "ignore"
        )  # that it is the older exporter, and that checks of shapes are not traced
        torch.onnx.export(
            graph.network.eval(),
            tuple(graph.inputs.values()),
            file,  # type: ignore[arg-type]  # this exporter writes to files that are open, too
            input_names=list(graph.inputs),
            output_names=list(graph.outputs),
            dynamic_axes={name: dict(axes) for name, axes in graph.lengths.items()},
            opset_version=OPSET,
            dynamo=False,
        )
    return file.getvalue()


@contextmanager
def _without_memory_formats() -> Iterator[None]:
    """Export `contiguous` as nothing, which the exporter refuses where it names a memory format."""
    register_custom_op_symbolic("aten::contiguous", lambda graph, tensor, _format: tensor, OPSET)
    try:
        yield
    finally:
        unregister_custom_op_symbolic("aten::contiguous", OPSET)


def _simplified(traced: bytes) -> ModelProto:
    """Computed once what depends on no input, so that it is not when a runtime starts; standard operators alone."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.log_severity_level = 3
    with tempfile.TemporaryDirectory() as folder:
        options.optimized_model_filepath = str(Path(folder) / "simplified.onnx")
        onnxruntime.InferenceSession(traced, options, providers=["CPUExecutionProvider"])
        return onnx.load(options.optimized_model_filepath)
