"""A model of random values that tells how sure it is, for tests."""

import torch

from v2f.models import Discriminator, FaceTrunk, Model, NetworkConfig, VoiceEncoder
from v2f.models.portrait_generator import PortraitGenerator
from v2f.models.uncertainty import LOOKS, Uncertainty

CONFIG = NetworkConfig(generator="portrait", image_size=128)
LEARNED = '{"portraits": 300, "of men": 200, "of politicians": 150, "voices": 1000, "pairs": 50}'


def sure_model(voices: bool = True) -> Model:
    """Make it; to one without `voices` everything is a sound that is no voice."""
    torch.manual_seed(0)
    generator = PortraitGenerator(CONFIG).eval()
    generator.directions.normal_()
    generator.portraits.textures.normal_(0, 0.05)
    with torch.no_grad():
        generator.get_parameter("presence.2.bias").fill_(10.0 if voices else -10.0)
    encoder = VoiceEncoder(CONFIG)
    with torch.no_grad():
        for _ in range(20):
            encoder(torch.randn(16, 64, 100))  # batch normalisation learns its statistics
    judges = FaceTrunk(CONFIG).eval(), Discriminator(CONFIG).eval()
    return Model(
        CONFIG, encoder.eval(), generator, *judges, None, {"learned from": LEARNED}, sure_uncertainty()
    )


def sure_uncertainty() -> Uncertainty:
    """True faces are a fifth as far from the middle as drawn ones, and differ by 0.5 in 32 of the 64 components.

    The last component is 1 of women's and -1 of men's, and a drawn face's tells which.
    """
    made = Uncertainty()
    made.tells[-1] = 20.0
    made.middles[:, -1] = torch.tensor([1.0, -1.0])
    made.expected.copy_(0.2 * torch.eye(64))
    made.spread[:, :LOOKS] = 0.5 * torch.eye(LOOKS)
    far = torch.tensor([1.0, 0.8, 0.6, 0.5, 0.4, 0.2, 0.1, 0.0])
    made.settling.copy_(torch.stack([0.5 * far, far, 2 * far], dim=1))
    made.apart.fill_(4.0)
    made.voices.copy_(torch.tensor([0.3, 0.6, 0.9]))
    made.sounds.copy_(torch.tensor([0.0, 0.001, 0.2]))
    return made
