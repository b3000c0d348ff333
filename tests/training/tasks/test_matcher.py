"""The matchers of Table 3: who is learned from, what the losses are, that they learn, and that they load again."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file

from tests.support.speech import tones
from v2f.__main__ import main
from v2f.audio.features import normalise
from v2f.data import store
from v2f.data.recordings import frames_of
from v2f.data.store import Person, Store
from v2f.errors import CorpusError, WeightsError
from v2f.models import FaceTrunk, NetworkConfig, Runtime, VoiceEncoder, save_networks
from v2f.models.classifiers import KINDS, Matcher
from v2f.training.loop import Schedule, train
from v2f.training.presets import CropConfig
from v2f.training.seeding import seeded_generator
from v2f.training.tasks.matcher import WEIGHTS, MatcherConfig, MatcherTask, validation_accuracy

CPU = Runtime.choose("cpu", exact=True)
CONFIG = replace(MatcherConfig(), batch=8, learning_rate=3e-4, crops=CropConfig(shortest=0.5, longest=1.0))
RECORDINGS = PICTURES = 2  # of every person
SAMPLES = 32_000
MakeStore = Callable[..., Path]


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def make_store(tmp_path: Path) -> MakeStore:
    """A store in which a woman's voice swings faster, her face is lighter, and all people differ in both."""

    def make(*people: Person) -> Path:
        rng = np.random.default_rng(0)
        folder = tmp_path / "store"
        folder.mkdir(exist_ok=True)
        speech, faces = [], []
        for place, person in enumerate(people):
            person_rng = np.random.default_rng(person.identity if person.identity >= 0 else 100 + place)
            rate = person_rng.uniform(2, 5) + (6 if person.gender == "female" else 0)  # swings a second
            colour = person_rng.uniform(0, 120, 3) + (130 if person.gender == "female" else 0)
            pitch = person_rng.uniform(100, 300)
            speech += [tones(SAMPLES, pitch, rate, rng) for _ in range(RECORDINGS)]
            for _ in range(PICTURES):
                faces.append(colour + rng.normal(0, 9, (64, 64, 3)))
        of_voices = np.repeat(np.arange(len(people)), RECORDINGS)
        of_faces = np.repeat(np.arange(len(people)), PICTURES)
        store.write_array(folder / store.SPEECH, np.concatenate(speech))
        store.write_array(folder / store.FACES, np.stack(faces).clip(0, 255).astype(np.uint8))
        voice_rows = [store.VoiceRow(f"{i}.wav", "", "", "", "", 2, SAMPLES, "") for i in range(len(speech))]
        face_rows = [store.FaceRow(f"{i}.png", "", "", "", "", "") for i in range(len(faces))]
        store.write_people(folder, list(people), voice_rows, of_voices.tolist(), face_rows, of_faces.tolist())
        return folder

    return make


def trained(identity: int, gender: str) -> Person:
    return Person(f"trained {identity}", gender, "", "train", identity)


def held_out(name: str, gender: str) -> Person:
    return Person(name, gender, "", "validation", -1)


TRAINED = [trained(i, "male" if i % 2 else "female") for i in range(4)]
HELD_OUT = [held_out("one", "female"), held_out("other", "male"), held_out("third", "female")]
NO_ONE = Person("without identity", "female", "", "train", -1)


@pytest.mark.parametrize("kind", KINDS)
def test_only_people_with_an_identity_are_learned_from(make_store: MakeStore, kind: str) -> None:
    opened = Store.open(make_store(NO_ONE, *TRAINED, *HELD_OUT))
    task = MatcherTask(opened, replace(CONFIG, kind=kind), CPU)
    assert (
        set(opened.voices["person"][task.voice_rows])
        == set(opened.face_person[task.face_rows])
        == {1, 2, 3, 4}
    )
    expected = [0, 1, 0, 1] if kind == "dimnet-g" else [0, 1, 2, 3]
    assert task.voice_labels.tolist() == expected, "one of everybody's two recordings is kept out"
    assert task.face_labels.tolist() == np.repeat(expected, 2).tolist()
    assert task.classes == len(set(expected))


def test_people_of_one_identity_share_a_label(made_store: Path) -> None:
    task = MatcherTask(Store.open(made_store), replace(CONFIG, batch=2), CPU)
    assert task.voice_labels.tolist() == [0, 1, 2, 3, 0]
    assert task.face_labels.tolist() == [0, 1, 2, 3] * 3
    assert all(bool(torch.isfinite(loss)) for loss in task.step(0).values())  # of a store of speech


def test_dimnet_g_never_meets_people_of_unknown_gender(make_store: MakeStore) -> None:
    folder = make_store(*TRAINED, trained(4, ""))
    opened = Store.open(folder)
    task = MatcherTask(opened, replace(CONFIG, kind="dimnet-g"), CPU)
    assert 4 not in opened.voices["person"][task.voice_rows] and 4 not in opened.face_person[task.face_rows]
    with_everyone = MatcherTask(opened, replace(CONFIG, kind="dimnet-i"), CPU)
    assert 4 in opened.voices["person"][with_everyone.voice_rows]


