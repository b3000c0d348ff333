"""Whom a model is measured on: people of a store, and true pairs."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from v2f.data import store
from v2f.data.store import Person, Store
from v2f.errors import CorpusError
from v2f.evaluation import subjects
from v2f.evaluation.subjects import EACH, face_of, names_of, of_pairs, of_store, of_training

PAIRS_SPLIT = Path(__file__).resolve().parents[2] / "v2f" / "data" / "demo" / "avspeech_split.csv"
FRAMES = 250


@pytest.fixture
def made_store(tmp_path: Path) -> Store:
    """Two identities of two persons each with eight recordings and faces, and one test person."""
    rng = np.random.default_rng(0)
    people = [Person(f"trained {i}", "male" if i % 2 else "", "", "train", i // 2) for i in range(4)]
    people.append(Person("new", "female", "Chile", "test", -1))
    of = np.repeat(np.arange(5), 8)
    faces = rng.integers(0, 255, (len(of), 64, 64, 3), dtype=np.uint8)
    store.write_array(tmp_path / store.FACES, faces)
    sounds = rng.standard_normal((len(of) * FRAMES, 64)).astype(np.float16)
    store.write_array(tmp_path / store.LOG_MEL, sounds)
    voices = [store.VoiceRow(f"{i}.wav", "", "", "", "", 2.5, FRAMES, "") for i in range(len(of))]
    seen = [store.FaceRow(f"{i}.png", "", "", "", "", "") for i in range(len(of))]
    store.write_people(tmp_path, people, voices, of.tolist(), seen, of.tolist())
    return Store.open(tmp_path)


def write_pairs(folder: Path, split: str) -> Path:
    for name in ("voices/0000.opus", "voices/0001.opus", "faces/0000.jpg", "faces/0001.jpg"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"")
    (folder / "split.csv").write_text("pair,person,part\n" + split)
    return folder / "split.csv"


def test_the_people_of_a_split_are_heard_whole(made_store: Store) -> None:
    test = of_store(made_store, "test")
    assert names_of(test) == ["new"]
    assert len(test.voice_person) == len(test.faces) == 8
    whole, first = test.features(3), test.first_features(3, 2.0)
    assert whole.shape == (64, FRAMES)
    assert first is not None and first.shape == (64, 200)
    assert first.mean(dim=1).abs().max() < 1e-3  # normalised over the part that is heard
    assert test.first_features(3, 2.6) is None


def test_of_each_person_of_a_split_the_longest_recording_can_be_heard_alone(made_store: Store) -> None:
    voices = np.load(made_store.folder / store.VOICES)
    voices[18, 1] += 9  # of the third person, whose recordings are 16 to 23
    voices[19, :2] += 9, -9
    store.write_array(made_store.folder / store.VOICES, voices)
    heard = of_store(Store.open(made_store.folder), "train", longest=True)
    np.testing.assert_array_equal(heard.voice_person, [0, 1, 2, 3])
    assert [heard.frames(recording).shape[1] for recording in range(4)] == [
        FRAMES,
        FRAMES,
        FRAMES + 9,
        FRAMES,
    ]


def test_training_identities_are_people_whoever_shares_them(
    made_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subjects, "MOST_FACES", 10)
    training = of_training(made_store, seed=0)
    assert [person.gender for person in training.people] == ["male", "male"]  # somebody's known is enough
    np.testing.assert_array_equal(np.bincount(training.voice_person), [EACH, EACH])
    assert len(training.faces) == len(training.face_person) == 10 and set(training.face_person) == {0, 1}
    again = of_training(made_store, seed=0)
    np.testing.assert_array_equal(training.faces, again.faces)
    assert not np.array_equal(training.faces, of_training(made_store, seed=1).faces)


def test_what_training_hears_and_what_it_never_hears_do_not_overlap(made_store: Store) -> None:
    training = of_training(made_store, seed=0)
    heard, kept = training.features(0), training.held_out_features(0)
    assert heard.shape[1] == round(0.8 * FRAMES)
    assert heard.shape[1] + kept.shape[1] < FRAMES
    whole = training.frames(0)
    end = whole[:, -kept.shape[1] :]
    assert torch.corrcoef(torch.stack([end.flatten(), kept.flatten()]))[0, 1] > 0.95


def test_larger_faces_are_shrunk_to_those_of_the_model_and_smaller_ones_refused(made_store: Store) -> None:
    rng = np.random.default_rng(0)
    store.write_array(
        made_store.folder / store.FACES, rng.integers(0, 256, (40, 128, 128, 3), dtype=np.uint8)
    )
    opened = Store.open(made_store.folder)
    faces, large = of_store(opened, "test").faces, of_store(opened, "test", size=128).faces
    assert faces.shape[1:] == (64, 64, 3) and large.shape[1:] == (128, 128, 3)
    means = large.reshape(-1, 64, 2, 64, 2, 3).mean(axis=(2, 4))
    assert np.abs(faces - means).max() <= 0.51
    with pytest.raises(CorpusError, match="prepare it with --size 256"):
        of_store(opened, "test", size=256)


def test_a_person_in_both_parts_is_refused(tmp_path: Path) -> None:
    split = write_pairs(tmp_path, "0000,ann,map\n0001,ann,measure\n")
    with pytest.raises(CorpusError, match="ann"):
        of_pairs(tmp_path, split, 50)


def test_missing_pairs_are_counted(tmp_path: Path) -> None:
    split = write_pairs(tmp_path, "0001,bob,measure\n0002,eve,measure\n")
    with pytest.raises(CorpusError, match="lacks 1 of the 2"):
        of_pairs(tmp_path, split, 50)


def test_a_missing_or_other_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="There is no table"):
        of_pairs(tmp_path, tmp_path / "none.csv", 50)
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(CorpusError, match="columns pair, person, part"):
        of_pairs(tmp_path, tmp_path / "other.csv", 50)


def test_true_pairs_are_read_and_never_shown(shared_data: Path, tmp_path: Path) -> None:
    rows = [line for line in PAIRS_SPLIT.read_text().splitlines() if line.endswith(",measure")][:6]
    (tmp_path / "split.csv").write_text("\n".join(["pair,person,part", *rows]))
    pairs = of_pairs(shared_data / "pairs" / "avspeech", tmp_path / "split.csv", 50)
    assert len(pairs.voice_person) + sum(pairs.left_out.values()) == 6
    assert not pairs.shown and pairs.imposters == 50
    assert set(names_of(pairs)) <= {row.split(",")[1] for row in rows}
    assert pairs.features(0).shape[1] > 50
    assert pairs.faces.shape[1:] == (64, 64, 3)


def test_a_picture_without_a_face_gives_none(tmp_path: Path) -> None:
    Image.fromarray(np.full((80, 80, 3), 99, np.uint8)).save(tmp_path / "grey.png")
    assert face_of(tmp_path / "grey.png") is None


def test_a_damaged_picture_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    with pytest.raises(CorpusError, match="broken.jpg"):
        face_of(tmp_path / "broken.jpg")


def test_subjects_are_heard_by_the_encoder_that_is_measured(made_store: Store) -> None:
    """Speech in place of the store's log-mel: 2.5 s of noise a recording."""
    rng, samples = np.random.default_rng(0), 40_000
    (made_store.folder / store.LOG_MEL).unlink()
    speech = rng.normal(0, 900, (len(made_store.voices), samples)).astype(np.int16)
    store.write_array(made_store.folder / store.SPEECH, speech.reshape(-1))
    index = [(i * samples, samples, person) for i, person in enumerate(made_store.voices["person"])]
    store.write_array(made_store.folder / store.VOICES, np.array(index))
    opened = Store.open(made_store.folder)
    for heard in (of_store(opened, "test", "dvector"), of_training(opened, 0, "dvector")):
        first, held_out = heard.first_features(0, 1.0), heard.held_out_features(0)
        assert first is not None and first.shape == (41, 100) and held_out.shape[0] == 41
        assert heard.encoder == "dvector"


def test_a_store_of_log_mel_is_not_heard_by_the_public_encoder(made_store: Store) -> None:
    with pytest.raises(CorpusError, match="log-mel and no speech"):
        of_store(made_store, "test", "dvector").features(0)
