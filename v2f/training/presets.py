"""The settings of training, stage by stage: the paper's, and those for small data.

The `paper` preset is Sec. 4's; of stage one the paper says only which crops are heard. The `small-data` preset departs
from it. In stage one and in a pack:

* paper: crops of 3 to 8 s, as they are; here: from 0.8 s on (in a pack from 0.5 s), short ones more often, because the
  kiosk shows a first face so early, and augmented. In a pack half of them are, and none is longer than its recording,
  because many recordings are shorter than 8 s.

Algorithm 1 departs as v2f/training/tasks/small_data.py says; besides,

* paper: batch 128, learning rate 0.0002; here: 32 and a larger rate, because more and larger steps go further with the
  same number of faces.
"""

from dataclasses import dataclass

from v2f.models import NetworkConfig

ADVERSARIAL_STEPS = 4_500  # of the small-data preset, of Algorithm 1: 144,000 faces
LAST_STEPS = 250  # of it, of discriminator and classifier alone


@dataclass(frozen=True)
class CropConfig:
    """Crops of recordings, as a voice encoder hears them; the defaults are the paper's."""

    shortest: float = 3.0  # seconds, Sec. 4
    longest: float = 8.0  # Sec. 4
    logarithmic: bool = False  # lengths lie evenly over their logarithms, and not over the seconds
    augment: bool = False  # in a pack half of them
    # A shorter recording is repeated to fill a crop, Sec. 4; else crops of a pack are no longer than it.
    repeat: bool = True

    def seconds(self, place: float) -> float:
        """The length of a crop that lies between the shortest, 0, and the longest, 1."""
        if self.logarithmic:
            return self.shortest * (self.longest / self.shortest) ** place
        return self.shortest + (self.longest - self.shortest) * place


@dataclass(frozen=True)
class SpeakerConfig:
    """Settings of stage one; where the paper tells them the defaults are its own."""

    steps: int = 40_000
    batch: int = 32
    learning_rate: float = 2e-3  # at the top of a one-cycle schedule, AdamW
    weight_decay: float = 0.02
    crops: CropConfig = CropConfig()
    seed: int = 0
    networks: NetworkConfig = NetworkConfig()


@dataclass(frozen=True)
class AdversarialConfig:
    """Settings of Algorithm 1; the defaults are the paper's."""

    steps: int = 100_000  # Sec. 4: "completed at 100K iterations"
    batch: int = 128  # Sec. 4
    learning_rate: float = 2e-4  # Sec. 4, Adam
    betas: tuple[float, float] = (0.5, 0.999)  # Sec. 4
    embedding_noise: float = 0.05  # a component, in the released settings
    identity_weight: float = 1.0  # of the generator's identity loss
    seed: int = 0
    networks: NetworkConfig = NetworkConfig()


@dataclass(frozen=True)
class SmallDataConfig(AdversarialConfig):
    """Settings of Algorithm 1 for a few thousand faces (v2f/training/tasks/small_data.py)."""

    steps: int = ADVERSARIAL_STEPS + LAST_STEPS
    batch: int = 32
    learning_rate: float = 8e-4
    falls_after: int = ADVERSARIAL_STEPS * 2 // 3  # steps, from which the learning rate falls to nothing
    falls_over: int = ADVERSARIAL_STEPS // 3  # steps that this takes
    betas: tuple[float, float] = (0.5, 0.99)
    augment: float = 0.7  # share of faces that are augmented, on both sides of the discriminator
    average: float = 0.999  # decay of G_ema, the exponential moving average of the generator's weights
    identity_weight: float = 0.5
    r1: float = 1.0  # weight of the penalty on the discriminator's gradient
    adversarial_steps: int = ADVERSARIAL_STEPS  # after which discriminator and classifier learn alone
    picture_weight: float = 400.0  # of the squared distance to a picture of the identity, at the start
    picture_steps: int = 2_250  # after which that weight is nothing


@dataclass(frozen=True)
class Preset:
    """Settings that belong together, of `v2f train speaker`, `pack` and `gan`; the defaults are the paper's."""

    speaker: SpeakerConfig = SpeakerConfig()
    pack: CropConfig = CropConfig()
    adversarial: AdversarialConfig = AdversarialConfig()


PRESETS = {
    "paper": Preset(),
    "small-data": Preset(
        SpeakerConfig(crops=CropConfig(shortest=0.8, logarithmic=True, augment=True)),
        CropConfig(shortest=0.5, logarithmic=True, augment=True, repeat=False),
        SmallDataConfig(),
    ),
}
