"""Algorithm 1: who is updated when, what the losses are, and what the presets say."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from v2f.models import Runtime, VoiceEncoder, load_networks, people_trained_on, unit
from v2f.models.cpu_kernels import twice_differentiable
from v2f.training.portraits import Composites
from v2f.training.presets import PRESETS
from v2f.training.seeding import seeded_generator
from v2f.training.tasks.adversarial import WEIGHTS, AdversarialTask, falling, grid

CPU = Runtime.choose("cpu", exact=True)


@pytest.fixture
def make_task(made_pack):
    def make(preset: str = "paper", **settings) -> AdversarialTask:
        return AdversarialTask(made_pack, VoiceEncoder(), replace(PRESETS[preset], batch=4, **settings), CPU)

    return make


def copies(module: torch.nn.Module) -> list[torch.Tensor]:
    return [parameter.detach().clone() for parameter in module.parameters()]


def changed(module: torch.nn.Module, before: list[torch.Tensor]) -> list[bool]:
    return [not now.equal(then) for now, then in zip(module.parameters(), before, strict=True)]


def test_the_paper_preset_is_the_papers():
    paper = PRESETS["paper"]
    assert (paper.batch, paper.learning_rate, paper.betas, paper.steps) == (128, 2e-4, (0.5, 0.999), 100_000)
    assert not paper.augment and not paper.average and not paper.picture_weight
    assert not paper.mixed and not paper.r1 and paper.falls_after is None and paper.identity_weight == 1.0
    assert paper.networks.generator == "table2"


def test_a_step_updates_generator_discriminator_and_classifier_and_leaves_the_encoder(make_task):
    task = make_task()
    encoder = copies(task.encoder)
    networks = (task.generator, task.trunk, task.discriminator, task.classifier)
    before = [copies(network) for network in networks]
    task.step(0)
    assert all(all(changed(network, then)) for network, then in zip(networks, before, strict=True))
    assert not any(changed(task.encoder, encoder))


def test_a_step_equals_algorithm_1_written_out(make_task):
    """Each loss by itself, the trunk run separately for each, gradients by autograd alone."""
    task, plain = make_task(), make_task()
    for adam in (task.G_adam, task.D_adam, plain.G_adam, plain.D_adam):
        adam.param_groups[0]["eps"] = 1e-3  # else a first step is the sign of even the smallest gradient
    task.step(0)
    rng = rng_of(plain, 0)
    batch = plain.sampler.batch(rng)
    faces, people, speakers = batch.faces, batch.face_identity, batch.identities
    fake = plain.generator(batch.embedding)
    D_and_C = list(plain.trunk.parameters()) + list(plain.discriminator.parameters())
    D_and_C += list(plain.classifier.parameters())
    real_loss = -plain.discriminator(plain.trunk(faces)).sigmoid().log().mean()
    fake_loss = -(1 - plain.discriminator(plain.trunk(fake.detach())).sigmoid()).log().mean()
    names = plain.classifier(plain.trunk(faces)).log_softmax(1)
    name_loss = -names[torch.arange(4), people].mean()
    gradients = torch.autograd.grad(real_loss + fake_loss + name_loss, D_and_C)
    for parameter, gradient in zip(D_and_C, gradients, strict=True):
        parameter.grad = gradient
    plain.D_adam.step()
    features = plain.trunk(fake)
    names = plain.classifier(features).log_softmax(1)
    loss = -names[torch.arange(4), speakers].mean()
    loss = loss - plain.discriminator(features).sigmoid().log().mean()
    for parameter, gradient in zip(
        plain.generator.parameters(),
        torch.autograd.grad(loss, list(plain.generator.parameters())),
        strict=True,
    ):
        parameter.grad = gradient
    plain.G_adam.step()
    for network in ("generator", "trunk", "discriminator", "classifier"):
        ours, theirs = getattr(task, network).parameters(), getattr(plain, network).parameters()
        for mine, other in zip(ours, theirs, strict=True):
            assert torch.allclose(mine, other, rtol=1e-6, atol=2e-7), network


def rng_of(task: AdversarialTask, index: int) -> torch.Generator:
    return seeded_generator(task.runtime.device, task.config.seed, index)


def test_embeddings_are_of_unit_length_with_noise_on_them(make_task):
    task = make_task()
    voices = torch.arange(4)
    noisy, _ = task.sampler.embed(voices, rng_of(task, 0))
    assert torch.allclose(noisy.norm(dim=1), torch.ones(4), atol=1e-5)
    clean = unit(task.sampler.embeddings[voices].float())
    nearest = (clean @ noisy[:, :, None]).squeeze(2).amax(dim=1)
    # 64 components of 0.05: a length of 0.4 across, so a cosine of about 1 / sqrt(1.16)
    assert ((nearest > 0.8) & (nearest < 0.999)).all()


def test_the_distance_to_a_picture_falls_to_nothing(make_task):
    task = make_task("small-data", portrait_steps=0, picture_steps=2)
    with_distance = ["loss_G_picture" in task.step(index) for index in range(4)]
    assert with_distance == [True, True, False, False]


def test_pictures_are_of_the_voices_identity(make_task):
    task = make_task("small-data")
    voices = torch.arange(4)
    asked = task.sampler.voice_identity[voices]
    pictures = task.sampler.pictures(voices, asked, rng_of(task, 0))
    for picture, identity in zip(pictures, asked, strict=True):
        own = task.sampler.faces.pixels(task.sampler.faces_of[identity][task.sampler.faces_of[identity] >= 0])
        assert any(picture.equal(face) for face in own)


@pytest.fixture
def soft_pack(made_pack):
    """The same voices and faces, softly paired; each identity's composite is one colour and moves nothing."""
    rng = np.random.default_rng(0)
    voices, identities = len(made_pack.embeddings), made_pack.identities
    colours = np.linspace(20, 230, identities).astype(np.uint8)
    return replace(
        made_pack,
        pairing=rng.dirichlet(np.full(identities, 0.5), voices).astype(np.float16),
        voice_weight=np.arange(voices, dtype=np.float32),
        face_weight=np.eye(1, len(made_pack.faces), 3, dtype=np.float32)[0],
        textures=np.broadcast_to(colours[:, None, None, None], (identities, 64, 64, 3)).copy(),
        flows=np.zeros((identities, 2, 64, 64), np.float16),
    )


