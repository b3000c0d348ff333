"""Sounds that are not voices, as features for a voice encoder."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from v2f.audio import SAMPLE_RATE
from v2f.audio.front_ends import FRONT_ENDS
from v2f.audio.non_speech import SOUNDS, make_sound
from v2f.data.store import Store
from v2f.models import EncoderName
from v2f.training.crops import some_clips
from v2f.training.presets import PRESETS

SOUNDS_EACH = 96


def features_of_sounds(
    store: Store, voices: np.ndarray, encoder: EncoderName, seed: int, device: torch.device
) -> Iterator[Tensor]:
    """Features [1, bins, frames] of sounds that are not voices, SOUNDS_EACH of each kind, as long as a pack's crops."""
    clips = some_clips(store, voices)
    rng, crops = np.random.default_rng(seed), PRESETS["small-data"].pack
    for kind in SOUNDS:
        for seconds in np.exp(rng.uniform(np.log(crops.shortest), np.log(crops.longest), SOUNDS_EACH)):
            sound = make_sound(kind, int(seconds * SAMPLE_RATE), int(rng.integers(2**31)), clips)
            yield FRONT_ENDS[encoder].features(torch.from_numpy(sound).to(device)[None])
