"""The bench of preparing: its plain way gives what ours gives, and its rehearsal is a store like any other."""

from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks import plain, prepare
from tests.support.browser import EXAMPLES
from v2f.audio import detect_speech, keep_speech, log_mel, read_audio
from v2f.data.sources import Source
from v2f.data.store import Store
from v2f.data.voices import VoiceOptions, prepare_voices

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def waveform() -> np.ndarray:
    return read_audio(EXAMPLES[0])


def test_the_plain_detector_keeps_the_same_speech(waveform: np.ndarray) -> None:
    assert np.array_equal(plain.speech_of(waveform), keep_speech(waveform, detect_speech(waveform)))
    assert plain.speech_of(np.zeros(16_000, np.float32)).size == 0


def test_the_plain_log_mel_is_the_same_log_mel(waveform: np.ndarray) -> None:
    assert (
        np.abs(
            plain.log_mel_of(waveform[:32_000], plain.filterbank()).T - log_mel(waveform[:32_000]).numpy()
        ).max()
        < 1e-2
    )


def test_the_plain_way_prepares_what_ours_does() -> None:
    source = Source(EXAMPLES[0], "a", "a")
    [ours] = prepare_voices([source], VoiceOptions()).arrays["log_mel"]
    assert np.abs(prepare.plainly(source, plain.filterbank()).astype(float) - ours).max() < 0.05


def test_the_rehearsal_is_a_store_like_any_other(tmp_path: Path) -> None:
    lines = {row["measured"]: row[""] for row in prepare.rehearsal(300, 200, tmp_path)}
    assert lines["the store"].startswith("300 recordings, 200 faces")
    store = Store.open(tmp_path)
    assert (len(store.voices), len(store.faces), store.identities) == (300, 200, 3)
    options = VoiceOptions(most_seconds=prepare.SECONDS)
    [first] = prepare_voices([Source(EXAMPLES[0], "a", "a")], options).arrays["log_mel"]
    assert np.array_equal(store.log_mel(len(EXAMPLES)), first.T.astype(np.float32)), (
        "the real ones again and again"
    )
    assert {"opened in", "most memory while drawing", "128 crops and 128 faces, from the memory map"} <= set(
        lines
    )


def test_an_hour_stands_beside_the_plain_one_and_the_floor(
    small_rates: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepare, "ROUNDS", 1)
    monkeypatch.setattr(prepare, "COPIES", 2)
    threads = torch.get_num_threads()
    (_, rows), (_, reached), (_, big) = prepare.measure(30, 20)
    assert rows[0]["measured"] == "an hour of recordings" and "Gflop" in rows[0]["floor"]
    assert rows[-1]["times as fast"].endswith(")") and len(reached) == 2
    assert big[0][""].startswith("30 recordings")
    assert torch.get_num_threads() == threads