@pytest.fixture
def soft_task(soft_pack):
    return AdversarialTask(soft_pack, VoiceEncoder(), replace(PRESETS["small-data"], batch=64), CPU)


def test_voices_and_faces_are_sampled_by_their_weights(soft_task):
    rng = rng_of(soft_task, 0)
    voices = torch.cat([soft_task.sampler.voice_rows(rng) for _ in range(50)])
    counts = torch.bincount(voices, minlength=len(soft_task.sampler.embeddings)).double()
    shares = torch.arange(len(counts)).double() / torch.arange(len(counts)).sum()
    assert counts[0] == 0 and (counts / counts.sum() - shares).abs().max() < 0.03
    assert set(soft_task.sampler.face_rows(rng).tolist()) == {3}


def test_softly_paired_voices_ask_for_mixtures_of_identities(soft_task):
    voices = soft_task.sampler.voice_rows(rng_of(soft_task, 0))
    embedding, asked = soft_task.sampler.embed(voices, rng_of(soft_task, 1))
    assert torch.allclose(embedding.norm(dim=1), torch.ones(64), atol=1e-5)
    assert torch.allclose(asked.sum(dim=1), torch.ones(64), atol=2e-3) and (asked >= 0).all()
    own = (asked - soft_task.sampler.pairing[voices].float()).abs().amax(dim=1) < 1e-6
    assert 0.2 < own.float().mean() < 0.8  # the others lie between two voices