def test_dimnets_loss_is_the_sum_of_both_cross_entropies_by_one_classifier(make_store: MakeStore) -> None:
    task = MatcherTask(Store.open(make_store(*TRAINED)), CONFIG, CPU)
    log_mels, labels, rng = torch.randn(8, 64, 60), torch.arange(8) % 4, seeded_generator(CPU.device, 7)
    loss, told = task._classification(log_mels, labels, rng)
    rng = seeded_generator(CPU.device, 7)
    seen = torch.randint(len(task.rows), (8,), generator=rng)
    faces = task.faces(task.rows[seen], rng)
    weight = task.head.weight
    of_voices = F.cross_entropy(task.encoder(log_mels) @ weight.T, labels)
    of_faces = F.cross_entropy(task.trunk(faces) @ weight.T, task.face_labels[seen])
    torch.testing.assert_close(loss, of_voices + of_faces)
    torch.testing.assert_close(told["voices"] + told["faces"], (of_voices + of_faces).detach())


def test_svhf_sees_each_true_face_with_one_of_another_identity_in_both_places(make_store: MakeStore) -> None:
    task = MatcherTask(Store.open(make_store(*TRAINED, NO_ONE)), replace(CONFIG, kind="svhf"), CPU)
    label_of = dict(zip(task.face_rows.tolist(), task.face_labels.tolist(), strict=True))
    asked: list[torch.Tensor] = []
    draw = task.faces.pixels
    task.faces.pixels = lambda rows: asked.append(rows) or draw(rows)
    labels = torch.arange(8) // 2
    imposters = set()
    for seed in range(12):
        task._choice(torch.randn(8, 64, 60), labels, seeded_generator(CPU.device, seed))
        first, second = torch.tensor([label_of[row] for row in asked[-1].tolist()]).chunk(2)
        assert first[::2].equal(labels[::2]) and second[1::2].equal(labels[1::2])
        assert not first.eq(second).any()
        imposters |= set(zip(first.tolist(), second.tolist(), strict=True))
    assert len(imposters) == 4 * 3  # everybody against everybody else, in both places
    assert {row for rows in asked for row in rows.tolist()} == set(task.face_rows.tolist())


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_what_it_was_trained_on_is_matched_and_the_file_loads_again(
    make_store: MakeStore, tmp_path: Path, kind: str
) -> None:
    # In the validation split, so that what they were trained on is also what they are measured on.
    people = [replace(person, split="validation") for person in TRAINED]
    steps, seed = {"dimnet-i": (30, 0), "dimnet-g": (16, 0), "svhf": (100, 2)}[kind]  # seed 0 takes SVHF 150
    opened = Store.open(make_store(*people))
    task = MatcherTask(opened, replace(CONFIG, kind=kind, seed=seed), CPU)
    told = [task.step(index) for index in range(steps)]
    for name in {"voices", "faces", "cross-entropy"} & told[0].keys():
        start, end = (np.mean([float(step[name]) for step in part]) for part in (told[:3], told[-8:]))
        assert end < 0.8 * start, name
    # Chance is 0.5. Of three imposters one is of the speaker's gender, of whom DIMNet-G cannot tell.
    assert task.finish(tmp_path, steps)["validation 1:2 accuracy"] > 0.65
    matcher, mine = Matcher.open(tmp_path / WEIGHTS, CPU), task.matcher()
    assert matcher.kind == kind
    log_mels = torch.stack([normalise(frames_of(opened, voice, slice(16_000))) for voice in range(4)])
    faces = task.faces.pixels(torch.arange(4))
    voice, face = matcher.embed_voices(log_mels), matcher.embed_faces(faces)
    assert voice.shape == face.shape == (4, 64) and voice.dtype == face.dtype == torch.float32
    torch.testing.assert_close(voice, mine.embed_voices(log_mels), atol=0.02, rtol=0.02)
    torch.testing.assert_close(face, mine.embed_faces(faces), atol=0.02, rtol=0.02)
    if kind != "svhf":
        torch.testing.assert_close(voice.norm(dim=1), torch.ones(4))
    chosen = matcher.choose(voice, face, face.flip(0))
    assert chosen.shape == (4,) and (chosen >= 0).all() and (chosen <= 1).all()
    torch.testing.assert_close(chosen, 1 - matcher.choose(voice, face.flip(0), face))


def test_dimnet_chooses_the_face_of_larger_cosine() -> None:
    matcher = Matcher("dimnet-i", VoiceEncoder(), FaceTrunk(), None, CPU)
    voice, face_a, face_b = torch.randn(3, 50, 64)
    nearer = F.cosine_similarity(voice, face_a) > F.cosine_similarity(voice, face_b)
    assert (matcher.choose(voice, face_a, face_b) > 0.5).equal(nearer)


