"""Made subjects whose voices and faces are random, and models that know everything, or nothing, about them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.support.made_faceres import write_faceres
from tests.support.made_report import write_store, write_weights
from v2f.data import faceres
from v2f.data.store import Person
from v2f.evaluation import intervals, judges, mobilefacenet
from v2f.evaluation.generated_faces import GeneratedFaces
from v2f.evaluation.judges import JUDGE, Verdicts
from v2f.evaluation.questions import noise, quality
from v2f.evaluation.subjects import Subjects
from v2f.models import Runtime, file_hash, load
from v2f.pipeline import VoiceToFace
from v2f.report.results import Judge, People

MakeGenerated = Callable[..., GeneratedFaces]
FRAMES = 560  # of every made recording


@pytest.fixture
def make_subjects() -> Callable[..., Subjects]:
    """make_subjects(people=12, recordings=3, pictures=3, **changed): recordings of random log-mel, flat faces."""

    def make(people: int = 12, recordings: int = 3, pictures: int = 3, **changed: object) -> Subjects:
        rng = np.random.default_rng(1)
        colours = rng.integers(40, 215, (people, 1, 1, 3))
        of_faces = np.repeat(np.arange(people), pictures)
        log_mels = torch.from_numpy(rng.standard_normal((people * recordings, 64, FRAMES)).astype(np.float32))
        told = {
            "name": People.TEST,
            "people": [
                Person(f"person {i}", ("female", "male")[i % 2], ("Chile", "Ghana", "")[i % 3], "test", -1)
                for i in range(people)
            ],
            "voice_person": np.repeat(np.arange(people), recordings),
            "face_person": of_faces,
            "faces": np.broadcast_to(colours[of_faces], (len(of_faces), 64, 64, 3)).astype(np.uint8),
            "frames": lambda recording: log_mels[recording],
        }
        return Subjects(**{**told, **changed})  # type: ignore[arg-type]

    return make


@pytest.fixture
def make_generated(make_subjects: Callable[..., Subjects]) -> MakeGenerated:
    """make_generated(knows, seed=0, second=False, **subjects): faces by a model that knows everyone's, or nobody's.

    A face's descriptor is its person's own and a little noise, its sex and age its person's. The second judge says
    what the first one does, but for ten years more.
    """

    def make(knows: bool, seed: int = 0, second: bool = False, **changed: object) -> GeneratedFaces:
        subjects = make_subjects(**changed)
        rng = np.random.default_rng(seed)
        looks = rng.standard_normal((len(subjects.people), 128)).astype(np.float32)
        trunk = rng.standard_normal((len(subjects.people), 64)).astype(np.float32)
        sexes = np.array([("female", "male")[i % 2] for i in range(len(subjects.people))])
        ages = np.array([20 + 5 * (i // 2) for i in range(len(subjects.people))])
        strangers = rng.permutation(len(subjects.people))

        def seen(person: np.ndarray, own: bool) -> tuple[Verdicts, np.ndarray]:
            who = person if own else rng.permutation(strangers)[rng.integers(0, len(strangers), len(person))]
            little = 0.01 * rng.standard_normal((len(person), 128)).astype(np.float32)
            verdicts = Verdicts(sexes[who], ages[who], looks[who] + little)
            return verdicts, trunk[who] + little[:, :64]

        verdicts, trunk_of_generated = seen(subjects.voice_person, knows)
        true, true_trunk = seen(subjects.face_person, True) if len(subjects.faces) else (None, None)
        embeddings = rng.standard_normal((len(subjects.voice_person), 64)).astype(np.float32)
        images = rng.integers(0, 255, (len(subjects.voice_person), 64, 64, 3), dtype=np.uint8)
        scores = rng.random(len(embeddings)).astype(np.float32)
        embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
        return GeneratedFaces(
            *(subjects, embeddings, images, scores),
            *(by_judges(verdicts, second), by_judges(true, second), trunk_of_generated, true_trunk),
        )

    return make


def by_judges(verdicts: Verdicts | None, second: bool) -> dict[Judge, Verdicts]:
    """What the first judge says and, with `second`, what the second does; nothing of no faces."""
    if verdicts is None:
        return {}
    older = Verdicts(verdicts.sex, verdicts.age + 10.0, verdicts.descriptor[:, :100])
    return {JUDGE: verdicts, Judge.FACERES: older} if second else {JUDGE: verdicts}


@pytest.fixture
def second_judge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the second judge's two files, their weights random."""
    folder = tmp_path / "second"
    monkeypatch.setattr(faceres, "SHA256", write_faceres(folder))
    return folder


@pytest.fixture
def outside_judge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file as the outside judge's, its network another one of random weights."""
    file = tmp_path / "outside.onnx"
    monkeypatch.setattr(mobilefacenet, "SHA256", write_mobilefacenet(file))
    return file


def write_mobilefacenet(file: Path) -> str:
    """Write it; returns its SHA-256."""
    torch.manual_seed(0)
    layers = torch.nn.AvgPool2d(8), torch.nn.Flatten(), torch.nn.Linear(3 * 14 * 14, mobilefacenet.DIMENSIONS)
    picture = torch.zeros(1, 3, mobilefacenet.SIZE, mobilefacenet.SIZE)
    torch.onnx.export(
        torch.nn.Sequential(*layers), (picture,), file, input_names=["input"], dynamo=False, verbose=False
    )
    return file_hash(file)


@pytest.fixture
def engine(random_weights: Path) -> VoiceToFace:
    """A complete model of random values."""
    return VoiceToFace(load(random_weights), Runtime.choose("cpu", exact=True))


@pytest.fixture(scope="module")
def quick_reports() -> Iterator[None]:
    """Fewer pictures, components and resamples; and no face is judged twice, whose answer would be the same."""
    judged: dict[bytes, tuple] = {}
    ask = judges._looks

    def once(face: np.ndarray) -> tuple:
        key = face.tobytes()
        if key not in judged:
            judged[key] = ask(face)
        return judged[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(noise, "FACES", 8)
        patch.setattr(quality, "COMPONENTS", 3)
        patch.setattr(intervals, "RESAMPLES", 100)
        patch.setattr(judges, "_looks", once)
        yield


@pytest.fixture
def make_store(tmp_path: Path) -> Callable[..., Path]:
    """make_store(change, faces): made_report.write_store in a folder of the test's own."""
    return lambda *told: write_store(tmp_path / "store", *told)


@pytest.fixture
def make_weights(tmp_path: Path, random_weights: Path) -> Callable[..., Path]:
    """make_weights(store, people, **told): random values that say they were trained on people of a store."""

    def make(folder: Path, people: list[str], **told: str) -> Path:
        return write_weights(tmp_path / "model.safetensors", random_weights, folder, people, **told)

    return make
