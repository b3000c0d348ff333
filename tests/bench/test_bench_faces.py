"""The bench of faces: its plain way gives our face, and every figure comes with what it is measured against."""

import numpy as np
import pytest

import v2f
from v2f.audio import SAMPLE_RATE, read_audio
from v2f.bench import faces
from v2f.bench.browser import EXAMPLES
from v2f.models import load


def test_the_plain_way_gives_the_same_face() -> None:
    waveform = read_audio(EXAMPLES[0], 5)
    ours = v2f.load(device="cpu", exact=True).face(waveform).image
    plainly = faces.PlainWay(load()).face(waveform)
    assert np.abs(ours.astype(int) - plainly).max() <= 1
    assert plainly.shape == (64, 64, 3) and len(waveform) == 5 * SAMPLE_RATE


def test_every_figure_stands_beside_the_plain_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("ROUNDS", 1), ("STARTS", 1), ("MATRIX", 64), ("COPIED", 1 << 16)):
        monkeypatch.setattr(faces, name, value)
    told = {line.name: line.told for line in faces.measure()}
    for name in ("clip to face", "clip to strip of six", "live update at ten seconds"):
        assert told[name].endswith(")") and "ms" in told[f"{name}, the plain way"]
        assert "times as fast" in told[f"{name}, ours against the plain way"]
    assert "Gflop/s" in told["floor of the networks, one face"]
    assert {"python -m v2f face CLIP", "import v2f", "import v2f, less Python itself"} <= told.keys()
