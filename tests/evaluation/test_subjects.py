"""Whom a model is measured on: people of a store, and true pairs."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from v2f.audio.features import HOP, WINDOW
from v2f.data import store
from v2f.data.recordings import frames_of, trained_shares
from v2f.data.store import Person, Store
from v2f.errors import CorpusError
from v2f.evaluation import subjects
from v2f.evaluation.options import PAIRS_SPLIT
from v2f.evaluation.subjects import (
    EACH,
    face_of,
    held_out,
    names_of,
    of_pairs,
    of_store,
    of_training,
)
from v2f.report.results import Part, People

FRAMES = 250
SAMPLES = WINDOW + (FRAMES - 1) * HOP
REST = np.full(40, 0.8)  # of every recording is trained on


@pytest.fixture
def made_store(tmp_path: Path) -> Store:
    """Two identities of two persons each with eight recordings and faces, and one test person."""
    rng = np.random.default_rng(0)
    people = [Person(f"trained {i}", "male" if i % 2 else "", "", "train", i // 2) for i in range(4)]
    people.append(Person("new", "female", "Chile", "test", -1))
    of = np.repeat(np.arange(5), 8)
    faces = rng.integers(0, 255, (len(of), 64, 64, 3), dtype=np.uint8)
    store.write_array(tmp_path / store.FACES, faces)
    store.write_array(tmp_path / store.SPEECH, rng.normal(0, 900, len(of) * SAMPLES).astype(np.int16))
    voices = [store.VoiceRow(f"{i}.wav", "", "", "", "", 2.5, SAMPLES, "") for i in range(len(of))]
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
    voices[18, 1] += 9 * HOP  # of the third person, whose recordings are 16 to 23
    voices[19, :2] += 9 * HOP, -9 * HOP
    store.write_array(made_store.folder / store.VOICES, voices)
    opened = Store.open(made_store.folder)
    people = [replace(person, split=person.split.replace("train", "validation")) for person in opened.people]
    heard = of_store(replace(opened, people=people), "validation", longest=True)
    assert heard.name == People.VALIDATION
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
    training = of_training(made_store, REST, seed=0)
    assert [person.gender for person in training.people] == ["male", "male"]  # somebody's known is enough
    np.testing.assert_array_equal(np.bincount(training.voice_person), [EACH, EACH])
    assert len(training.faces) == len(training.face_person) == 10 and set(training.face_person) == {0, 1}
    again = of_training(made_store, REST, seed=0)
    np.testing.assert_array_equal(training.faces, again.faces)
    assert not np.array_equal(training.faces, of_training(made_store, REST, seed=1).faces)


def test_the_end_of_a_recording_that_training_hears_does_not_overlap_with_what_it_hears(
    made_store: Store,
) -> None:
    training = of_training(made_store, REST, seed=0)
    (part,) = (kept := held_out(training, made_store, REST, seed=0))
    assert part == Part.ENDS
    np.testing.assert_array_equal(kept[Part.ENDS].voice_person, training.voice_person)
    heard, end = training.frames(0), kept[Part.ENDS].frames(0)
    assert heard.shape[1] == round(0.8 * FRAMES) and heard.shape[1] + end.shape[1] < FRAMES
    rows = made_store.voice_identity
    recording = np.flatnonzero(
        [torch.equal(heard, frames_of(made_store, i)[:, :200]) for i in range(len(rows))]
    )
    assert torch.equal(end, frames_of(made_store, int(recording[0]))[:, -end.shape[1] :])


def test_whole_recordings_that_were_kept_out_are_apart_from_those_that_were_not(made_store: Store) -> None:
    shares = trained_shares(made_store)
    training = of_training(made_store, shares, seed=0)
    (part,) = (kept := held_out(training, made_store, shares, seed=0))
    assert part == Part.RECORDINGS
    # One of each of two persons.
    np.testing.assert_array_equal(np.bincount(kept[Part.RECORDINGS].voice_person), [2, 2])
    apart = [kept[Part.RECORDINGS].frames(i) for i in range(4)]
    assert all(frames.shape == (64, FRAMES) for frames in apart)
    heard = [training.frames(i) for i in range(2 * EACH)]
    assert all(frames.shape == (64, FRAMES) for frames in heard)
    assert not any(torch.equal(one, other) for one in apart for other in heard)


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
    training = of_training(made_store, REST, 0, "fused")
    ends = held_out(training, made_store, REST, 0)[Part.ENDS]
    for heard in (of_store(made_store, "test", "fused"), training, ends):
        assert heard.features(0).shape[0] == 121 and heard.encoder == "fused"
    first = training.first_features(0, 1.0)
    assert first is not None and first.shape == (121, 100)
