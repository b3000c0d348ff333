"""The bench of faces: its plain way gives our face, and every figure comes with what it is measured against."""

import numpy as np
import pytest

import v2f
from benchmarks import faces
from benchmarks.drawing import drawing_work
from tests.support.browser import EXAMPLES
from v2f.audio import SAMPLE_RATE, read_audio
from v2f.models import load


def test_the_plain_way_gives_the_same_face() -> None:
    waveform = read_audio(EXAMPLES[0], 5)
    ours = v2f.load(device="cpu", exact=True).face(waveform).image
    plainly = faces.PlainWay(load()).face_of(waveform)
    assert np.abs(ours.astype(int) - plainly).max() <= 1
    assert plainly.shape == (64, 64, 3) and len(waveform) == 5 * SAMPLE_RATE


@pytest.mark.parametrize("kind", ["clip", "strip", "live"])
def test_every_figure_stands_beside_the_plain_one_and_the_floor(
    kind: str, small_rates: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(faces, "ROUNDS", 1)
    (_, [row]), (_, reached) = faces.measure(kind)
    assert "ms" in row["ours"] and "ms" in row["the plain way"] and "Gflop" in row["floor"]
    assert row["times as fast"].endswith(")") and row["its share of ours"].endswith("%")
    assert ["Gflop/s" in reached[0][""], "GB/s" in reached[1][""]] == [True, True]


def test_a_strip_costs_the_encoder_its_durations_and_the_generator_its_faces() -> None:
    model = load()
    one, three = drawing_work(model, [100], 2), drawing_work(model, [100, 100, 100], 2)
    assert three.operations == 3 * one.operations and three.bytes == one.bytes
    assert drawing_work(model, [100], 4).bytes == 2 * one.bytes
    assert 0.5e9 < one.operations < 5e9