def test_points_between_two_voices_are_between_voices_of_one_gender(soft_pack):
    female = soft_pack.voice_female
    soft_pack.pairing[:] = 0
    soft_pack.pairing[female, 0] = soft_pack.pairing[~female, 1] = 1
    task = AdversarialTask(
        soft_pack, VoiceEncoder(), replace(PRESETS["small-data"], batch=64, mixed=1.0), CPU
    )
    voices = torch.arange(64) % len(female)
    _, asked = task.sampler.embed(voices, rng_of(task, 0))
    assert asked.equal(task.sampler.pairing[voices].float())


def test_discriminator_and_classifier_have_the_last_steps_to_themselves(make_task):
    task = make_task("small-data", portrait_steps=0, adversarial_steps=1)
    task.step(0)
    drawing, trunk = copies(task.G_ema) + copies(task.generator), copies(task.trunk)
    losses = task.step(1)
    assert "loss_D" in losses and "loss_G_adv" not in losses
    now = copies(task.G_ema) + copies(task.generator)
    assert all(mine.equal(then) for mine, then in zip(now, drawing, strict=True))
    assert not any(mine.equal(then) for mine, then in zip(copies(task.trunk), trunk, strict=True))


def test_without_portraits_their_steps_are_algorithm_1s(make_task):
    task = make_task("small-data", portrait_steps=2, adversarial_steps=1)
    assert ["loss_G_adv" in task.step(index) for index in range(4)] == [True, True, True, False]


def test_mixtures_are_sharpened_and_exaggerated(soft_task):
    asked = soft_task.sampler.pairing[:3].float()
    mixture = soft_task.sampler.mixture(asked)
    sharp = asked**2 / (asked**2).sum(dim=1, keepdim=True)
    assert torch.allclose(
        mixture, soft_task.sampler.mean_mixture + 1.5 * (sharp - soft_task.sampler.mean_mixture), atol=1e-6
    )
    assert torch.allclose(mixture.sum(dim=1), torch.ones(3), atol=1e-5)
    everybody = soft_task.sampler.mixture(soft_task.sampler.pairing.float())
    weight = torch.arange(len(everybody), dtype=torch.float32)  # as often as voices are drawn
    assert torch.allclose(weight @ everybody / weight.sum(), soft_task.sampler.mean_mixture, atol=1e-5)


@pytest.mark.slow
def test_portraits_learn_before_algorithm_1_begins(soft_task):
    trunk, detail = copies(soft_task.trunk), copies(soft_task.generator.blocks)
    distances = [float(soft_task.step(index)["loss_G_picture"]) for index in range(150)]
    assert np.mean(distances[-30:]) < 0.8 * np.mean(distances[:5])
    for network, before in ((soft_task.trunk, trunk), (soft_task.generator.blocks, detail)):
        assert all(mine.equal(then) for mine, then in zip(copies(network), before, strict=True))
    losses = soft_task.step(soft_task.config.portrait_steps)
    assert "loss_D" in losses and float(soft_task.picture_weight) == soft_task.config.picture_weight
    assert not all(mine.equal(then) for mine, then in zip(copies(soft_task.trunk), trunk, strict=True))


def test_composites_mix_textures_and_carry_them_along_flows():
    textures = np.zeros((2, 64, 64, 3), np.uint8)
    textures[0, :, 32:], textures[1] = 255, 255
    flows = np.zeros((2, 2, 64, 64), np.float16)
    flows[0, 0] = 8  # every pixel shows what lies 8 to its right
    composites = Composites(textures, flows, torch.device("cpu"))
    moved, white = composites(torch.eye(2))
    assert (moved[:, :, 24:] == 1).all() and (moved[:, :, :24] == -1).all() and (white == 1).all()
    half = composites(torch.tensor([[0.5, 0.5]]))[0]
    assert torch.allclose(half[:, :, 28:], torch.ones(3, 64, 36)) and torch.allclose(
        half[:, :, :28], torch.zeros(3, 64, 28)
    )


