"""1:2 matching trials: how they are drawn, kept and scored."""

from pathlib import Path

import numpy as np
import pytest

from v2f.errors import CorpusError
from v2f.evaluation.intervals import mean_over_pairs
from v2f.evaluation.trials import Trials, check_unseen, compare, sample, score, similarities

PEOPLE = 40


def world(seed: int = 0, people: int = PEOPLE) -> tuple[np.ndarray, np.ndarray]:
    """Who speaks in each recording, and who each face is of: everybody at least once, some far more often."""
    rng = np.random.default_rng(seed)
    extra = (rng.integers(0, people, people) ** 2 // people for _ in range(2))
    recordings, faces = (
        rng.permutation(np.concatenate([np.arange(people), np.repeat(some, 4)])) for some in extra
    )
    return recordings, faces


def descriptors(seed: int, people: np.ndarray, known: float = 1.0, size: int = 13) -> np.ndarray:
    """What a person's recordings, or faces, have in common, times `known`, and noise; float [n, size]."""
    persons = np.random.default_rng(100).normal(0.1, 1.0, (people.max() + 1, size))
    return known * persons[people] + np.random.default_rng(seed).normal(0.1, 1.0, (len(people), size))


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def test_a_trial_is_a_recording_its_speakers_face_and_another_persons() -> None:
    recordings, faces = world()
    trials = sample(recordings, faces, 5000, seed=0)
    assert {array.dtype for array in (trials.probe, trials.true, trials.imposter)} == {np.dtype(np.int32)}
    assert len(trials.probe) == 5000
    np.testing.assert_array_equal(recordings[trials.probe], faces[trials.true])
    np.testing.assert_array_equal(trials.speaker, recordings[trials.probe])
    np.testing.assert_array_equal(trials.stranger, faces[trials.imposter])
    assert (trials.speaker != trials.stranger).all()


def test_everybody_speaks_equally_often_and_is_about_as_often_the_imposter() -> None:
    recordings, faces = world()
    trials = sample(recordings, faces, 40_007, seed=0)
    assert set(np.bincount(trials.speaker, minlength=PEOPLE)) == {1000, 1001}
    imposters = np.bincount(trials.stranger, minlength=PEOPLE)
    assert imposters.min() > 850 and imposters.max() < 1150  # standard deviation 31


def test_a_persons_recordings_speak_in_turns_and_each_face_is_seen() -> None:
    recordings, faces = world()
    trials = sample(recordings, faces, 40_000, seed=0)
    for person in range(PEOPLE):
        own = np.flatnonzero(recordings == person)
        heard = np.bincount(trials.probe, minlength=len(recordings))[own]
        assert heard.max() - heard.min() <= 1
    assert set(trials.true) == set(trials.imposter) == set(range(len(faces)))


def test_a_short_list_does_not_hear_first_recordings_only() -> None:
    recordings, faces = np.repeat([0, 1], 100), np.array([0, 1])
    heard = sample(recordings, faces, 20, seed=0).probe % 100
    assert len(set(heard)) > 10 and heard.mean() > 20


def test_the_pairing_of_recordings_with_faces_is_by_chance() -> None:
    people = np.repeat(np.arange(3), 5)  # as many faces as recordings: dealt in turns, both would go together
    trials = sample(people, people, 3000, seed=0)
    assert len(np.unique(np.stack([trials.probe, trials.true]), axis=1).T) == 3 * 5 * 5


def test_imposters_of_a_stratum_are_of_it() -> None:
    recordings, faces = world()
    gender = np.random.default_rng(1).integers(-1, 2, PEOPLE)
    trials = sample(recordings, faces, 8000, seed=0, stratum=gender)
    np.testing.assert_array_equal(gender[trials.speaker], gender[trials.stranger])
    assert set(trials.speaker) == set(np.flatnonzero(gender >= 0))
    assert set(trials.stranger) == set(trials.speaker)


def test_who_is_alone_in_a_stratum_does_not_speak() -> None:
    people = np.arange(5)
    trials = sample(people, people, 100, seed=0, stratum=np.array([0, 0, 1, 2, 2]))
    assert set(trials.speaker) == {0, 1, 3, 4}


def test_who_has_no_counterpart_is_left_out() -> None:
    recordings, faces = np.array([0, 1, 2, 9, -1]), np.array([5, 2, 1, -1, 0, 7])
    trials = sample(recordings, faces, 100, seed=0)
    assert set(trials.speaker) == set(trials.stranger) == {0, 1, 2}


@pytest.mark.parametrize(
    "recordings, faces, stratum",
    [
        ([0, 0], [0, 1], None),
        ([], [0, 1], None),
        ([0, 1], [0, 1], [0, 1]),
        ([0, 1], [0, 1], [-1, -1]),
        ([-1, -1], [0, 1], None),
    ],
)
def test_nobody_with_an_imposter_is_said(
    recordings: list[int], faces: list[int], stratum: list[int] | None
) -> None:
    label = None if stratum is None else np.array(stratum)
    with pytest.raises(CorpusError, match="Nobody has an imposter"):
        sample(np.array(recordings, dtype=int), np.array(faces), 10, 0, label)


def test_the_seed_decides_the_trials() -> None:
    one, again, other = (sample(*world(), 500, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.imposter, again.imposter)
    assert (one.imposter != other.imposter).any()


def test_the_trials_are_these_on_every_machine() -> None:
    people = np.array([0, 0, 1, 2, 2, 2])
    trials = sample(people, people[::-1], 6, seed=7)
    assert trials.probe.tolist() == [1, 0, 2, 2, 4, 5]
    assert trials.true.tolist() == [5, 4, 3, 3, 0, 1]
    assert trials.imposter.tolist() == [0, 0, 1, 0, 3, 3]


def test_a_saved_list_comes_back(tmp_path: Path) -> None:
    trials = sample(*world(), 500, seed=0)
    trials.save(tmp_path / "trials.npz")
    loaded = Trials.load(tmp_path / "trials.npz")
    for name in ("probe", "true", "imposter", "probe_person", "face_person"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(trials, name))
    trials.save(tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == (tmp_path / "trials.npz").read_bytes()


def test_a_saved_list_is_read_with_numpy_alone(tmp_path: Path) -> None:
    trials = sample(*world(), 500, seed=0)
    trials.save(tmp_path / "trials.npz")
    lists = np.load(tmp_path / "trials.npz")
    np.testing.assert_array_equal(lists["face_person"][lists["imposter"]], trials.stranger)


def test_a_missing_list_is_said(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="no list of trials"):
        Trials.load(tmp_path / "trials.npz")


def test_every_damage_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "trials.npz"
    trials = sample(*world(), 200, seed=0)
    trials.save(path)
    whole = path.read_bytes()
    for size in range(0, len(whole), 97):
        path.write_bytes(whole[:size])
        with pytest.raises(CorpusError, match="trials.npz"):
            Trials.load(path)
    rng = np.random.default_rng(0)
    for place in rng.integers(0, len(whole), 300):
        path.write_bytes(
            whole[:place] + bytes([whole[place] ^ int(rng.integers(1, 256))]) + whole[place + 1 :]
        )
        try:
            loaded = Trials.load(path)
        except CorpusError as error:
            assert "trials.npz" in str(error)
        else:  # a date in the file was hit, say
            np.testing.assert_array_equal(loaded.imposter, trials.imposter)


def test_another_file_is_no_list(tmp_path: Path) -> None:
    np.save(tmp_path / "array.npy", np.arange(3))
    np.savez(tmp_path / "others.npz", something=np.arange(3))
    np.savez(tmp_path / "objects.npz", probe=np.array([None]))
    for name in ("array.npy", "others.npz", "objects.npz"):
        with pytest.raises(CorpusError, match=name):
            Trials.load(tmp_path / name)


@pytest.mark.parametrize(
    "part, wrong, words",
    [
        ("true", [1, 1], "Trial 0 does not have"),
        ("imposter", [1, 1], "Trial 1 does not have"),
        ("imposter", [2, 0], "Trial 0 does not have"),  # nobody's face
        ("probe", [0, 3], "there are not"),
        ("probe", [0, -1], "there are not"),
        ("probe", [0], "as many"),
        ("probe", [0.0, 1.0], "whole numbers"),
        ("probe", [[0, 1]], "whole numbers"),
    ],
)
def test_trials_that_are_none_are_refused(tmp_path: Path, part: str, wrong: list, words: str) -> None:
    parts = {
        "probe": np.array([0, 1]),
        "true": np.array([0, 1]),
        "imposter": np.array([1, 0]),
        "probe_person": np.array([4, 7, -1]),
        "face_person": np.array([4, 7, -1]),
    }
    Trials(**parts)
    np.savez(tmp_path / "trials.npz", **parts | {part: np.array(wrong)})  # type: ignore[arg-type]
    with pytest.raises(CorpusError, match=f"trials.npz.*{words}"):
        Trials.load(tmp_path / "trials.npz")


def test_a_list_of_another_store_is_refused() -> None:
    recordings, faces = world()
    trials = sample(recordings, faces, 100, seed=0)
    trials.check_fits(recordings, faces)
    for other in (np.roll(recordings, 1), recordings[1:]):
        with pytest.raises(CorpusError, match="other recordings"):
            trials.check_fits(other, faces)


@pytest.mark.parametrize("centred", [False, True])
def test_scores_agree_with_brute_force(centred: bool) -> None:
    recordings, faces = world()
    trials = sample(recordings, faces, 20_000, seed=0)  # more than are gathered at once
    probes, true = descriptors(1, recordings), descriptors(2, faces)
    wins = score(probes, true, trials, centred)
    own, other = similarities(probes, true, trials, centred)
    if centred:
        probes, true = probes - probes.mean(axis=0), true - true.mean(axis=0)
    for t in range(0, 20_000, 7):
        voice, face, imposter = probes[trials.probe[t]], true[trials.true[t]], true[trials.imposter[t]]
        assert own[t] == pytest.approx(cosine(voice, face), abs=1e-6)
        assert other[t] == pytest.approx(cosine(voice, imposter), abs=1e-6)
        assert wins[t] == (cosine(voice, face) > cosine(voice, imposter))
    assert wins.dtype == np.float32
    assert 0.6 < wins.mean() < 0.95  # neither chance nor certainty, or the comparison would show little


def test_one_who_knows_is_always_right() -> None:
    recordings, faces = world()
    persons = np.random.default_rng(0).normal(size=(PEOPLE, 16))
    trials = sample(recordings, faces, 5000, seed=0)
    assert (score(persons[recordings], persons[faces], trials) == 1).all()


@pytest.mark.parametrize("centred", [False, True])
def test_one_who_does_not_know_is_at_chance(centred: bool) -> None:
    recordings, faces = world()
    trials = sample(recordings, faces, 20_000, seed=0)
    wins = score(descriptors(1, recordings, 0), descriptors(2, faces, 0), trials, centred)
    estimate = mean_over_pairs(wins, trials.speaker, trials.stranger)
    assert estimate.low <= 0.5 <= estimate.high
    assert estimate.high - estimate.low < 0.2


def test_shuffled_labels_bring_matching_to_chance() -> None:
    recordings, faces = world()
    probes, true = descriptors(1, recordings), descriptors(2, faces)
    shuffled = np.random.default_rng(3).permutation(PEOPLE)[
        recordings
    ]  # everybody speaks with another's voice
    trials = sample(shuffled, faces, 20_000, seed=0)
    estimate = mean_over_pairs(score(probes, true, trials), trials.speaker, trials.stranger)
    assert estimate.low <= 0.5 <= estimate.high
    known = sample(recordings, faces, 20_000, seed=0)
    assert score(probes, true, known).mean() > estimate.high


def test_knowing_the_gender_alone_helps_only_where_genders_meet() -> None:
    recordings, faces = world()
    gender = np.arange(PEOPLE) % 2
    told = np.eye(2)[gender]
    everybody, alike = (sample(recordings, faces, 20_000, 0, stratum) for stratum in (None, gender))
    assert score(told[recordings], told[faces], everybody).mean() == pytest.approx(0.75, abs=0.02)
    assert (score(told[recordings], told[faces], alike) == 0.5).all()


@pytest.mark.parametrize("size", [1, 7, 64, 128, 131])
def test_equal_faces_tie_wherever_they_lie(size: int) -> None:
    recordings, faces = world()
    alike = np.tile(np.random.default_rng(5).normal(size=size), (len(faces), 1))
    wins = score(descriptors(1, recordings, size=size), alike, sample(recordings, faces, 20_000, seed=0))
    assert (wins == 0.5).all()


def test_centring_removes_what_one_side_has_in_common() -> None:
    recordings, faces = world()
    trials = sample(recordings, faces, 5000, seed=0)
    probes, true = descriptors(1, recordings) + 100, descriptors(2, faces)
    assert score(probes, true, trials).mean() < 0.7 < score(probes, true, trials, centred=True).mean()


def test_likenesses_from_elsewhere_are_compared() -> None:
    np.testing.assert_array_equal(compare(np.array([1.0, 2.0, 3.0]), np.array([0.0, 2.0, 4.0])), [1, 0.5, 0])


def test_descriptors_that_do_not_fit_are_refused() -> None:
    recordings, faces = world()
    trials = sample(recordings, faces, 100, seed=0)
    probes, true = descriptors(1, recordings), descriptors(2, faces)
    with pytest.raises(CorpusError, match="as many descriptors"):
        score(probes[1:], true, trials)
    true[3, 3] = np.nan
    with pytest.raises(CorpusError, match="finite"):
        score(probes, true, trials)


def test_somebody_who_was_trained_on_is_named() -> None:
    check_unseen(["Ann Bee", "Cy Dee"], ["Ann Bea"])
    check_unseen(["Ann Bee"], [])
    with pytest.raises(CorpusError, match="Cy Dee was trained on"):
        check_unseen(["Ann Bee", "Cy Dee"], ["Eve", "Cy_Dee"])
    with pytest.raises(CorpusError, match="Beyoncé"):
        check_unseen(["Beyoncé"], ["beyonce"])
