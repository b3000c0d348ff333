"""The recordings of a store as a voice encoder takes them."""

import numpy as np
import torch
from torch import Tensor

from v2f.audio.features import FULL_SCALE
from v2f.audio.front_ends import FRONT_ENDS
from v2f.data.store import Store
from v2f.errors import CorpusError
from v2f.models import EncoderName

HELDOUT_SHARE = 0.2  # the end of every training recording, kept for the held-out accuracy


def frames_of(store: Store, voice: int, part: slice = slice(None), encoder: EncoderName = "table2") -> Tensor:
    """The frames that an encoder takes of a recording, or of a part of its `Store.sound`.

    Returns:
        float32 [bins, frames], not normalised.

    Raises:
        CorpusError: the store holds log-mel, and the encoder takes something else.
    """
    sound = torch.from_numpy(np.array(store.sound(voice)[part])).float()
    if store.holds_speech:
        return FRONT_ENDS[encoder].frames(sound / FULL_SCALE)
    require_log_mel(encoder)
    return sound.T


def require_log_mel(encoder: EncoderName) -> None:
    """Raise CorpusError for an encoder that takes something else than log-mel."""
    if encoder != "table2":
        raise CorpusError(
            f'The store holds log-mel and no speech, which the voice encoder "{encoder}" needs; '
            "make one that keeps speech by `v2f prepare demo`."
        )
