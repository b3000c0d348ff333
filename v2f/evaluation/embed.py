"""v2f embed: the embeddings of a whole store, a file for each split, for whoever works with embeddings alone.

numbers = np.load("embeddings/test.npz")
numbers["embeddings"]   # float32 [recordings, 64], of whole recordings, unit length
numbers["files"], numbers["people"]   # str [recordings]: each recording's file and its speaker's name
numbers["genders"]      # str [recordings]: female, male, or "" where unknown
numbers["identities"]   # int64 [recordings]: the speaker's number among the training identities; -1 for others
"""

from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from v2f.audio.front_ends import FRONT_ENDS
from v2f.data.recordings import frames_of
from v2f.data.store import VOICE_TABLE, Store
from v2f.errors import CorpusError, WeightsError
from v2f.models import Encoder, FusedEncoder, Runtime, load_networks, unit
from v2f.models.weights import find

IN_NONE = "no split"  # the name of the file of those who are in none
BATCH = 32  # recordings


class Embedder:
    """The voice encoder of a weights file."""

    def __init__(self, weights: Path) -> None:
        """Raises WeightsError for a file without a voice encoder."""
        networks, config, self.provenance = load_networks(weights)
        encoder = networks.get("encoder")
        if not isinstance(encoder, Encoder):
            raise WeightsError(f"{weights} holds no voice encoder.")
        self.runtime, self.name = Runtime.choose(), config.encoder
        self.encoder, self.front_end = self.runtime.place(encoder), FRONT_ENDS[config.encoder]

    @torch.inference_mode()
    def __call__(self, recordings: Iterable[Tensor]) -> np.ndarray:
        """Unit embeddings float64 [n, 64] of recordings' frames [bins, frames], of any lengths."""
        embeddings, remaining = [], iter(recordings)
        while batch := list(islice(remaining, BATCH)):
            features = [self.front_end.normalise(frames).to(self.runtime.device) for frames in batch]
            with self.runtime.autocast():
                if isinstance(self.encoder, FusedEncoder):
                    embeddings.append(self.encoder.embed_each(features))
                else:
                    embeddings += [self.encoder(one[None]).float() for one in features]
        return unit(torch.cat(embeddings)).cpu().numpy().astype(np.float64)

    def of_store(self, store: Store, voices: np.ndarray) -> np.ndarray:
        """Embeddings [n, 64] of whole recordings [n] of a store."""
        return self(frames_of(store, int(voice), encoder=self.name) for voice in voices)


def embed_store(data: Path, weights: str | None, out: Path) -> list[Path]:
    """Write the embeddings of all recordings of a store into a folder; returns the files.

    Raises CorpusError for a store without recordings, WeightsError for weights without a voice encoder.
    """
    store, embedder = Store.open(data), Embedder(find(weights))
    if not len(store.voices):
        raise CorpusError(f"{data} holds no recordings.")
    files, speakers = np.array(store.files(VOICE_TABLE)), store.voices["person"]
    names = np.array([person.name for person in store.people])
    genders = np.array([person.gender for person in store.people])
    splits = np.array([person.split for person in store.people])[speakers]
    out.mkdir(parents=True, exist_ok=True)
    written = []
    for split in dict.fromkeys(splits.tolist()):
        rows = store.voices_in(split)
        told = tqdm(rows.tolist(), desc=split or IN_NONE, unit="recording")
        embeddings = embedder(frames_of(store, voice, encoder=embedder.name) for voice in told)
        path = out / f"{split or IN_NONE}.npz"
        partial = path.with_suffix(".part")
        with partial.open("wb") as file:
            np.savez(
                file,
                embeddings=embeddings.astype(np.float32),
                files=files[rows],
                people=names[speakers[rows]],
                genders=genders[speakers[rows]],
                identities=store.voice_identity[rows],
            )
        partial.replace(path)
        written.append(path)
    return written
