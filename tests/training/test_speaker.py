"""Stage one: what it is measured by, and that it learns."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from v2f.data import store
from v2f.data.store import Store
from v2f.data.voices import to_float16
from v2f.models import Runtime, VoiceEncoder, load_networks
from v2f.training.pack import Pack, make_pack
from v2f.training.speaker import WEIGHTS, SpeakerConfig, SpeakerTask, equal_error_rate, one_cycle

CPU = Runtime.choose("cpu", exact=True)


def brute_force_eer(scores: np.ndarray, same: np.ndarray) -> float:
    gaps = []
    for threshold in sorted(set(scores)):
        rejected = np.mean(scores[same] < threshold)
        accepted = np.mean(scores[~same] >= threshold)
        gaps.append((abs(rejected - accepted), (rejected + accepted) / 2))
    return min(gaps)[1]


@pytest.mark.parametrize("shift", [0.0, 1.0, 3.0])
def test_eer_agrees_with_trying_every_threshold(shift):
    rng = np.random.default_rng(0)
    same = np.arange(400) % 2 == 0
    scores = rng.standard_normal(400) + shift * same
    assert equal_error_rate(scores, same) == pytest.approx(brute_force_eer(scores, same), abs=0.006)


def test_eer_of_perfect_and_of_useless_scores():
    same = np.arange(100) < 50
    assert equal_error_rate(np.where(same, 1.0, 0.0), same) == 0.0
    assert equal_error_rate(
        np.random.default_rng(0).random(100_000), np.arange(100_000) % 2 == 0
    ) == pytest.approx(0.5, abs=0.01)


def test_the_learning_rate_rises_then_falls_to_nothing():
    factors = [one_cycle(step / 100) for step in range(101)]
    assert factors[15] == pytest.approx(1.0) and factors[0] < 0.1 and factors[100] == pytest.approx(0.0)
    assert all(a <= b for a, b in zip(factors[:15], factors[1:16], strict=True))
    assert all(a >= b for a, b in zip(factors[15:], factors[16:], strict=False))


def test_speakers_and_their_d_vectors_are_learned(made_store, tmp_path):
    task = SpeakerTask(Store.open(made_store), replace(SpeakerConfig(), batch=16, steps=60, longest=1.5), CPU)
    losses = [task.step(index) for index in range(60)]
    for name in ("cross-entropy", "distance"):
        start, end = ([float(step[name]) for step in part] for part in (losses[:5], losses[-5:]))
        assert np.mean(end) < 0.5 * np.mean(start), name
    figures = task.finish(tmp_path, 60)
    assert figures["held-out accuracy"] > 0.6  # chance is 0.2
    assert isinstance(load_networks(tmp_path / WEIGHTS)[0]["encoder"], VoiceEncoder)


@pytest.fixture
def log_mel_store(made_store: Path) -> Path:
    """The made corpus as `prepare corpus` writes one: log-mel, and no d-vectors."""
    opened = Store.open(made_store)
    sounds = [to_float16(opened.waveform(voice)) for voice in range(len(opened.voices))]
    ends = np.cumsum([0, *(len(sound) for sound in sounds)])
    index = [(ends[i], len(sound), opened.voices[i, 2]) for i, sound in enumerate(sounds)]
    store.write_array(made_store / store.LOG_MEL, np.concatenate(sounds))
    store.write_array(made_store / store.VOICES, np.array(index))
    for name in (store.SPEECH, store.DVECTORS):
        (made_store / name).unlink()
    return made_store


def test_a_corpus_of_log_mel_trains_both_stages(log_mel_store: Path, tmp_path: Path) -> None:
    task = SpeakerTask(
        Store.open(log_mel_store), replace(SpeakerConfig(), batch=16, steps=60, longest=1.5), CPU
    )
    losses = [task.step(index) for index in range(60)]
    assert "distance" not in losses[0]
    start, end = ([float(step["cross-entropy"]) for step in part] for part in (losses[:5], losses[-5:]))
    assert np.mean(end) < 0.5 * np.mean(start)
    assert task.finish(tmp_path, 60)["held-out accuracy"] > 0.6  # chance is 0.2
    pack = Pack.open(make_pack(log_mel_store, tmp_path / WEIGHTS, tmp_path / "pack.npz", crops=4))
    assert pack.embeddings.shape == (5, 4, 64) and len(pack.faces) == 12
