"""Which recordings of a store are trained on, and which are measured."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from v2f.data import store
from v2f.data.recordings import (
    HELDOUT_SHARE,
    digest_after,
    held_out_digest,
    in_turn,
    shares_by_digest,
    trained_shares,
)
from v2f.data.store import Person, Store
from v2f.models import TRAINED_ON
from v2f.models.weights import HELD_OUT

MakeStore = Callable[..., Store]
REST = 1 - HELDOUT_SHARE


@pytest.fixture
def make_store(tmp_path: Path) -> MakeStore:
    """make_store(files, split="train"): a store of short recordings, each of the person its path begins with."""

    def make(*files: str, split: str = "train", paired: bool = False) -> Store:
        names = sorted({file.partition("/")[0] for file in files})
        people = [Person(name, "", "", split, i) for i, name in enumerate(names)]
        rows = [store.VoiceRow(file, "", "", "", "", 1, 100, "") for file in files]
        whose = [names.index(file.partition("/")[0]) for file in files]
        store.write_array(tmp_path / store.SPEECH, np.zeros(100 * len(files), np.int16))
        store.write_people(tmp_path, people, rows, whose, [], [])
        if paired:
            store.write_array(tmp_path / store.PAIRING, np.ones((len(files), len(names)), np.float16))
        return Store.open(tmp_path)

    return make


def test_of_several_videos_the_last_by_name_is_kept_out_with_all_its_recordings(
    make_store: MakeStore,
) -> None:
    opened = make_store("ann/x/1.wav", "ann/z/1.wav", "ann/y/1.wav", "ann/z/2.wav", "ann/y/2.wav")
    assert trained_shares(opened).tolist() == [1, 0, 1, 0, 1]


def test_of_several_recordings_of_one_video_the_last_is_kept_out(make_store: MakeStore) -> None:
    opened = make_store("ann/x/2.wav", "ann/x/1.wav", "bob/3.wav", "bob/4.wav", "bob/5.wav")
    assert trained_shares(opened).tolist() == [0, 1, 1, 1, 0]


def test_of_a_single_recording_the_last_fifth_is_kept_out(make_store: MakeStore) -> None:
    assert trained_shares(make_store("ann/1.wav", "bob/1.wav", "bob/2.wav")).tolist() == [REST, 1, 0]


def test_of_look_alikes_every_last_fifth_is_kept_out(make_store: MakeStore) -> None:
    opened = make_store("ann/x/1.wav", "ann/y/1.wav", paired=True)
    assert trained_shares(opened).tolist() == [REST, REST] and held_out_digest(opened) == ""


def test_nothing_is_kept_out_of_recordings_that_are_not_trained_on(make_store: MakeStore) -> None:
    opened = make_store("ann/1.wav", "ann/2.wav", split="test")
    assert (trained_shares(opened) > 0).all() and held_out_digest(opened) == ""


def test_weights_are_measured_by_what_was_kept_out_of_their_training(make_store: MakeStore) -> None:
    opened = make_store("ann/1.wav", "ann/2.wav")
    now, earlier = shares_by_digest(opened, held_out_digest(opened)), shares_by_digest(opened, "")
    assert now is not None and now.tolist() == [1, 0]
    assert earlier is not None and earlier.tolist() == [REST, REST]
    assert shares_by_digest(opened, "of another store") is None


def test_recordings_that_are_added_change_what_is_kept_out(make_store: MakeStore) -> None:
    before = held_out_digest(make_store("ann/1.wav", "ann/2.wav"))
    assert before and held_out_digest(make_store("ann/1.wav", "ann/2.wav", "ann/3.wav")) != before
    assert held_out_digest(make_store("ann/1.wav", "ann/2.wav", "bob/1.wav")) == before


def test_stage_two_keeps_out_what_its_encoder_did_not_hear(make_store: MakeStore) -> None:
    opened = make_store("ann/1.wav", "ann/2.wav")
    digest = held_out_digest(opened)
    assert digest_after(opened, {TRAINED_ON: "ANN", HELD_OUT: digest}) == digest
    assert digest_after(opened, {TRAINED_ON: "eve\nAnn"}) == "", "by an earlier version: both recordings"
    assert digest_after(opened, {TRAINED_ON: "eve", HELD_OUT: "of another store"}) == digest
    assert digest_after(opened, {TRAINED_ON: "ann", HELD_OUT: "of another store"}) == "of another store"


def test_of_many_recordings_everybody_has_as_many_as_the_others() -> None:
    rows, person = np.arange(10, 20), np.array([7, 7, 7, 7, 7, 7, 3, 3, 9, 9])
    assert in_turn(rows, person, 5).tolist() == [10, 11, 16, 17, 18]
    assert in_turn(rows, person, 20).tolist() == rows.tolist()
    assert in_turn(rows[:0], person[:0], 5).tolist() == []
