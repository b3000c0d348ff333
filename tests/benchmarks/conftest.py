"""What makes benchmarks quick in tests."""

import pytest

from benchmarks import timing


@pytest.fixture(autouse=True)
def small_roofline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Peaks measured by small products and copies, which say little and take no time; no wait for other work."""
    monkeypatch.setattr(timing, "ROUNDS", 1)
    monkeypatch.setitem(timing.MATRIX_SIZE, "cpu", 64)
    monkeypatch.setitem(timing.COPY_BYTES, "cpu", 1 << 16)
    monkeypatch.setattr("psutil.cpu_percent", lambda interval: 0.0)
