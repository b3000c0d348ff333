"""Making a pack goes on where it was stopped, and leaves nothing beside the pack."""

from pathlib import Path

import numpy as np
import pytest

from v2f.training import crops, packing
from v2f.training.crops import VoiceCrops
from v2f.training.packing import make_pack

CROPS = 3


@pytest.fixture
def stop_after(monkeypatch: pytest.MonkeyPatch):
    """stop_after(n): whoever embeds crops is stopped after so many batches; gives the draws that were made."""
    monkeypatch.setattr(crops, "CROPS_AT_ONCE", 2)  # three batches of five voices
    features = VoiceCrops.features

    def arrange(count: int) -> list[int]:
        made: list[int] = []

        def counted(self, encoder, voices, samples, draw, *more):
            if len(made) == count:
                raise KeyboardInterrupt
            made.append(draw)
            return features(self, encoder, voices, samples, draw, *more)

        monkeypatch.setattr(VoiceCrops, "features", counted)
        return made

    return arrange


def arrays(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as file:
        return dict(file)


def test_who_was_stopped_goes_on_and_makes_the_same_pack(
    stop_after, made_store: Path, made_encoder: Path, tmp_path: Path
) -> None:
    stop_after(1000)
    whole = arrays(make_pack(made_store, made_encoder, tmp_path / "whole.npz", CROPS))
    out = tmp_path / "pack.npz"
    stop_after(CROPS + 1)
    with pytest.raises(KeyboardInterrupt):
        make_pack(made_store, made_encoder, out, CROPS)
    assert not out.exists()
    made = stop_after(1000)
    resumed = arrays(make_pack(made_store, made_encoder, out, CROPS))
    assert made == [0, 1, 2] * 2, "of three batches one was done"
    assert whole.keys() == resumed.keys()
    assert all(np.array_equal(whole[name], resumed[name]) for name in whole)
    assert sorted(path.name for path in tmp_path.glob("*pack.npz*")) == ["pack.npz"]


def test_what_was_begun_with_other_options_is_begun_anew(
    stop_after, made_store: Path, made_encoder: Path, tmp_path: Path
) -> None:
    stop_after(CROPS + 1)
    with pytest.raises(KeyboardInterrupt):
        make_pack(made_store, made_encoder, tmp_path / "pack.npz", CROPS)
    made = stop_after(1000)
    make_pack(made_store, made_encoder, tmp_path / "pack.npz", CROPS, seed=1)
    assert made == [0, 1, 2] * 3


def test_more_faces_than_are_copied_at_once_keep_their_order(
    made_store: Path, made_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = arrays(make_pack(made_store, made_encoder, tmp_path / "whole.npz", 1, size=32))
    monkeypatch.setattr(packing, "FACES_AT_ONCE", 5)
    parts = arrays(make_pack(made_store, made_encoder, tmp_path / "parts.npz", 1, size=32))
    assert np.array_equal(whole["faces"], parts["faces"]) and len(parts["faces"]) == 12
