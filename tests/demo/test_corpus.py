"""The demonstration corpus, from prepared faces and recordings on: its people, and how they are paired."""

from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

from v2f.data import store
from v2f.data.shards import Rejected, write_rows
from v2f.demo.corpus import SIZE, Sources, complete_demo, prepare_demo, report
from v2f.demo.pairing import TruePairs
from v2f.demo.sources import COMMON_VOICE, LIBRISPEECH, PORTRAITS, heldout
from v2f.errors import CorpusError

pytestmark = pytest.mark.slow

LENGTH = 16_000  # samples of each recording
FACES = 60


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, TruePairs]:
    """A store whose faces and recordings are prepared, of random vectors in which sex is clear; and random pairs."""
    folder, rng = tmp_path_factory.mktemp("demo"), np.random.default_rng(0)
    women = rng.standard_normal(448)

    def vectors(genders: list[str]) -> np.ndarray:
        sign = np.array([{"female": 1.0, "male": -1.0, "": 1.0}[gender] for gender in genders])
        return (sign[:, None] * women + rng.standard_normal((len(genders), 448))).astype(np.float32)

    recordings = [("commonvoice", row) for row in COMMON_VOICE.rows[:300]]
    recordings += [("librispeech", row) for row in LIBRISPEECH.rows[:60]]
    voices = [
        store.VoiceRow(
            f"{name}/{row['file']}", row["speaker"], "", row["gender"], "", 1.0, LENGTH, "", row["age"]
        )
        for name, row in recordings
    ]
    portraits = [row for sex in ("female", "male") for row in PORTRAITS.rows if row["apparent_sex"] == sex]
    portraits = portraits[: FACES // 2] + portraits[-FACES // 2 :]
    faces = [store.FaceRow(row["file"], row["file"], "", row["apparent_sex"], "", "") for row in portraits]
    store.write_array(folder / store.SPEECH, np.zeros(LENGTH * len(voices), np.int16))
    store.write_array(folder / store.DVECTORS, vectors([row.gender for row in voices]))
    store.write_array(folder / store.FACES, np.zeros((FACES, SIZE, SIZE, 3), np.uint8))
    store.write_array(folder / store.DESCRIPTORS, rng.standard_normal((FACES, 128)).astype(np.float32))
    write_rows(folder / "voices.rows.csv", store.VoiceRow, voices)
    write_rows(folder / "faces.rows.csv", store.FaceRow, faces)
    write_rows(folder / "voices.rejected.csv", Rejected, [Rejected("x.mp3", "unreadable recording: empty")])
    write_rows(folder / "faces.rejected.csv", Rejected, [])
    genders = ["female", "male"] * 50
    pairs = TruePairs(
        vectors(genders), rng.standard_normal((100, 128)), np.array(genders), rng.uniform(20, 70, 100)
    )
    complete_demo(folder, pairs)
    return folder, pairs


@pytest.fixture(scope="module")
def opened(prepared) -> store.Store:
    return store.Store.open(prepared[0])


def speakers(opened: store.Store) -> list[store.Person]:
    return [opened.people[person] for person in np.unique(opened.voices["person"])]


def test_recordings_of_one_speaker_are_of_one_person(prepared, opened) -> None:
    rows = store.rows_of(prepared[0], "voices", store.VoiceRow)
    assert [opened.person_of(i).name for i in range(len(rows))] == [row.person for row in rows]
    names = [person.name for person in opened.people]
    assert len(names) == len(set(names)) < len(rows)


def test_who_is_held_out_is_never_trained_on(opened) -> None:
    splits = {person.name: person.split for person in speakers(opened)}
    held = {name: split for name, split in splits.items() if split != "train"}
    assert held == {name: split for name, split in heldout().items() if name in splits}
    assert set(held.values()) == {"test", "common voice"}
    assert all(opened.pairing[opened.voices_in(split)].sum() == 0 for split in ("test", "common voice"))
    assert (opened.voice_identity[opened.voices_in("common voice")] == -1).all()


def test_the_pairing_has_a_row_for_each_recording_and_one_for_each_person(opened) -> None:
    pairing = opened.pairing
    assert pairing.dtype == np.float16 and pairing.shape == (len(opened.voices), opened.identities)
    sums = pairing.sum(axis=1, dtype=np.float64)
    assert np.all((np.abs(sums - 1) < 5e-3) | (sums == 0))
    for person in np.unique(opened.voices["person"]):
        assert len(np.unique(pairing[opened.voices["person"] == person], axis=0)) == 1


def test_the_identity_of_a_voice_is_the_one_it_goes_with_best(opened) -> None:
    paired = opened.pairing.any(axis=1)
    assert paired.any() and np.array_equal(paired, opened.voice_identity >= 0)
    assert np.array_equal(opened.pairing[paired].argmax(axis=1), opened.voice_identity[paired])
    assert set(opened.voice_identity[paired].tolist()) <= set(opened.face_identity.tolist())


def test_people_have_the_ages_that_they_reported(opened) -> None:
    reported = {row["speaker"]: row["age"] for row in reversed(COMMON_VOICE.rows)}
    known = [person for person in speakers(opened) if person.name in reported]
    assert known and all(person.age == reported[person.name] for person in known)


def test_children_get_no_face(opened) -> None:
    children = [i for i, (_, _, p) in enumerate(opened.voices) if (opened.people[p].age or "99") < "18"]
    assert children and not opened.pairing[children].any()


def test_the_same_again_is_the_same_store(prepared) -> None:
    folder, pairs = prepared
    before = store.store_hash(folder)
    complete_demo(folder, pairs)
    assert store.store_hash(folder) == before


def test_the_report_counts_people_hours_and_shares(prepared, opened) -> None:
    contents = report(prepared[0])
    assert contents["recordings"] == 360 and contents["hours of speech"] == 0.1
    common, libri = contents["corpora"]["commonvoice"], contents["corpora"]["librispeech"]
    assert common["recordings"] == 300 and libri["people"] == 60
    assert common["women"] + common["men"] + common["of unknown gender"] == common["people"]
    assert common["people"] + libri["people"] == contents["people with voices"]
    assert common["paired"] + libri["paired"] == contents["people paired"]
    assert 0 < contents["share of women among the paired"] < 1
    assert contents["rejected"] == {"unreadable recording": 1}


def test_missing_files_are_reported_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="files of the portraits"):
        prepare_demo(Sources(*[tmp_path / "nowhere"] * 6), tmp_path / "store", nullcontext())
    assert not (tmp_path / "store").exists()
