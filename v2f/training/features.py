"""Features that somebody computed already, in place of recordings: the fbank folders that the method's authors share.

    v2f train pack --features fbank/ --data FACES --encoder ENCODER --out PACK

Each .npy file is a recording's log-mel, [frames, 64]; bins are normalised over the part that is heard, so it makes no
difference whether they were. Whose they are the folders tell, as those of recordings (v2f/data/sources.py). They meet
the faces of a store by name; nothing else of the store is heard.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from v2f.audio.features import FRAMES_PER_SECOND, normalise
from v2f.data.sources import Found, Source, people_of
from v2f.data.store import VOICE, Store, store_hash
from v2f.errors import DAMAGED_ARRAY, CorpusError
from v2f.models import NetworkConfig
from v2f.models.networks import MEL_BINS
from v2f.training.crops import CROPS_AT_ONCE, GOLDEN
from v2f.training.presets import CropConfig


class Features:
    """Recordings as features, and the faces of a store; see `packing.Heard`."""

    held_out = ""  # nothing tells which of them an encoder did not hear

    def __init__(self, folder: Path, found: Found, networks: NetworkConfig, seed: int) -> None:
        """`networks` are the encoder's; raises CorpusError where it hears no log-mel, or nobody is on both sides."""
        if networks.encoder != "table2":
            raise CorpusError("Features are log-mel, which only Table 2's voice encoder hears.")
        self.found, self.seed = found, seed
        self.store = _joined(Store.open(folder), found)
        self.rows = np.flatnonzero(self.store.voice_identity >= 0)
        names = "\n".join(source.file for source in found)
        self.hash = hashlib.sha256(f"{store_hash(folder)}\n{names}".encode()).hexdigest()

    def crops(self, crops: int, config: CropConfig, done: int) -> Iterator[tuple[np.ndarray, int, Tensor]]:
        """Crops of features as they are, nothing augmented; see `crops.features_of_crops`."""
        batches = np.split(np.arange(len(self.rows)), range(CROPS_AT_ONCE, len(self.rows), CROPS_AT_ONCE))
        for number, batch in enumerate(tqdm(batches, desc="embedding", unit="batch")):
            if number < done:
                continue
            recordings = [self.read(int(voice)) for voice in self.rows[batch]]
            for crop in range(crops):
                frames = int(config.seconds((crop + number * GOLDEN % 1) / crops) * FRAMES_PER_SECOND)
                if not config.repeat:
                    frames = min(frames, max(recording.shape[1] for recording in recordings))
                rng = np.random.default_rng([self.seed, number, crop])
                yield batch, crop, normalise(torch.stack([_crop(one, frames, rng) for one in recordings]))

    def whole(self, voice: int) -> Tensor:
        """A whole recording, normalised [64, frames]."""
        return normalise(self.read(voice))

    def read(self, voice: int) -> Tensor:
        """A recording's features, float32 [64, frames]; raises CorpusError where the file holds something else."""
        path = self.found[voice].path
        try:
            features = np.load(path, allow_pickle=False)
            if features.ndim != 2 or features.shape[1] != MEL_BINS or not len(features):
                raise ValueError
            return torch.from_numpy(features.astype(np.float32).T.copy())
        except DAMAGED_ARRAY as error:
            raise CorpusError(f"{path} does not hold features [frames, {MEL_BINS}].") from error


def _joined(store: Store, found: Found) -> Store:
    """A store of the same people and faces, and of recordings as they were found, a person each by name."""
    seen = [Source(Path(), "", person.name, gender=person.gender) for person in store.people]
    everybody, whose = people_of([*found, *seen])
    of_voices, of_faces = np.array(whose[: len(found)]), np.array(whose[len(found) :])
    splits = dict(zip(of_faces.tolist(), (person.split for person in store.people), strict=True))
    both = sorted({*of_voices.tolist()} & {of_faces[person] for person in store.face_person.tolist()})
    if not both:
        raise CorpusError(
            f"Nobody has both a voice and a face: the first features are of {found[0].person!r}; "
            "name people alike on both sides."
        )
    trained = [person for person in both if splits[person] == "train"]
    identity = {person: label for label, person in enumerate(trained)}
    people = [
        replace(one, split=splits.get(i, ""), identity=identity.get(i, -1)) for i, one in enumerate(everybody)
    ]
    voices = np.zeros(len(found), VOICE)
    voices["person"] = of_voices
    return replace(store, people=people, voices=voices, face_person=of_faces[store.face_person])


def _crop(features: Tensor, frames: int, rng: np.random.Generator) -> Tensor:
    """A random crop [64, frames]; what is shorter is repeated, as the paper has it."""
    length = features.shape[1]
    start = int(rng.integers(max(1, length - frames + 1)))
    return features[:, (start + torch.arange(frames)) % length]
