"""From log-mels to faces the plain way, and the work in it. Imports no audio package, so it runs beside a GPU."""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.rates import Work
from v2f.models import Model
from v2f.models.pixels import to_pixels


class PlainDrawing:
    """The path from an encoder's features to a face: float32, batch normalisation as a layer, one face at a time."""

    def __init__(self, model: Model, device: torch.device) -> None:
        self.device = device
        self.encoder, self.generator = model.encoder.eval().to(device), model.generator.eval().to(device)

    @torch.no_grad()
    def face(self, features: Tensor) -> np.ndarray:
        """Features [bins, frames] on the CPU -> uint8 [64, 64, 3]."""
        embedding = F.normalize(self.encoder(features[None].to(self.device)), dim=1)
        return to_pixels(self.generator(embedding))[0].cpu().numpy()

    def strip(self, features: Sequence[Tensor]) -> list[np.ndarray]:
        return [self.face(one) for one in features]


@torch.no_grad()
def drawing_work(model: Model, frames: Sequence[int], weight_bytes: int) -> Work:
    """Of one face for each of these lengths of features, by a model not yet settled; every weight is read once."""
    networks: list[nn.Module] = [
        part for part in (model.encoder, model.generator, model.trunk) if part is not None
    ]
    # An LSTM's products are counted one by one only where they are not one kernel.
    with torch.backends.mkldnn.flags(enabled=False), FlopCounterMode(display=False) as counter:
        for length in frames:
            model.encoder(torch.rand(1, model.config.bins, length))  # windows that are alike are heard once
        faces = model.generator(torch.zeros(len(frames), 64))
        if model.trunk is not None:
            model.trunk(faces)
    weights = sum(parameter.numel() for network in networks for parameter in network.parameters())
    return Work(counter.get_total_flops(), weight_bytes * weights)
