"""The models that are measured, and the work in one face. Imports no audio package, so that it runs beside a GPU."""

from collections.abc import Sequence

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.timing import Work, parameter_bytes
from v2f.models import Discriminator, FaceTrunk, Generator, Model, NetworkConfig, Runtime, VoiceEncoder


def paper_model() -> Model:
    """Table 2's networks with random values, which make no difference to the time."""
    torch.manual_seed(0)
    networks = VoiceEncoder().eval(), Generator().eval(), FaceTrunk().eval(), Discriminator().eval()
    return Model(NetworkConfig(), *networks, classifier=None, provenance={})


@torch.inference_mode()
def face_work(model: Model, frames: Sequence[int], runtime: Runtime) -> Work:
    """Of one face for each of these lengths of features; every weight is read once."""
    networks: list[nn.Module] = [
        network for network in (model.encoder, model.generator, model.trunk) if network is not None
    ]
    # An LSTM's products are counted one by one only where they are not one kernel.
    with torch.backends.mkldnn.flags(enabled=False), FlopCounterMode(display=False) as counter:
        for length in frames:
            model.encoder(torch.rand(1, model.config.bins, length))
        faces = model.generator(torch.zeros(len(frames), 64))
        if model.trunk is not None:
            model.trunk(faces)
    size = 2 if runtime.precision == "bf16" else 4
    weights = parameter_bytes((p for network in networks for p in network.parameters()), size)
    return Work(counter.get_total_flops(), weights)
