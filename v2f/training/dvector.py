"""The public speaker encoder made ready for a generator: what is taken of its d-vectors is learned from a store.

The generator is given 64 numbers of the 256: the first principal directions, in which voices of the training split
differ most from one another and from themselves, augmented as the generator will hear them.
"""

from pathlib import Path

import numpy as np
import torch

from v2f.data.store import Store, store_hash
from v2f.errors import CorpusError
from v2f.models import TRAINED_ON, DVectorEncoder, NetworkConfig, Runtime, encode_people, save_networks
from v2f.models.dvector import DVECTOR_SIZE
from v2f.models.networks import EMBEDDING_SIZE
from v2f.models.resemblyzer import LICENCE, PACKAGE, SHA256, network_from_package
from v2f.training.crops import features_of_crops
from v2f.training.tasks.speaker import WEIGHTS

CROPS = 2  # of each voice, one of them augmented


def make_encoder(store_folder: Path, folder: Path, seed: int = 0) -> Path:
    """Write the encoder, its mean and directions those of the training voices, into a folder; returns its path.

    Raises WeightsError where the package is missing or another, CorpusError for a store without training voices or
    without speech.
    """
    encoder = DVectorEncoder()
    encoder.network = network_from_package()
    store = Store.open(store_folder)
    voices = store.voices_in("train")
    if not len(voices):
        raise CorpusError(f"{store_folder} holds no voices of the training split.")
    encoder.mean, encoder.directions = principal_directions(dvectors(encoder, store, voices, seed))
    provenance = {
        "stage": "dvector",
        "source": f"{PACKAGE} (PyPI), its network unchanged; mean and directions from the store",
        "licence": LICENCE,
        "sha256 of pretrained.pt": SHA256,
        "store": store_hash(store_folder),
        TRAINED_ON: encode_people(store.person_of(voice).name for voice in voices),
    }
    path = folder / WEIGHTS
    save_networks(path, {"encoder": encoder}, NetworkConfig(encoder="dvector"), provenance)
    return path


@torch.no_grad()
def dvectors(encoder: DVectorEncoder, store: Store, voices: np.ndarray, seed: int) -> np.ndarray:
    """D-vectors float32 [CROPS * n, 256] of seeded crops of voices [n], rows of a store."""
    runtime = Runtime.choose()
    encoder = runtime.place(encoder)
    dvectors = np.empty((CROPS, len(voices), DVECTOR_SIZE), np.float32)
    for some, crop, features in features_of_crops(store, voices, "dvector", CROPS, seed, runtime.device):
        with runtime.autocast():
            dvectors[crop, some] = encoder.dvectors(list(features)).cpu().numpy()
    return dvectors.reshape(-1, DVECTOR_SIZE)


def principal_directions(dvectors: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    """Of d-vectors [n, 256] the mean [256] and the directions [256, 64], orthonormal, of most of their variance."""
    mean = dvectors.mean(axis=0, dtype=np.float64)
    centred = dvectors - mean
    directions, _, _ = np.linalg.svd(centred.T @ centred)  # columns, that of the largest variance first
    return torch.from_numpy(mean).float(), torch.from_numpy(
        directions[:, :EMBEDDING_SIZE]
    ).float().contiguous()
