"""Training from the disk stands beside training from memory, row by row."""

from pathlib import Path

import pytest

from benchmarks import feed

pytestmark = pytest.mark.slow


def test_a_store_larger_than_the_limit_stands_beside_one_that_is_held(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in {"FACES": 300, "RECORDINGS": 130, "ROUNDS": 1, "BATCHES": 2, "STEPS": 1}.items():
        monkeypatch.setattr(feed, name, value)
    monkeypatch.setattr(feed, "BATCH", 2)
    monkeypatch.setattr(feed, "LIMIT", 1e6)
    [(_, rows)] = feed.measure(tmp_path)
    assert [row["measured"].split(",")[0] for row in rows] == [
        *("faces fed", "faces in training", "recordings in training")
    ]
    assert all(row["from the disk"].endswith(" a second") and "%" in row["of the rate"] for row in rows)
    assert not list(tmp_path.iterdir()), "what was written is gone"
