"""The training pack: all that stage two reads but the encoder, in one .npz file small enough to carry about.

`v2f train pack` makes it (packing.py).

    faces            uint8   [faces, size, size, 3]  face_identity    int32 [faces]
    embeddings       float16 [voices, crops, 64]     voice_identity   int32 [voices]
    voice_female     bool    [voices]                hashes           str [2]: of the store, of the encoder's tensors
    people           str     [people]: everybody whose voice or face it, or the encoder, was made of
    settings         str: those of stage one and of the crops, as JSON (settings.py)
    held_out         str: the digest of the recordings that were kept out whole (v2f/data/recordings.py), if any were

Where two people or more of the validation split have voices and faces, also what is measured while training:

    validation_embeddings  float16 [recordings, 64]: of whole recordings, a thousand at most
    validation_faces       uint8   [pictures, size, size, 3], as many at most
    validation_voice       int32   [recordings], validation_face int32 [pictures]: whose they are

A voice is a recording. The encoder is frozen in stage two, so the embeddings of many crops are computed once. Paper: a
fresh crop at every draw; here: one of `crops` made beforehand, because then stage two needs no audio. What else a file
holds is left unread: the demonstration's packs hold more (v2f/demo/pack.py).
"""

import struct
import zipfile
from dataclasses import dataclass, fields
from math import inf
from pathlib import Path
from typing import Self

import numpy as np
from numpy.lib import format as npy

from v2f.errors import DAMAGED_ARRAY, CorpusError

FACES = "faces.npy"  # in the file
LOCAL_HEADER = 30  # bytes of it in a zip file, before the name


@dataclass(frozen=True)
class Pack:
    """A training pack; see this module's text for shapes. Faces that stay on the disk are a memory map."""

    faces: np.ndarray
    face_identity: np.ndarray
    embeddings: np.ndarray
    voice_identity: np.ndarray
    voice_female: np.ndarray
    people: np.ndarray
    hashes: tuple[str, str]
    held_out: str = ""
    settings: str = ""
    validation_embeddings: np.ndarray | None = None
    validation_voice: np.ndarray | None = None
    validation_faces: np.ndarray | None = None
    validation_face: np.ndarray | None = None

    @classmethod
    def open(cls, path: str | Path, limit: float = inf) -> Self:
        """Read a pack; faces of more than `limit` bytes stay on the disk.

        Raises CorpusError when it is missing, damaged, or its parts do not fit together.
        """
        try:
            faces = _on_disk(Path(path), limit)
            with np.load(path, allow_pickle=False) as file:
                known = {field.name for field in fields(cls)} & set(file.files)
                arrays = faces | {name: file[name] for name in known - set(faces)}
            store, encoder = (str(value) for value in arrays.pop("hashes"))
            held_out, settings = (str(arrays.pop(name, "")) for name in ("held_out", "settings"))
            pack = cls(**arrays, hashes=(store, encoder), held_out=held_out, settings=settings)
        except DAMAGED_ARRAY as error:
            raise CorpusError(f"{path} is not a training pack, or it is damaged.") from error
        voices = {len(pack.embeddings), len(pack.voice_identity), len(pack.voice_female)}
        sides = (
            (pack.faces, pack.face_identity),
            (pack.validation_embeddings, pack.validation_voice),
            (pack.validation_faces, pack.validation_face),
        )
        if len(voices) > 1 or any(_length(of) != _length(whose) for of, whose in sides):
            raise CorpusError(f"{path} is damaged: its parts differ in length.")
        lonely = set(pack.voice_identity.tolist()) - set(pack.face_identity.tolist())
        if lonely or not len(pack.faces):
            raise CorpusError(f"{path} holds {len(lonely)} identities with a voice and no face.")
        return pack

    @property
    def identities(self) -> int:
        """The number of identities; labels run from 0 to one less."""
        return 1 + int(self.face_identity.max())


def _on_disk(path: Path, limit: float) -> dict[str, np.ndarray]:
    """A pack's faces as a memory map, if they take more than `limit` bytes and lie in the file as they are."""
    with zipfile.ZipFile(path) as archive, path.open("rb") as file:
        entry = archive.getinfo(FACES)
        if entry.file_size <= limit or entry.compress_type != zipfile.ZIP_STORED:
            return {}
        file.seek(entry.header_offset)
        lengths = struct.unpack(
            "<HH", file.read(LOCAL_HEADER)[-4:]
        )  # of the name, and of what else stands there
        file.seek(sum(lengths), 1)
        npy.read_magic(file)
        shape, _, dtype = npy.read_array_header_1_0(file)
        return {"faces": np.memmap(path, dtype, "r", file.tell(), shape)}


def _length(array: np.ndarray | None) -> int:
    return 0 if array is None else len(array)
