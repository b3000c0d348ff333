"""The recordings of a store as a voice encoder takes them, and which of them, or what part, is kept out of training."""

import hashlib
from collections.abc import Mapping

import numpy as np
from torch import Tensor

from v2f.audio.front_ends import FRONT_ENDS
from v2f.data.sources import normalised
from v2f.data.store import VOICE_TABLE, Store
from v2f.models import EncoderName, people_trained_on
from v2f.models.weights import HELD_OUT

HELDOUT_SHARE = 0.2  # the end of a training recording, kept out where its person has no other


def frames_of(store: Store, voice: int, part: slice = slice(None), encoder: EncoderName = "table2") -> Tensor:
    """What an encoder takes of a recording, or of a part of its samples: float32 [bins, frames], not normalised."""
    return FRONT_ENDS[encoder].frames(store.waveform(voice, part))


def in_turn(rows: np.ndarray, person: np.ndarray, most: int) -> np.ndarray:
    """Up to `most` of a store's rows [n], in its order: everybody's first, then everybody's second, and so on.

    Args:
        rows: of recordings or of faces, int [n], rising.
        person: whose they are, int [n].
    """
    order = np.argsort(person, kind="stable")
    _, first, count = np.unique(person[order], return_index=True, return_counts=True)
    turn = np.arange(len(rows)) - np.repeat(first, count)
    return np.sort(rows[order[np.argsort(turn, kind="stable")[:most]]])


def trained_shares(store: Store) -> np.ndarray:
    """How much of each recording of the training split, from its start, is trained on; float64 [recordings].

    Paper: training identities are identified by held-out recordings. So of a person with several videos, which are
    folders of recordings, the last by name is kept out, and of one with a single video the last recording: 0, and 1 of
    all others. Of a single recording the last HELDOUT_SHARE is kept out, and so it is of everybody's recordings where
    identities are groups of look-alikes and not people. Recordings of other splits have a share that means nothing.
    """
    shares = _last_fifths(store)
    if store.pairing is not None:
        return shares
    files, of_person = store.files(VOICE_TABLE), dict[int, list[int]]()
    for row in store.voices_in("train").tolist():
        of_person.setdefault(int(store.voices["person"][row]), []).append(row)
    for rows in of_person.values():
        if len(rows) > 1:
            names = [files[row].rpartition("/")[0] for row in rows]
            if len(set(names)) == 1:
                names = [files[row] for row in rows]
            shares[rows] = [float(name != max(names)) for name in names]
    return shares


def held_out_digest(store: Store) -> str:
    """What `trained_shares` keeps out whole, as the provenance names it; "" where that is nothing."""
    files, kept = store.files(VOICE_TABLE), np.flatnonzero(trained_shares(store) == 0)
    names = "\n".join(sorted(files[row] for row in kept))
    return hashlib.sha256(names.encode()).hexdigest() if names else ""


def shares_by_digest(store: Store, digest: str) -> np.ndarray | None:
    """How much of each recording weights were trained on that name what was kept out by `digest`; as `trained_shares`.

    "" is of weights of earlier versions as well, which kept out the last fifth of every recording. None where other
    recordings were kept out than would be of this store.
    """
    if digest == held_out_digest(store):
        return trained_shares(store)
    return None if digest else _last_fifths(store)


def digest_after(store: Store, provenance: Mapping[str, str]) -> str:
    """What is kept out of the training that follows an encoder's: what was of that, if it heard any of these people."""
    heard = {normalised(name) for name in people_trained_on(provenance) or ()}
    people = np.unique(store.voices["person"][store.voices_in("train")])
    if heard.isdisjoint(normalised(store.people[person].name) for person in people):
        return held_out_digest(store)
    return provenance.get(HELD_OUT, "")


def _last_fifths(store: Store) -> np.ndarray:
    return np.full(len(store.voices), 1 - HELDOUT_SHARE)
