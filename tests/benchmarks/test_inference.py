"""A clip, a strip and a live update stand beside the baseline and the roofline, of both models."""

import pytest

from benchmarks import inference
from benchmarks.work import face_work
from v2f.models import Runtime, load


@pytest.mark.slow
def test_every_measure_has_a_row_for_each_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inference, "ROUNDS", 1)
    monkeypatch.setattr(inference, "SECONDS", 6)
    _, *tables = inference.measure()
    assert [title for title, _ in tables] == ["Table 2's networks", "The bundled model"]
    for _, rows in tables:
        assert [row["measured"] for row in rows] == ["clip to face", "clip to strip of six", "live update"]
        assert all(row["speed-up"].endswith(")") and "Gflop" in row["roofline"] for row in rows)


def test_a_strip_costs_the_encoder_its_durations_and_the_generator_its_faces() -> None:
    model, bf16, exact = load(), Runtime.choose("cpu"), Runtime.choose("cpu", exact=True)
    one, three = face_work(model, [100], exact), face_work(model, [100, 100, 100], exact)
    assert three.flops == 3 * one.flops and three.bytes == one.bytes
    assert 0.5e9 < one.flops < 5e9
    assert face_work(model, [100], bf16).bytes == one.bytes / (2 if bf16.precision == "bf16" else 1)
