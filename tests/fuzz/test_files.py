"""Bad weights, checkpoints, packs, stores, lists of people and pictures: refused in one sentence, never run."""

import io
import shutil
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.fuzz.conftest import allowed
from tests.fuzz.mutations import mutated
from v2f.data import store
from v2f.data.faces import FaceOptions, prepare_faces
from v2f.data.shards import Rejected
from v2f.data.sources import Source, find_voices
from v2f.data.splits import split_people
from v2f.models import Discriminator, NetworkConfig, load_networks, save_networks
from v2f.training.checkpoint import CHECKPOINT, ModuleState, load_checkpoint, save_checkpoint
from v2f.training.pack import Pack

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("files")


@pytest.fixture(scope="module")
def weights(folder: Path) -> bytes:
    path = folder / "good.safetensors"
    save_networks(path, {"discriminator": Discriminator()}, NetworkConfig(), {"name": "good"})
    return path.read_bytes()


@given(data=st.data())
def test_weights(data: st.DataObject, weights: bytes, folder: Path) -> None:
    path = folder / "mutated.safetensors"
    path.write_bytes(data.draw(mutated(weights)))
    allowed(load_networks, path)


class Task(ModuleState):
    """The smallest task."""

    def __init__(self) -> None:
        import torch

        head = torch.nn.Linear(4, 2)
        self.modules = {"head": head}
        self.optimizers = {"optimizer": torch.optim.Adam(head.parameters())}

    def settings(self) -> dict[str, object]:
        return {"batch": 4}


@pytest.fixture(scope="module")
def checkpoint(folder: Path) -> bytes:
    save_checkpoint(Task(), folder, 3)
    return (folder / CHECKPOINT).read_bytes()


@given(data=st.data())
def test_checkpoints(data: st.DataObject, checkpoint: bytes, folder: Path) -> None:
    (folder / CHECKPOINT).write_bytes(data.draw(mutated(checkpoint)))
    allowed(load_checkpoint, Task(), folder)


@pytest.fixture(scope="module")
def pack(folder: Path) -> bytes:
    file = io.BytesIO()
    np.savez(
        file,
        faces=np.zeros((2, 64, 64, 3), np.uint8),
        face_identity=np.arange(2, dtype=np.int32),
        embeddings=np.zeros((2, 1, 64), np.float16),
        voice_identity=np.arange(2, dtype=np.int32),
        voice_female=np.array([True, False]),
        people=np.array(["a", "b"]),
        hashes=np.array(["store", "encoder"]),
    )
    return file.getvalue()


@given(data=st.data())
def test_packs(data: st.DataObject, pack: bytes, folder: Path) -> None:
    path = folder / "mutated.npz"
    path.write_bytes(data.draw(mutated(pack)))
    allowed(Pack.open, path)


@pytest.fixture(scope="module")
def stored(folder: Path) -> Path:
    """A store of two people, a recording and a face each."""
    place = folder / "store"
    place.mkdir()
    store.write_array(place / store.FACES, np.zeros((2, 64, 64, 3), np.uint8))
    store.write_array(place / store.SPEECH, np.zeros(32_000, np.int16))
    people = [store.Person(name, "female", "", "train", i) for i, name in enumerate("ab")]
    voices = [store.VoiceRow(f"{i}.wav", "ab"[i], "", "", "", 1, 16_000, "") for i in range(2)]
    faces = [store.FaceRow(f"{i}.png", "ab"[i], "", "", "", "") for i in range(2)]
    store.write_people(place, people, voices, range(2), faces, range(2))
    store.Store.open(place)
    return place


@given(data=st.data())
def test_stores(data: st.DataObject, stored: Path, folder: Path) -> None:
    place = folder / "mutated-store"
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(stored, place)
    path = data.draw(st.sampled_from(sorted(place.iterdir())))
    path.write_bytes(data.draw(mutated(path.read_bytes())))
    allowed(store.Store.open, place)


@given(data=st.data())
def test_lists_of_people_and_splits(data: st.DataObject, folder: Path) -> None:
    place = folder / "voxceleb"
    (place / "id10001").mkdir(parents=True, exist_ok=True)
    (place / "id10001" / "1.wav").touch()
    header = "VoxCeleb1 ID\tVGGFace1 ID\tGender\tNationality\tSet\nid10001\tA.J._Buckley\tm\tIreland\tdev\n"
    (place / "vox1_meta.csv").write_bytes(data.draw(mutated(header.encode())))
    allowed(find_voices, place, "voxceleb")
    split = folder / "split.csv"
    split.write_bytes(data.draw(mutated(b"name,split\nA.J. Buckley,train\n")))
    allowed(split_people, ["A.J. Buckley"], str(split))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP"])
@given(data=st.data())
def test_pictures(kind: str, data: st.DataObject, folder: Path) -> None:
    pytest.importorskip("dlib")
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(file, kind)
    path = folder / "mutated.jpg"
    path.write_bytes(data.draw(mutated(file.getvalue())))
    result = prepare_faces([Source(path, path.name, "")], FaceOptions())
    assert not result.rows and len(result.rejected) == 1  # there is no face in it


def test_a_picture_that_would_fill_the_memory_is_refused_unread(folder: Path) -> None:
    pytest.importorskip("dlib")
    path = folder / "bomb.png"
    size = 60_000  # pixels a side, 3.6 billion in all; a row of them is a filter's number and 7,500 bytes
    packed = zlib.compressobj()
    rows = b"".join(packed.compress(bytes(size // 8 + 1)) for _ in range(size)) + packed.flush()
    parts = [(b"IHDR", struct.pack(">IIBBBBB", size, size, 1, 0, 0, 0, 0)), (b"IDAT", rows), (b"IEND", b"")]
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))
    assert path.stat().st_size < 1_000_000
    result = prepare_faces([Source(path, path.name, "")], FaceOptions())
    assert result.rejected == [Rejected("bomb.png", "unreadable picture")]
