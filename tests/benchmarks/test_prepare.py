"""A store of full size is a store like any other, and preparing stands beside the baseline."""

from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks import prepare
from tests.support.browser import EXAMPLES
from v2f.data.sources import Source
from v2f.data.store import Store
from v2f.data.voices import VoiceOptions, prepare_voices

pytestmark = pytest.mark.slow


def test_a_store_of_full_size_is_a_store_like_any_other(tmp_path: Path) -> None:
    facts = {row["measured"]: row[""] for row in prepare.full_size(300, 200, tmp_path)}
    assert facts["the store"].startswith("300 recordings, 200 faces")
    store = Store.open(tmp_path)
    assert (len(store.voices), len(store.faces), store.identities) == (300, 200, 3)
    options = VoiceOptions(most_seconds=prepare.SECONDS)
    [first] = prepare_voices([Source(EXAMPLES[0], "a", "a")], options).arrays["speech"]
    assert np.array_equal(store.waveform(len(EXAMPLES)) * 32768, first), "the examples are repeated"


def test_preparing_stands_beside_the_baseline_by_workers_and_hours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepare, "ROUNDS", 1)
    monkeypatch.setattr(prepare, "HOURS", (0.01, 0.02))
    monkeypatch.setattr(prepare, "BATCHES", 2)
    threads = torch.get_num_threads()
    (_, _), (_, [row]), (_, hours), (_, big) = prepare.measure(30, 20, None)
    assert row["measured"] == "an hour of recordings" and "Gflop" in row["roofline"]
    assert [row["hours of recordings"] for row in hours] == ["0.01", "0.02"]
    assert big[0][""].startswith("30 recordings")
    assert torch.get_num_threads() == threads