def test_held_out_people_are_measured_by_their_own_faces(make_store: MakeStore) -> None:
    opened = Store.open(make_store(*TRAINED, *HELD_OUT))
    of_light = dict(zip(opened.faces.mean(axis=(1, 2, 3)).round(3), opened.face_person, strict=True))

    class Knowing(Matcher):
        """Knows everybody: an embedding is the person's number."""

        right = True

        def embed_voices(self, log_mels):
            heard.append(log_mels)
            first = slice(8 * 16_000)
            voice = next(
                voice
                for voice in opened.voices_in("validation")
                if log_mels[0].equal(normalise(frames_of(opened, voice, first)))
            )
            return torch.full((1, 64), float(opened.voices["person"][voice]))

        def embed_faces(self, faces):
            light = (faces.double().mean(dim=(1, 2, 3)) * 127.5 + 127.5).numpy()
            who = [of_light[min(of_light, key=lambda known: abs(known - value))] for value in light]
            return torch.tensor(who, dtype=torch.float)[:, None].expand(-1, 64)

        def choose(self, voice, face_a, face_b):
            assert set(voice[:, 0].tolist()) <= {4, 5, 6} and set(face_b[:, 0].tolist()) <= {4, 5, 6}
            assert face_a.equal(voice) and not face_b.eq(voice).any()
            return (face_a == voice).float()[:, 0] if self.right else torch.full((len(voice),), 0.5)

    heard: list[torch.Tensor] = []
    knowing = Knowing("dimnet-i", VoiceEncoder(), FaceTrunk(), None, CPU)
    assert validation_accuracy(knowing, opened, seed=0) == 1.0
    assert len(heard) == len(HELD_OUT) * RECORDINGS
    Knowing.right = False
    assert validation_accuracy(knowing, opened, seed=0) == 0.5


def test_without_two_validation_people_nobody_is_measured(make_store: MakeStore, tmp_path: Path) -> None:
    opened = Store.open(make_store(*TRAINED, HELD_OUT[0], replace(HELD_OUT[1], split="test")))
    task = MatcherTask(opened, CONFIG, CPU)
    assert "no two validation people" in task.unmeasured and task.finish(tmp_path, 1) == {}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_resumed_run_equals_an_uninterrupted_one(make_store: MakeStore, tmp_path: Path, kind: str) -> None:
    opened = Store.open(make_store(*TRAINED))
    config, schedule = replace(CONFIG, kind=kind, batch=4), Schedule(4, log_every=1, save_every=2)
    assert train(MatcherTask(opened, config, CPU), tmp_path / "whole", schedule)
    assert train(MatcherTask(opened, config, CPU), tmp_path / "parts", replace(schedule, steps=2))
    assert train(MatcherTask(opened, config, CPU), tmp_path / "parts", schedule, resume=True)
    whole, parts = (tmp_path / name / "log.jsonl" for name in ("whole", "parts"))
    assert whole.read_text() == parts.read_text()
    first, second = (load_file(path.with_name(WEIGHTS)) for path in (whole, parts))
    assert all(first[name].equal(second[name]) for name in first.keys() | second.keys())


def test_stores_without_genders_or_identities_are_one_sentence(make_store: MakeStore) -> None:
    opened = Store.open(make_store(trained(0, ""), trained(1, ""), trained(2, "male")))
    with pytest.raises(CorpusError, match=r"dimnet-g: it needs voices and faces of women and of men\.$"):
        MatcherTask(opened, replace(CONFIG, kind="dimnet-g"), CPU)
    opened = Store.open(make_store(trained(0, "male"), NO_ONE, *HELD_OUT))
    for kind in ("dimnet-i", "svhf"):
        with pytest.raises(CorpusError, match=rf"{kind}: it needs .* at least two identities\.$"):
            MatcherTask(opened, replace(CONFIG, kind=kind), CPU)


def test_other_weights_are_no_matcher(tmp_path: Path) -> None:
    networks = {"encoder": VoiceEncoder(), "trunk": FaceTrunk()}
    for provenance, sentence in (({}, "no matcher"), ({"kind": "svhf"}, "without its chooser")):
        save_networks(tmp_path / "w", networks, NetworkConfig(), provenance)
        with pytest.raises(WeightsError, match=sentence):
            Matcher.open(tmp_path / "w", CPU)


@pytest.mark.slow
def test_the_command_trains_and_says_what_is_missing(
    make_store: MakeStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(kind: str) -> int:
        command = ["train", "matcher", "--kind", kind, "--data", str(folder), "--out", str(tmp_path / kind)]
        return main([*command, "--steps", "1", "--batch", "2", "--device", "cpu", "--exact"])

    folder = make_store(trained(0, ""), trained(1, ""), *HELD_OUT)
    assert run("svhf") == 0
    assert "validation 1:2 accuracy: " in capsys.readouterr().out
    assert (tmp_path / "svhf" / WEIGHTS).exists()
    assert run("dimnet-g") == 1
    said = capsys.readouterr().err
    assert said.startswith("v2f: ") and said.count("\n") == 1, said
