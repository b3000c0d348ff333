"""CAM++: its shapes, its layers in the plain words of the paper, and the published weights."""

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from v2f.audio import keep_speech, read_audio
from v2f.audio.filter_banks import filter_banks
from v2f.errors import WeightsError
from v2f.models.campplus import CAMPPlus, GatedLayer, ScaledRelu
from v2f.models.public_encoders import campplus_from_package

# Every 24th number of what 3D-Speaker's own program gives, in float64, of `waves()` by the published weights.
PUBLISHED = (0.9625, -0.3475, 0.4001, -0.1271, -0.1295, -0.2294, -1.0113, 0.3822)


@pytest.fixture(scope="module")
def public() -> CAMPPlus:
    try:
        return campplus_from_package()
    except WeightsError as error:
        pytest.skip(str(error))


def waves() -> torch.Tensor:
    """Filter banks [1, 80, 160] by a formula."""
    banks = 3 * torch.sin(0.1 * torch.arange(80)[:, None] * torch.arange(1, 161))
    return (banks - banks.mean(dim=1, keepdim=True))[None]


@torch.inference_mode()
def test_a_window_becomes_192_numbers() -> None:
    network = CAMPPlus().eval()
    assert network(torch.randn(3, 80, 160)).shape == (3, 192)
    assert network(torch.randn(1, 80, 20)).shape == (1, 192)
    with pytest.raises(ValueError, match="201 frames is longer than 200"):
        network(torch.randn(1, 80, 201))


def test_a_scaled_relu_is_a_batch_normalisation() -> None:
    torch.manual_seed(0)
    norm, ours, x = torch.nn.BatchNorm1d(5), ScaledRelu(5), torch.randn(7, 5)
    norm(3 * torch.randn(100, 5) + 1)  # its running statistics
    norm.eval()
    scale = (norm.running_var + norm.eps).rsqrt()  # type: ignore[operator]
    ours.scale.data, ours.shift.data = scale, -norm.running_mean * scale  # type: ignore[operator]
    torch.testing.assert_close(ours(x), norm(x).relu())


@pytest.mark.parametrize("dilation", [1, 2])
@torch.inference_mode()
def test_a_layer_is_a_dilated_convolution_masked_by_the_mean(dilation: int) -> None:
    torch.manual_seed(0)
    layer, x = GatedLayer(16, dilation), torch.randn(2, 9, 16)
    hidden = layer.squeeze(x.relu()).relu()
    kernel = layer.taps.weight.unflatten(0, (3, 32)).permute(1, 2, 0)  # [32, 128, taps]
    local = F.conv1d(hidden.transpose(1, 2), kernel, padding=dilation, dilation=dilation)
    mask = layer.gate(layer.context(hidden.mean(dim=1)).relu()).sigmoid()
    expected = local.transpose(1, 2) * mask[:, None]
    torch.testing.assert_close(layer(x), expected, rtol=1e-4, atol=1e-5)


@torch.inference_mode()
def test_windows_are_heard_together_as_one_by_one(public: CAMPPlus) -> None:
    torch.manual_seed(0)
    windows = torch.randn(4, 80, 160)
    alone = torch.cat([public(window[None]) for window in windows])
    torch.testing.assert_close(public(windows), alone, rtol=1e-3, atol=1e-4)


@torch.inference_mode()
def test_the_published_weights_give_what_they_are_published_to_give(public: CAMPPlus) -> None:
    torch.testing.assert_close(public(waves())[0, ::24], torch.tensor(PUBLISHED), rtol=0, atol=2e-4)


@torch.inference_mode()
def test_a_speaker_is_liker_the_same_than_another(public: CAMPPlus, shared_data: Path) -> None:
    files = sorted((shared_data / "speech" / "librispeech").glob("*.flac"))[::40][:4]
    banks = [filter_banks(keep_speech(read_audio(file, 8)))[:, :320] for file in files]
    halves = torch.stack(
        [half - half.mean(dim=1, keepdim=True) for one in banks for half in one.split(160, 1)]
    )
    vectors = F.normalize(public(halves), dim=1).unflatten(0, (4, 2))
    cosine = torch.einsum("id,jd->ij", vectors[:, 0], vectors[:, 1])
    same, others = cosine.diagonal(), cosine[~torch.eye(4, dtype=torch.bool)]
    assert same.min() > others.max() + 0.1
