"""How sure a portrait generator's model is, measured and added to its weights.

    v2f train uncertainty --weights WEIGHTS --data STORE --pairs STORE-pairs --faceres FOLDER --out WEIGHTS

v2f/models/uncertainty.py says what is stored. How far true faces are from predicted ones is measured by
cross-validation over the people of the true pairs: everything that was fitted to their faces, the encoder's directions
and those of places, is fitted again without them. How a face settles, and the discriminator's scores of voices and
sounds, are measured on training people. Test people are not used.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from v2f.audio import SAMPLE_RATE
from v2f.audio.features import whole_frames
from v2f.audio.front_ends import FRONT_ENDS
from v2f.data.recordings import in_turn
from v2f.data.store import FACE_TABLE, Store
from v2f.demo.fused import centred, directions, training_vectors, vectors_of_sounds
from v2f.demo.looks import TrueLooks
from v2f.demo.places import Drawn, place_directions
from v2f.demo.true_faces import Sight, TrueFaces, coverage
from v2f.errors import CorpusError, WeightsError
from v2f.models import FusedEncoder, Inference, Runtime, load, load_networks, save_networks, unit
from v2f.models.portrait_generator import PortraitGenerator, bounded
from v2f.models.uncertainty import QUANTILES, SECONDS, Uncertainty
from v2f.models.weights import COVERAGE, LEARNED_FROM

FOLDS = 8
TURNS = 4  # minutes of each speaker, which begin with another of their recordings
FEWEST = 8  # speakers of a minute
SCORED = 200  # voices, and sounds, at most
POLITICIANS = ("congress/", "ukmps/")  # folders of their portraits


def add_uncertainty(
    weights: str | Path, store_folder: Path, looks: TrueLooks, out: Path, seed: int = 0
) -> Path:
    """Add to weights how sure their model is; returns the file written.

    Args:
        weights: of a portrait generator behind the fused encoder, with a discriminator.
        store_folder: the store that they were trained on.
        looks: the true pairs that they were fitted to.
        out: the file to write; it may be the same.
        seed: of places, folds and sounds.

    Raises:
        WeightsError: the weights are of another kind, or cannot be read or written.
        CorpusError: the store has too few speakers of a minute of speech.
    """
    networks, config, provenance = load_networks(weights)
    model, store = load(weights), Store.open(store_folder)
    if not isinstance(model.encoder, FusedEncoder) or not isinstance(model.generator, PortraitGenerator):
        raise WeightsError(f"{weights} has no places of faces; `v2f train portrait` makes weights that do.")
    voices = store.voices_in("train")
    if store.dvectors is None:
        raise CorpusError(f"{store_folder} holds no d-vectors; make it by `v2f prepare demo`.")
    engine, measured = Inference(model, Runtime.choose()), Uncertainty()
    settling, apart = settle(engine, minutes(store, voices))
    sounds = list(vectors_of_sounds(model.encoder, store, voices, seed))
    drawn = Drawn.at_random(model.generator.portraits, looks.describe, seed)
    fold = folds(looks.pairs.person, seed)
    predicted = predicted_places(model.encoder, store, voices, looks, sounds, drawn, fold)
    sight = Sight.learn(drawn)
    true = drawn.units(looks.pairs.looks) @ sight.of_units
    female = np.asarray(looks.faceres(looks.pairs.faces).sex) == "female"
    compared = predicted @ sight.of_places, true - true.mean(axis=0), female
    faces = TrueFaces.learn(*compared)
    numbers = {
        **faces.places(sight),
        "settling": settling,
        "apart": apart,
        "voices": quantiles_of_scores(engine, embed(engine, waveforms(store, voices))),
        "sounds": quantiles_of_scores(
            engine, _spread_evenly(embed_vectors(model.encoder, np.concatenate(sounds)))
        ),
    }
    for name, number in numbers.items():
        measured.get_buffer(name).copy_(torch.as_tensor(number))
    told = {LEARNED_FROM: learned_from(store, looks), COVERAGE: coverage(*compared, fold)}
    provenance |= {key: json.dumps(value) for key, value in told.items()}
    save_networks(out, networks | {"uncertainty": measured}, config, provenance)
    return out


# Other faces


def folds(person: np.ndarray, seed: int) -> np.ndarray:
    """The fold of each pair, int [pairs]; all pairs of one person [pairs] are in the same fold."""
    number = np.unique(person, return_inverse=True)[1]
    return np.random.default_rng(seed).permutation(number.max() + 1)[number] % FOLDS


@torch.no_grad()
def predicted_places(
    encoder: FusedEncoder,
    store: Store,
    voices: np.ndarray,
    looks: TrueLooks,
    sounds: Sequence[np.ndarray],
    drawn: Drawn,
    fold: np.ndarray,
) -> np.ndarray:
    """The place of each true pair's voice according to a model fitted to other people: [pairs, 64].

    Args:
        encoder: its networks are used, its directions are fitted again.
        store, voices: the training voices.
        looks: the true pairs.
        sounds: fused vectors of each kind of sound that is not a voice.
        drawn: composites at random places.
        fold: of each pair; the model of a fold is fitted to the other folds.
    """
    pairs = looks.pairs
    x, of_pairs, mean = training_vectors(store, voices, pairs)
    x = np.linalg.qr(x).R  # of the same products, and shorter
    kinds = [centred(part, mean) for part in sounds]
    heard = np.concatenate([encoder.vectors([features]).numpy() for features in looks.features("fused")])
    heard = centred(heard.astype(np.float64), mean)
    places = np.empty((len(fold), drawn.places.shape[1]))
    for one in np.unique(fold):
        others = fold != one
        known = tuple(faces[others] for faces in pairs.looks)
        embeddings = _unit(heard @ directions(x, of_pairs[others], known, kinds))
        solved = place_directions(drawn, embeddings[others], known)
        places[~others] = bounded(torch.from_numpy(embeddings[~others] @ solved)).numpy()
    return places


def embed_vectors(encoder: FusedEncoder, vectors: np.ndarray) -> np.ndarray:
    """Unit embeddings float32 [n, 64] of fused vectors [n, 448]."""
    return _unit(centred(vectors, encoder.mean.numpy()) @ encoder.directions.numpy()).astype(np.float32)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return unit(torch.from_numpy(vectors)).numpy()


# How a face settles


def minutes(store: Store, voices: np.ndarray) -> list[list[np.ndarray]]:
    """For each speaker with a minute of speech, TURNS minutes of their recordings in turn, float32 [960,000] each."""
    longest = SECONDS[-1] * SAMPLE_RATE
    person = store.voices["person"][voices]
    speakers = []
    for one in np.unique(person):
        own = voices[person == one]
        if store.voices["length"][own].sum() >= longest:
            clips = [store.waveform(voice) for voice in own.tolist()]
            starts = np.arange(TURNS) * len(clips) // TURNS
            speakers.append([np.concatenate(clips[at:] + clips[:at])[:longest] for at in starts])
    if len(speakers) < FEWEST:
        raise CorpusError(f"Only {len(speakers)} speakers have a minute of speech; {FEWEST} are needed.")
    return speakers


def settle(engine: Inference, speakers: Sequence[Sequence[np.ndarray]]) -> tuple[np.ndarray, float]:
    """`settling` [8, 3] and `apart` of v2f/models/uncertainty.py, from several minutes of each speaker."""
    front_end = FRONT_ENDS[engine.model.config.encoder]
    ways, faces = [], []
    for minutes_of_one in speakers:
        for waveform in minutes_of_one:
            frames = front_end.frames(waveform)
            lengths = [whole_frames(seconds * SAMPLE_RATE) for seconds in SECONDS]
            places = engine.places(engine.embed([front_end.normalise(frames[:, :n]) for n in lengths]))
            ways.append(np.linalg.norm(places - places[-1], axis=1))
        faces.append(places[-1])
    apart = float(np.median([np.linalg.norm(a - b) for i, a in enumerate(faces) for b in faces[:i]]))
    return np.quantile(np.array(ways) / apart, QUANTILES, axis=0).T, apart


# Scores


def waveforms(store: Store, voices: np.ndarray) -> list[np.ndarray]:
    """One recording of each speaker, of at most SCORED speakers, float32 [samples] each."""
    person = store.voices["person"][voices]
    first = in_turn(voices, person, len(np.unique(person)))  # everybody's first
    return [store.waveform(voice) for voice in _spread_evenly(first).tolist()]


def embed(engine: Inference, sounds: Sequence[np.ndarray]) -> np.ndarray:
    """Unit embeddings float32 [n, 64] of waveforms."""
    front_end = FRONT_ENDS[engine.model.config.encoder]
    return np.concatenate([engine.embed([front_end.features(sound)]) for sound in sounds])


def quantiles_of_scores(engine: Inference, embeddings: np.ndarray) -> np.ndarray:
    """QUANTILES of the discriminator's scores of faces of embeddings [n, 64]; raises WeightsError without one."""
    scores = engine.faces(embeddings)[1]
    if scores is None:
        raise WeightsError("These weights have no discriminator, whose scores are to be measured.")
    return np.quantile(scores, QUANTILES)


def _spread_evenly(rows: np.ndarray) -> np.ndarray:
    return rows[:: -(-len(rows) // SCORED)]


# Whom it learned from


def learned_from(store: Store, looks: TrueLooks) -> dict[str, int]:
    """The number of portraits, of those of men and of politicians, of speakers, and of people in true pairs.

    People in true pairs had both a voice and a face; all others had one of the two.
    """
    files = store.files(FACE_TABLE)
    seen = np.flatnonzero(store.face_identity >= 0).tolist()
    return {
        "portraits": len(seen),
        "of men": sum(store.people[store.face_person[face]].gender == "male" for face in seen),
        "of politicians": sum(files[face].startswith(POLITICIANS) for face in seen),
        "voices": len(np.unique(store.voices["person"][store.voices_in("train")])),
        "pairs": len(np.unique(looks.pairs.person)),
    }
