"""Every type of graph stands beside PyTorch; processes beside processes."""

import pytest

from benchmarks import runtimes


@pytest.mark.slow
def test_every_type_has_its_size_time_and_distance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtimes, "ROUNDS", 1)
    monkeypatch.setattr(runtimes, "STARTS", 1)
    monkeypatch.setattr(runtimes, "NUMBERS", ("float32", "int8"))
    monkeypatch.setattr(runtimes, "EXAMPLES", runtimes.EXAMPLES[:1])
    (_, types), (_, sizes), (_, starts) = runtimes.measure()
    assert [row["type"] for row in types] == [row["type"] for row in sizes] == list(runtimes.NUMBERS)
    assert all(row["speed-up"].endswith(")") and "MB" in row["file"] for row in types)
    assert [row["by"] for row in starts] == ["PyTorch", "onnxruntime"]


def test_a_process_that_fails_ends_the_benchmark() -> None:
    with pytest.raises(runtimes.BenchError, match="fails"):
        runtimes.memory(["-c", "raise SystemExit(1)"])
    assert runtimes.memory(["-c", ""]) > 5e6
