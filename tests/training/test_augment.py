"""Augmentation: seeded, differentiable where it must be, and doing what it says."""

from collections.abc import Callable

import pytest
import torch

from v2f.training import augment
from v2f.training.augment import augment_faces, augment_voices, mask_features
from v2f.training.seeding import seeded_generator

CPU = torch.device("cpu")


def rng(*seeds: int) -> torch.Generator:
    return seeded_generator(CPU, *seeds)


@pytest.fixture
def faces() -> torch.Tensor:
    return torch.rand(16, 3, 64, 64, generator=rng(1)) * 2 - 1


@pytest.fixture
def waveforms() -> torch.Tensor:
    return 0.2 * torch.randn(16, 16_000, generator=rng(2))


def test_the_same_seeds_give_the_same_draws(faces, waveforms):
    assert augment_faces(faces, rng(7, 3)).equal(augment_faces(faces, rng(7, 3)))
    assert not augment_faces(faces, rng(7, 3)).equal(augment_faces(faces, rng(7, 4)))
    noise = waveforms.flip(0)
    assert augment_voices(waveforms, noise, 16_000, rng(1, 2)).equal(
        augment_voices(waveforms, noise, 16_000, rng(1, 2))
    )


def test_neighbouring_steps_draw_unrelated_numbers():
    draws = torch.stack([torch.rand(200, generator=rng(0, step)) for step in range(50)])
    correlation = torch.corrcoef(draws) - torch.eye(50)
    assert correlation.abs().max() < 0.4


def test_gradients_reach_the_generated_face(faces):
    faces.requires_grad_()
    augment_faces(faces, rng(0)).sum().backward()
    assert (faces.grad.abs().sum(dim=(1, 2, 3)) > 0).all()


def test_a_shifted_face_keeps_its_pixels_where_nothing_else_is_changed():
    ramp = torch.linspace(-1, 1, 64).expand(1, 3, 64, 64)
    moved = augment_faces(ramp, rng(5))
    row = moved[0, 0, 32]
    inside = row[12:52]
    steps = inside.diff()
    assert torch.allclose(steps[steps != 0], steps[steps != 0].median(), atol=0.5)


