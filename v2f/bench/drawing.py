"""From log-mels to faces, ours and plainly, and the work in it. Imports no audio package, so it runs beside a GPU."""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from v2f.bench.rates import Work
from v2f.models import Model, Runtime, unit


def to_pixels(faces: Tensor) -> Tensor:
    """Faces [n, 3, 64, 64], clamped to [-1, 1] -> uint8 [n, 64, 64, 3] in the same place."""
    return (faces.float().clamp(-1, 1) * 127.5 + 127.5).round().to(torch.uint8).permute(0, 2, 3, 1)


class PlainDrawing:
    """The paper's path from a log-mel to a face: float32, batch normalisation as a layer, one face at a time."""

    def __init__(self, model: Model, device: torch.device) -> None:
        self.device = device
        self.encoder, self.generator = model.encoder.eval().to(device), model.generator.eval().to(device)

    @torch.no_grad()
    def face(self, log_mel: Tensor) -> np.ndarray:
        """A normalised log-mel [64, frames] on the CPU -> uint8 [64, 64, 3]."""
        embedding = F.normalize(self.encoder(log_mel[None].to(self.device)), dim=1)
        return to_pixels(self.generator(embedding))[0].cpu().numpy()

    def strip(self, log_mels: Sequence[Tensor]) -> list[np.ndarray]:
        return [self.face(log_mel) for log_mel in log_mels]


class Drawing:
    """What `VoiceToFace` does once it has the log-mels: networks settled, one batch of faces, and their scores."""

    def __init__(self, model: Model, runtime: Runtime) -> None:
        self.model, self.runtime = model, runtime
        for network in (model.encoder, model.generator, model.trunk, model.discriminator):
            if network is not None:
                runtime.settle(network)

    @torch.inference_mode()
    def faces(self, log_mels: Sequence[Tensor]) -> np.ndarray:
        """Normalised log-mels [64, frames] on the CPU, of any lengths -> uint8 [n, 64, 64, 3]."""
        with self.runtime.autocast():
            heard = [self.model.encoder(log_mel[None].to(self.runtime.device)) for log_mel in log_mels]
        return self.drawn(unit(torch.cat(heard).float()))

    @torch.inference_mode()
    def drawn(self, embeddings: Tensor) -> np.ndarray:
        """Unit embeddings [n, 64] -> uint8 [n, 64, 64, 3]; scores are computed too, as the kiosk shows them."""
        with self.runtime.autocast():
            faces = self.model.generator(embeddings.to(self.runtime.device))
            if self.model.trunk is not None and self.model.discriminator is not None:
                torch.sigmoid(self.model.discriminator(self.model.trunk(faces)).float()).cpu()
        return to_pixels(faces).cpu().numpy()


@torch.no_grad()
def drawing_work(model: Model, frames: Sequence[int], weight_bytes: int) -> Work:
    """Of one face for each of these lengths of log-mel, by a model not yet settled; every weight is read once."""
    networks: list[nn.Module] = [
        part for part in (model.encoder, model.generator, model.trunk) if part is not None
    ]
    with FlopCounterMode(display=False) as counter:
        for length in frames:
            model.encoder(torch.zeros(1, 64, length))
        faces = model.generator(torch.zeros(len(frames), 64))
        if model.trunk is not None:
            model.trunk(faces)
    weights = sum(parameter.numel() for network in networks for parameter in network.parameters())
    return Work(counter.get_total_flops(), weight_bytes * weights)
