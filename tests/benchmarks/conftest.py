"""What benches are hurried by."""

import pytest

from benchmarks import rates


@pytest.fixture
def small_rates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rates measured by small products and copies, which say little and take no time."""
    monkeypatch.setattr(rates, "ROUNDS", 1)
    monkeypatch.setitem(rates.MATRIX, "cpu", 64)
    monkeypatch.setitem(rates.COPIED, "cpu", 1 << 16)
