"""onnxruntime takes the recordings that PyTorch's path takes, and refuses them in the same words."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from tests.conftest import MadeVoice
from v2f.errors import ClipError, NoSpeechError, WeightsError
from v2f.pipeline.onnx_runtime import OnnxVoiceToFace

SIZE = 8  # pixels along a side


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A graph as `v2f export onnx` writes it, whose face is black and whose embedding counts samples and speech."""
    constants = [
        helper.make_node("ConstantOfShape", ["face_shape"], ["face"], value=_zero(TensorProto.UINT8)),
        helper.make_node("Cast", ["waveform_shape"], ["samples"], to=TensorProto.FLOAT),
        helper.make_node("Shape", ["waveform"], ["waveform_shape"]),
        helper.make_node("Cast", ["speech"], ["speech_float"], to=TensorProto.FLOAT),
        helper.make_node("ReduceSum", ["speech_float"], ["frames"], keepdims=1),
        helper.make_node("Concat", ["samples", "frames"], ["embedding"], axis=0),
    ]
    graph = helper.make_graph(
        [constants[0], constants[2], constants[1], *constants[3:]],
        "counting",
        [
            helper.make_tensor_value_info("waveform", TensorProto.FLOAT, ["samples"]),
            helper.make_tensor_value_info("speech", TensorProto.BOOL, ["frames"]),
        ],
        [
            helper.make_tensor_value_info("face", TensorProto.UINT8, [SIZE, SIZE, 3]),
            helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [2]),
        ],
        [helper.make_tensor("face_shape", TensorProto.INT64, [3], [SIZE, SIZE, 3])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    helper.set_model_props(model, {"v2f_format": "1"})
    onnx.save(model, tmp_path / "counting.onnx")
    return tmp_path / "counting.onnx"


def _zero(kind: int) -> TensorProto:
    return helper.make_tensor("zero", kind, [1], [0])


def test_a_face_has_what_the_graph_gave_and_what_was_read(path: Path, made_voice: MadeVoice) -> None:
    face = OnnxVoiceToFace(path).face(made_voice(2.0), rate=16_000)
    samples, frames = face.embedding
    assert face.image.shape == (SIZE, SIZE, 3) and face.score is None
    assert samples == 32_000 and face.duration == 2.0
    assert face.seconds == frames * 0.02 > 0.5


def test_recordings_are_refused_as_by_torch(path: Path) -> None:
    model = OnnxVoiceToFace(path)
    with pytest.raises(NoSpeechError):
        model.face(np.zeros(32_000, np.float32), rate=16_000)
    with pytest.raises(ClipError):
        model.face(np.zeros(32_000, np.float32))


def test_a_graph_of_another_program_is_refused(path: Path) -> None:
    model = onnx.load(path)
    del model.metadata_props[:]
    onnx.save(model, path)
    with pytest.raises(WeightsError, match="is not a graph from voice to face"):
        OnnxVoiceToFace(path)