def test_the_learning_rate_falls_after_a_step(make_task):
    assert [falling(step, 4, 4) for step in (0, 4, 6, 8, 9)] == [1, 1, 0.5, 0, 0]
    assert falling(10**6, None, 1) == 1
    task = make_task("small-data", portrait_steps=0, falls_after=0, falls_over=1)
    task.step(0)
    before = copies(task.generator) + copies(task.trunk)
    task.step(1)
    now = copies(task.generator) + copies(task.trunk)
    assert all(mine.equal(then) for mine, then in zip(now, before, strict=True))


def test_the_gradient_penalty_flattens_the_discriminator_at_real_faces(make_task):
    def slope(task: AdversarialTask) -> float:
        faces = task.sampler.faces.pixels(torch.arange(len(task.sampler.faces))).requires_grad_()
        with twice_differentiable():
            (gradient,) = torch.autograd.grad(task.discriminator(task.trunk(faces)).sum(), faces)
        return float(gradient.square().sum())

    task = make_task("small-data", r1=100.0, augment=0.0)
    before = slope(task)
    for index in range(5):
        task._penalise_gradient(rng_of(task, index))
    assert slope(task) < before / 2


def test_the_average_of_the_generator_lags_behind(make_task):
    task = make_task("small-data")
    for index in range(3):
        task.step(index)
    mine, theirs = copies(task.G_ema.blocks), copies(task.generator.blocks)
    assert not any(a.equal(b) for a, b in zip(mine, theirs, strict=True))
    assert make_task("paper").G_ema is not None


def test_the_model_written_makes_the_faces_that_were_shown(make_task, tmp_path):
    task = make_task("small-data")
    task.step(0)
    task.finish(tmp_path, 1)
    networks, _, provenance = load_networks(tmp_path / WEIGHTS)
    assert set(networks) == {"encoder", "generator", "trunk", "discriminator", "classifier"}
    looks, heard = [f"look {i}" for i in range(4)], [f"speaker{i}" for i in range(5)]
    assert people_trained_on(provenance) == [*looks, *heard]  # speaker5 is kept for testing
    assert provenance["faces seen"] == "4"
    embedding = unit(task.sampler.embeddings[:2, 0].float())
    assert F.l1_loss(networks["generator"](embedding), task.G_ema(embedding)) < 1e-2


def test_pixels_and_grid_are_each_others_inverse(make_task):
    faces = make_task().sampler.faces
    shown = grid(faces.pixels(torch.arange(8)), 8)
    assert shown.unflatten(1, (8, 64)).permute(1, 0, 2, 3).equal(faces.faces[:8])


@pytest.mark.cuda
def test_twenty_steps_of_a_cuda_graph_equal_twenty_without(made_pack):
    """Across the step at which the picture loss has fallen to nothing, where the graph is another.

    By the paper's generator: gradients of the composite generator's warp are added up in any order.
    """
    runtime = Runtime.choose("cuda", exact=True)
    config = replace(PRESETS["paper"], batch=4, picture_weight=400.0, picture_steps=10, average=0.999, r1=1.0)
    graphed, eager = (AdversarialTask(made_pack, VoiceEncoder(), config, runtime) for _ in range(2))
    eager.graphs.enabled = False
    for index in range(20):
        ours, theirs = graphed.step(index), eager.step(index)
        for name, loss in theirs.items():
            assert float(ours[name]) == pytest.approx(float(loss), rel=1e-4, abs=1e-6), (index, name)
    assert graphed.graphs.enabled and set(graphed.graphs.graphs) == {True, False}  # it was no fallback
    for mine, other in zip(graphed.G_ema.parameters(), eager.G_ema.parameters(), strict=True):
        assert torch.allclose(mine, other, atol=1e-5)


@pytest.mark.parametrize("female", [True, False])
def test_a_picture_is_drawn_where_everybody_is_of_one_or_of_unknown_gender(made_pack, female):
    pack = replace(made_pack, voice_female=np.full_like(made_pack.voice_female, female))
    task = AdversarialTask(pack, VoiceEncoder(), replace(PRESETS["small-data"], batch=4), CPU)
    assert task.sample_grid().shape == (4 * 64, 8 * 64, 3)
