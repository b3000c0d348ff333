"""Settings of Algorithm 1: the paper's, and those for small data.

The `paper` preset is Sec. 4's. The `small-data` preset departs from it, because a few thousand faces of few
pictures an identity would be memorised by the discriminator and because fewer faces are seen in all:

* paper: a voice has one identity; here, where the pack has a soft pairing: a probability for each identity, and the
  generator's identity loss is the cross-entropy to these. Identities are sampled as often for faces as for voices.
* paper: each voice by itself; here: also points between two voices of one gender, their probabilities mixed alike.
* paper: adversarial and identity loss alone; here: also the squared distance to a picture of the identity, whose weight
  falls to nothing.
* paper: no augmentation of faces but (in the released settings) flips; here: also differentiable colour, shift
  and cutout of some, the same kind on real and generated faces.
* paper: the generator itself; here: an exponential average of its weights is kept and used.
* paper: the discriminator's gradient is free; here: a penalty on it at real faces (R1), every 16 steps.
* paper: batch 128, learning rate 0.0002; here: 32 and larger, because more and larger steps go further with the same
  number of faces; the rate falls over the last third.
"""

from dataclasses import dataclass

from v2f.models import NetworkConfig

SMALL_DATA_STEPS = 6_000  # 192,000 faces


@dataclass(frozen=True)
class AdversarialConfig:
    """Settings of stage two; the defaults are the paper's."""

    steps: int = 100_000  # Sec. 4: "completed at 100K iterations"
    batch: int = 128  # Sec. 4
    learning_rate: float = 2e-4  # Sec. 4, Adam
    falls_after: int | None = None  # steps, from which the learning rate falls to nothing
    falls_over: int = 1  # steps that this takes
    betas: tuple[float, float] = (0.5, 0.999)  # Sec. 4
    embedding_noise: float = 0.05  # a component, in the released settings
    mixed: float = 0.0  # share of the embeddings that lie between two voices
    augment: float = 0.0  # share of faces that are augmented, on both sides of the discriminator
    average: float = (
        0.0  # decay of the exponential moving average of the generator's weights (G_ema); 0 keeps none
    )
    identity_weight: float = 1.0  # of the generator's identity loss
    r1: float = 0.0  # weight of the penalty on the discriminator's gradient
    picture_weight: float = 0.0  # of the squared distance to a picture of the identity, at the start
    picture_steps: int = 1  # over which it falls to nothing
    seed: int = 0
    networks: NetworkConfig = NetworkConfig()


PRESETS = {
    "paper": AdversarialConfig(),
    "small-data": AdversarialConfig(
        steps=SMALL_DATA_STEPS,
        batch=32,
        learning_rate=8e-4,
        falls_after=SMALL_DATA_STEPS * 2 // 3,
        falls_over=SMALL_DATA_STEPS // 3,
        betas=(0.5, 0.99),
        mixed=0.5,
        augment=0.7,
        average=0.999,
        identity_weight=0.5,
        r1=1.0,
        picture_weight=400.0,
        picture_steps=2_250,
    ),
}
