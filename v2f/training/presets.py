"""Settings of Algorithm 1: the paper's, and those for small data.

The `paper` preset is Sec. 4's. The `small-data` preset departs from it, because a few thousand faces of few
pictures an identity would be memorised by the discriminator and because fewer faces are seen in all:

* paper: a voice has one identity; here, where the pack has a soft pairing: a probability for each identity, and the
  generator's identity loss is the cross-entropy to these. Identities are sampled as often for faces as for voices.
* paper: each voice by itself; here: also points between two voices of one gender, their probabilities mixed alike.
* paper: adversarial and identity loss alone; here: also the squared distance to a picture of the identity. Where the
  pack has composite portraits, that is the composite of the voice's own mixture, its difference from the mean one
  exaggerated, and the weight falls to a part of itself; else it is one of the identity's pictures, and the weight falls
  to nothing.
* paper: the generator of Table 2; here: v2f/models/composite_generator.py, which starts from composite portraits and
  takes a tenth of the work. Before Algorithm 1 begins, its portraits alone learn from these distances.
* paper: noise gives blurred faces by itself; here, where the pack has sounds that are no voice: their faces are
  pulled towards a blurred face, and are fakes to the discriminator.
* paper: no augmentation of faces but (in the released settings) flips; here: also differentiable colour, shift
  and cutout of some, the same kind on real and generated faces.
* paper: the generator itself; here: an exponential average of its weights is kept and used. In the last steps
  discriminator and classifier alone learn, of its faces.
* paper: the discriminator's gradient is free; here: a penalty on it at real faces (R1), every 16 steps.
* paper: batch 128, learning rate 0.0002; here: 32 and larger, because more and larger steps go further with the same
  number of faces; the rate falls over the last third.
"""

from dataclasses import dataclass

from v2f.models import NetworkConfig

PORTRAIT_STEPS = 3_000  # of the small-data preset
ADVERSARIAL_STEPS = 1_500  # of it, of Algorithm 1: 48,000 faces
LAST_STEPS = 250  # of it, of discriminator and classifier alone


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
    portrait_steps: int = 0  # before Algorithm 1, of a composite generator's portraits alone
    adversarial_steps: int | None = (
        None  # of Algorithm 1, after which discriminator and classifier learn alone
    )
    picture_weight: float = 0.0  # of the squared distance to a picture of the identity, at the start
    picture_weight_left: float = 0.0  # and after picture_steps, where there are composites
    picture_steps: int = 1
    nobody_weight: float = 0.0  # of the distance between faces of sounds that are no voice and a blurred face
    sharpness: float = 1.0  # exponent of the probabilities of which a composite is mixed
    exaggeration: float = 1.0  # of how a composite differs from the mean one
    seed: int = 0
    networks: NetworkConfig = NetworkConfig()


PRESETS = {
    "paper": AdversarialConfig(),
    "small-data": AdversarialConfig(
        steps=PORTRAIT_STEPS + ADVERSARIAL_STEPS + LAST_STEPS,
        batch=32,
        learning_rate=8e-4,
        falls_after=ADVERSARIAL_STEPS * 2 // 3,
        falls_over=ADVERSARIAL_STEPS // 3,
        betas=(0.5, 0.99),
        mixed=0.5,
        augment=0.7,
        average=0.999,
        identity_weight=0.5,
        r1=1.0,
        portrait_steps=PORTRAIT_STEPS,
        adversarial_steps=ADVERSARIAL_STEPS,
        picture_weight=400.0,
        picture_weight_left=150.0,
        picture_steps=2_250,
        nobody_weight=20.0,
        sharpness=2.0,
        exaggeration=1.5,
        networks=NetworkConfig(generator="composite"),
    ),
}