@pytest.mark.parametrize("size", [64, 128])
def test_a_shift_and_what_is_cut_out_grow_with_the_face(size: int) -> None:
    """A face of one colour is black where it was shifted away and where it was cut out, and nowhere else."""
    seen = augment_faces(torch.ones(400, 3, size, size), rng(0)).abs().sum(dim=1) > 0
    rows, columns = seen.any(dim=2).sum(dim=1), seen.any(dim=1).sum(dim=1)
    assert (size - rows).max() == (size - columns).max() == size // 8
    cut_out = rows * columns - seen.sum(dim=(1, 2))
    assert cut_out.max() == (size * 3 // 8 - 1) ** 2


def test_voices_stay_in_range_and_finite(waveforms):
    silence = torch.zeros_like(waveforms)
    for given, noise in ((waveforms, waveforms.flip(0)), (waveforms * 100, silence), (silence, silence)):
        out = augment_voices(given, noise, 16_000, rng(0))
        assert out.shape == given.shape
        assert torch.isfinite(out).all() and out.abs().max() <= 1.0 + 1e-6


@pytest.fixture
def nothing_but(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """nothing_but("CODED_SHARE"): all clips are treated so, none in another way."""

    def choose(chosen: str) -> None:
        for share in ("REVERB", "BAND", "NOISE", "COMPRESSED", "CLIPPED", "CODED"):
            monkeypatch.setattr(augment, f"{share}_SHARE", float(f"{share}_SHARE" == chosen))

    return choose


def test_voices_come_out_at_one_peak_and_otherwise_as_they_were(waveforms, nothing_but):
    nothing_but("")
    out = augment_voices(0.01 * waveforms, waveforms, 16_000, rng(0))
    assert torch.allclose(out, waveforms / waveforms.abs().amax(dim=1, keepdim=True), atol=1e-4)


def test_a_telephone_line_has_no_high_sounds_and_noise_of_few_bits(waveforms, nothing_but):
    nothing_but("CODED_SHARE")
    heard = augment_voices(waveforms, waveforms, 16_000, rng(0))
    spectrum, narrow = torch.fft.rfft(heard).abs(), torch.fft.rfft(waveforms)
    assert spectrum[:, 4001:].max() < 1e-3 * spectrum.max()  # bins of 1 Hz
    narrow[:, 4000:] = 0
    alike = torch.cosine_similarity(heard, torch.fft.irfft(narrow), dim=1)
    assert (alike > 0.97).all() and (alike < 0.99999).all()


def test_a_compressor_takes_away_differences_in_level(nothing_but):
    nothing_but("COMPRESSED_SHARE")
    voice = torch.randn(8, 16_000, generator=rng(3))
    voice[:, 8000:] *= 0.1  # 20 dB
    out = augment_voices(voice, voice, 16_000, rng(0))
    level = out.reshape(8, 2, 8000).square().mean(dim=2).log10() * 10
    fallen = level[:, 0] - level[:, 1]
    assert (fallen > 20 * 0.25).all() and (fallen < 20 * 0.85).all()


def test_a_clipped_voice_stays_at_its_peak(waveforms, nothing_but):
    nothing_but("CLIPPED_SHARE")
    out = augment_voices(waveforms, waveforms, 16_000, rng(0))
    at_peak = (out.abs() > 0.9999).float().mean(dim=1)
    assert (at_peak > 1e-4).all() and at_peak.max() > 0.05


def test_features_lose_one_band_and_one_stretch():
    kept = mask_features(torch.ones(64, 64, 200), rng(0))
    lost_bins = (kept.sum(dim=2) == 0).sum(dim=1)
    lost_frames = (kept.sum(dim=1) == 0).sum(dim=1)
    assert lost_bins.max() <= 12 and lost_bins.float().mean() > 3
    assert lost_frames.max() <= 30 and lost_frames.float().mean() > 8


@pytest.mark.parametrize("size", [64, 128])
def test_faces_move_by_up_to_an_eighth_of_their_side(size: int, monkeypatch):
    monkeypatch.setattr(augment, "CUTOUT", 0)
    edge = torch.zeros(300, 3, size, size)
    edge[..., size // 2 :] = 1
    middle = augment_faces(edge, rng(5))[
        :, 0, size // 2, size // 4 : -size // 4
    ]  # no shift brings a border here
    moved = middle.diff(dim=1).argmax(dim=1) + 1 - size // 4
    assert (moved.min(), moved.max()) == (-size // 8, size // 8)


@pytest.mark.parametrize("size", [64, 128])
def test_what_is_cut_out_is_up_to_three_eighths_of_the_side(size: int, monkeypatch):
    monkeypatch.setattr(augment, "FACE_SHIFT", 0)
    cut = (augment_faces(torch.ones(300, 3, size, size), rng(5)) == 0).all(dim=1)
    assert cut.any(dim=2).sum(dim=1).max() == pytest.approx(size * 3 / 8, abs=1)
    assert 0.3 < cut.any(dim=(1, 2)).float().mean() < 0.7


def test_a_part_of_a_batch_becomes_what_it_is_in_the_whole() -> None:
    """So that several processes, each with its part, do what one does."""
    part, waveforms, noises = slice(2, 5), *torch.randn(2, 8, 16_000, generator=rng(3))
    whole = augment_voices(waveforms, noises, 16_000, rng(4))
    torch.testing.assert_close(
        augment_voices(waveforms[part], noises[part], 16_000, rng(4), part, 8),
        whole[part],
        atol=1e-5,
        rtol=1e-4,
    )
    log_mel = torch.randn(8, 64, 100, generator=rng(5))
    masked = mask_features(log_mel, rng(6))
    assert mask_features(log_mel[part], rng(6), part=part, batch=8).equal(masked[part])
