"""A model for inference only: features become embeddings, embeddings become faces and the discriminator's scores.

Imports no audio package, so that it runs, and is measured, where there is nothing but torch.
"""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from v2f.models.dvector import DVectorEncoder, HeardWindows
from v2f.models.networks import EMBEDDING_SIZE, IMAGE_SIZE, unit
from v2f.models.runtime import Replayed, Runtime
from v2f.models.weights import Model

BATCH = 128  # faces generated at once, to bound memory
SHORTEST = 100  # frames, a second, that log-mels are filled up to at least


class Inference:
    """A model on its device. Safe to share between threads: calls keep no state."""

    def __init__(self, model: Model, runtime: Runtime | None = None) -> None:
        """Put the model on the runtime's device (by default the best there is), where it learns no more."""
        self.model = model
        self.runtime = runtime or Runtime.choose()
        for network in (model.encoder, model.generator, model.trunk, model.discriminator):
            if network is not None:
                self.runtime.prepare_for_inference(network)
        self._draw = Replayed(self._drawn, self.runtime.device)

    @torch.inference_mode()
    def embed(self, features: Sequence[Tensor], heard: HeardWindows | None = None) -> NDArray[np.float32]:
        """Unit embeddings [n, 64] of features [bins, frames], on the CPU, of any lengths; Sec. 3.1.3.

        Features are what the encoder takes: normalised log-mels [64, frames], or mel power [41, frames]. `heard` is
        what the public encoder has heard of this recording before; Table 2's has no use for it.
        """
        encoder, device = self.model.encoder, self.runtime.device
        embeddings = [torch.empty(0, EMBEDDING_SIZE, device=device)]
        with self.runtime.autocast():
            if isinstance(encoder, DVectorEncoder):
                if features:
                    embeddings.append(unit(encoder.embed_each(features, heard)))
            else:
                for log_mel in features:
                    frames = log_mel.shape[-1]
                    padded = F.pad(log_mel, (0, padded_length(frames) - frames))[None].to(device)
                    embeddings.append(unit(encoder(padded, frames).float()))
        return torch.cat(embeddings).cpu().numpy()  # read once: a GPU is told ahead of its work

    @torch.inference_mode()
    def faces(self, embeddings: NDArray[np.float32]) -> tuple[NDArray[np.uint8], NDArray[np.float32] | None]:
        """Faces uint8 [n, 64, 64, 3] of unit embeddings [n, 64]; their scores [n], None without a judge."""
        images = np.empty((len(embeddings), IMAGE_SIZE, IMAGE_SIZE, 3), np.uint8)
        scores = np.empty(len(embeddings), np.float32)
        for start in range(0, len(embeddings), BATCH):
            part = slice(start, start + BATCH)
            pixels, *judged = self._draw(torch.from_numpy(embeddings[part]))
            images[part] = pixels.numpy()
            for score in judged:
                scores[part] = score.numpy()
        return images, scores if self._judges else None

    @property
    def _judges(self) -> bool:
        return self.model.trunk is not None and self.model.discriminator is not None

    def _drawn(self, embeddings: Tensor) -> tuple[Tensor, ...]:
        """Unit embeddings [n, 64] -> pixels uint8 [n, 64, 64, 3] and, with a judge, scores float32 [n]."""
        trunk, discriminator = self.model.trunk, self.model.discriminator
        with self.runtime.autocast():
            faces = self.model.generator(embeddings)
            if trunk is None or discriminator is None:
                return (to_pixels(faces),)
            logits = discriminator(trunk(faces))[:, 0]
        return to_pixels(faces), torch.sigmoid(logits.float())


def padded_length(frames: int) -> int:
    """The length that so many frames are filled up to: one of few, as kernels are made, and kept, for each length."""
    step = max(SHORTEST, 1 << max(0, frames.bit_length() - 3))  # a second, or about an eighth of it all
    return -(-frames // step) * step


def to_pixels(faces: Tensor) -> Tensor:
    """Faces [batch, 3, height, width] to uint8 [batch, height, width, 3]: the inverse of (x - 127.5) / 127.5.

    Values outside [-1, 1] are clamped; contrast is left as it is.
    """
    return (faces.float().clamp(-1, 1) * 127.5 + 127.5).round().to(torch.uint8).permute(0, 2, 3, 1)
