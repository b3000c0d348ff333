"""Augmentation: seeded, differentiable where it must be, and doing what it says."""

import pytest
import torch

from v2f.training.augment import augment_faces, augment_voices, mask_features
from v2f.training.loop import generator

CPU = torch.device("cpu")


def rng(*seeds: int) -> torch.Generator:
    return generator(CPU, *seeds)


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


def test_voices_stay_in_range_and_finite(waveforms):
    silence = torch.zeros_like(waveforms)
    for given, noise in ((waveforms, waveforms.flip(0)), (waveforms * 100, silence), (silence, silence)):
        out = augment_voices(given, noise, 16_000, rng(0))
        assert out.shape == given.shape
        assert torch.isfinite(out).all() and out.abs().max() <= 1.0 + 1e-6


def test_features_lose_one_band_and_one_stretch():
    kept = mask_features(torch.ones(64, 64, 200), rng(0))
    lost_bins = (kept.sum(dim=2) == 0).sum(dim=1)
    lost_frames = (kept.sum(dim=1) == 0).sum(dim=1)
    assert lost_bins.max() <= 12 and lost_bins.float().mean() > 3
    assert lost_frames.max() <= 30 and lost_frames.float().mean() > 8
