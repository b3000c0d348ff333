"""The gender classifier: who is learned from, who is measured on, and that it learns."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from v2f.__main__ import main
from v2f.data import store
from v2f.data.store import Person, Store
from v2f.errors import CorpusError, WeightsError
from v2f.models import NetworkConfig, Runtime, VoiceEncoder, load_networks, save_networks
from v2f.training.loop import Schedule, train
from v2f.training.tasks.gender import WEIGHTS, GenderClassifier, GenderConfig, GenderTask

CPU = Runtime.choose("cpu", exact=True)
CONFIG = replace(GenderConfig(), batch=8, learning_rate=1e-3)
PICTURES = 3  # of every person
MakeStore = Callable[..., Path]


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def make_store(tmp_path: Path) -> MakeStore:
    """A store of faces alone: women's are bright above, men's below, all others are grey."""

    def make(*people: tuple[str, str], size: int = 64) -> Path:
        """Of people (gender, split)."""
        rng = np.random.default_rng(0)
        folder = tmp_path / "store"
        folder.mkdir(exist_ok=True)
        light = {"female": np.linspace(220, 40, size), "male": np.linspace(40, 220, size)}
        faces = [
            light.get(gender, np.full(size, 128))[:, None, None] + rng.normal(0, 9, (size, size, 3))
            for gender, _ in people
            for _ in range(PICTURES)
        ]
        rows = [store.FaceRow(f"{i}.png", "", "", "", "", "") for i in range(len(faces))]
        told = [Person(f"person {i}", gender, "", split, -1) for i, (gender, split) in enumerate(people)]
        store.write_array(folder / store.FACES, np.stack(faces).clip(0, 255).astype(np.uint8))
        store.write_people(folder, told, [], [], rows, [i // PICTURES for i in range(len(faces))])
        return folder

    return make


WOMEN_AND_MEN = [("female", "train"), ("male", "train")] * 3
OTHERS = [("", "train"), ("female", "validation"), ("male", "")]


def people_of(opened: Store, rows: np.ndarray) -> list[tuple[str, str]]:
    chosen = [opened.people[person] for person in sorted(set(opened.face_person[rows]))]
    return [(person.gender, person.split) for person in chosen]


def test_only_training_people_of_known_gender_are_learned_from(make_store: MakeStore) -> None:
    opened = Store.open(make_store(*WOMEN_AND_MEN, *OTHERS, ("male", "test"), ("", "test")))
    task = GenderTask(opened, CONFIG, CPU)
    assert people_of(opened, task.train_rows) == WOMEN_AND_MEN
    assert people_of(opened, task.validation_rows) == [("female", "validation")]


def test_without_validation_faces_everybody_is_learned_from_and_nobody_measured(
    make_store: MakeStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_store(*WOMEN_AND_MEN, ("", "validation"), ("male", "test"))
    task = GenderTask(Store.open(folder), CONFIG, CPU)
    assert len(task.train_rows) == len(WOMEN_AND_MEN) * PICTURES
    assert train(task, tmp_path / "run", Schedule(1))
    said = capsys.readouterr().out
    assert said.count("no faces of validation people of known gender") == 1 and "accuracy:" not in said
    assert not any("accuracy" in name for name in load_networks(tmp_path / "run" / WEIGHTS)[2])


def test_batches_hold_as_many_women_as_men(make_store: MakeStore) -> None:
    people = [("female", "train")] * 9 + [("male", "train"), ("male", "test")]
    opened = Store.open(make_store(*people))
    task = GenderTask(opened, CONFIG, CPU)
    asked: list[torch.Tensor] = []
    draw = task.faces.pixels
    task.faces.pixels = lambda rows: asked.append(rows) or draw(rows)
    task.step(0)
    drawn = [opened.people[person].gender for person in opened.face_person[asked[0].numpy()]]
    assert drawn == ["female", "male"] * 4


@pytest.mark.slow
def test_gender_is_learned_and_the_classifier_loads_again(make_store: MakeStore, tmp_path: Path) -> None:
    opened = Store.open(make_store(*WOMEN_AND_MEN, ("female", "validation"), ("male", "validation")))
    task = GenderTask(opened, CONFIG, CPU)
    losses = [float(task.step(index)["cross-entropy"]) for index in range(40)]
    assert np.mean(losses[-5:]) < 0.5 * np.mean(losses[:5])
    assert task.accuracy(task.train_rows) > 0.9
    figures = task.finish(tmp_path, 40)
    assert figures["validation accuracy"] > 0.9 and figures["validation faces"] == 2 * PICTURES
    classifier = GenderClassifier.open(tmp_path / WEIGHTS, CPU)
    faces = task.faces.pixels(torch.from_numpy(task.validation_rows))
    female = classifier.female(faces)
    assert (female > 0.5).tolist() == [True] * PICTURES + [False] * PICTURES
    torch.testing.assert_close(female, task.classifier().female(faces), atol=1e-2, rtol=0)
    assert classifier.female(faces[:0]).shape == (0,)


def test_a_resumed_run_equals_an_uninterrupted_one(make_store: MakeStore, tmp_path: Path) -> None:
    opened = Store.open(make_store(*WOMEN_AND_MEN))
    schedule = Schedule(4, log_every=1, save_every=2)
    assert train(GenderTask(opened, CONFIG, CPU), tmp_path / "whole", schedule)
    assert train(GenderTask(opened, CONFIG, CPU), tmp_path / "parts", replace(schedule, steps=2))
    assert train(GenderTask(opened, CONFIG, CPU), tmp_path / "parts", schedule, resume=True)
    whole, parts = (tmp_path / name / "log.jsonl" for name in ("whole", "parts"))
    assert whole.read_text() == parts.read_text()
    first, second = (load_file(path.with_name(WEIGHTS)) for path in (whole, parts))
    assert all(first[name].equal(second[name]) for name in first.keys() | second.keys())


@pytest.mark.parametrize("people", [OTHERS, [("male", "train"), ("female", "test")], []])
def test_without_women_or_men_to_learn_from_there_is_one_sentence(make_store: MakeStore, people) -> None:
    folder = make_store(*people, ("", "train"))
    with pytest.raises(CorpusError, match=r"faces of women and of men\.$"):
        GenderTask(Store.open(folder), CONFIG, CPU)


def test_faces_of_another_size_are_one_sentence(make_store: MakeStore) -> None:
    with pytest.raises(CorpusError, match="32x32 pixels"):
        GenderTask(Store.open(make_store(*WOMEN_AND_MEN, size=32)), CONFIG, CPU)


def test_the_classifier_takes_faces_of_the_stores_size(make_store: MakeStore, tmp_path: Path) -> None:
    task = GenderTask(Store.open(make_store(*WOMEN_AND_MEN, size=128)), CONFIG, CPU)
    task.step(0)
    task.finish(tmp_path, 1)
    assert GenderClassifier.open(tmp_path / WEIGHTS, CPU).trunk.image_size == 128


def test_other_weights_are_no_gender_classifier(tmp_path: Path) -> None:
    save_networks(tmp_path / "w", {"encoder": VoiceEncoder()}, NetworkConfig(), {})
    with pytest.raises(WeightsError, match="no gender classifier"):
        GenderClassifier.open(tmp_path / "w", CPU)


@pytest.mark.slow
def test_the_command_trains_and_says_what_is_missing(
    make_store: MakeStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(folder: Path, out: Path) -> int:
        command = [
            "train",
            "gender",
            "--data",
            str(folder),
            "--out",
            str(out),
            "--steps",
            "2",
            "--batch",
            "4",
        ]
        return main([*command, "--device", "cpu", "--exact"])

    assert run(make_store(*WOMEN_AND_MEN, ("female", "validation")), tmp_path / "a") == 0
    assert "validation accuracy: " in capsys.readouterr().out
    assert (tmp_path / "a" / WEIGHTS).exists()
    assert run(make_store(("", "train")), tmp_path / "b") == 1
    said = capsys.readouterr().err
    assert said.startswith("v2f: ") and said.count("\n") == 1, said
