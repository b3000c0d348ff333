"""`OnnxVoiceToFace`: a face from a recording by onnxruntime, where there is no PyTorch.

Takes a graph that `v2f export onnx` wrote. Imports neither torch nor v2f/models.
"""

from pathlib import Path

import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as problems

from v2f.audio import FRAME, SAMPLE_RATE, Channel, detect_speech, require_speech
from v2f.errors import WeightsError
from v2f.pipeline.clips import read_clip
from v2f.pipeline.stopwatch import Stopwatch
from v2f.pipeline.types import Clip, Face

INPUTS = ["waveform", "speech"]
NO_GRAPH = (  # what is raised where a file is none, or is damaged
    *(problems.Fail, problems.InvalidProtobuf, problems.InvalidGraph, problems.InvalidArgument),
    *(problems.NoSuchFile, problems.NotImplemented, problems.RuntimeException),
)


class OnnxVoiceToFace:
    """The whole path from sound to face. Safe to share between threads: calls keep no state."""

    def __init__(self, path: str | Path) -> None:
        """Load a graph. Raises WeightsError where the file is none, or is not one of a whole model."""
        if not Path(path).is_file():
            raise WeightsError(f"There is no file {path}; write it with: v2f export onnx -o {path}")
        try:
            self._session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
            inputs = [value.name for value in self._session.get_inputs()]
        except NO_GRAPH as error:
            raise WeightsError(f"{path} is not an ONNX graph, or it is damaged; export it again.") from error
        told = self._session.get_modelmeta().custom_metadata_map
        if "v2f_format" not in told or inputs != INPUTS:
            raise WeightsError(f"{path} is not a graph from voice to face, as v2f export onnx writes one.")

    def face(self, clip: Clip, rate: float | None = None, channel: Channel | None = None) -> Face:
        """Generate the face of a recording; arguments, result and errors are those of `VoiceToFace.face`."""
        watch = Stopwatch()
        with watch.stage("read"):
            sound = read_clip(clip, rate, channel)
        with watch.stage("vad"):
            speech = detect_speech(sound.waveform)
        samples = int(speech.sum()) * FRAME
        require_speech(samples, sound.looked_at)
        with watch.stage("graph"):
            image, embedding, *score = self._session.run(None, {"waveform": sound.waveform, "speech": speech})
        return Face(
            image,
            embedding,
            float(score[0][0]) if score else None,
            samples / SAMPLE_RATE,
            sound.seconds,
            dict(watch),
            sound.notes,
        )
