"""Public speaker embeddings of recordings: the fused vectors of v2f/models/fused.py, from which looks are predicted."""

import numpy as np
import torch

from v2f.audio.front_ends import FRONT_ENDS
from v2f.models.fused import FusedEncoder
from v2f.models.public_encoders import campplus_from_package, dvector_from_package


class DVectors:
    """Both networks, on one core each; raises WeightsError where a package is missing."""

    def __init__(self) -> None:
        self.encoder = FusedEncoder()
        self.encoder.dvector, self.encoder.campplus = dvector_from_package(), campplus_from_package()
        self.encoder.eval()

    def __call__(self, speech: np.ndarray) -> np.ndarray:
        """Speech float32 [samples] at 16 kHz, 0.8 s or more, of any level -> float32 [448], halves of unit length."""
        with torch.inference_mode():
            return self.encoder.vectors([FRONT_ENDS["fused"].features(speech)])[0].numpy()
