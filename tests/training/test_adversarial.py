"""Algorithm 1: who is updated when, what the losses are, and what the presets say."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from v2f.models import Runtime, VoiceEncoder, load_networks, people_trained_on, unit
from v2f.training.adversarial import PRESETS, WEIGHTS, AdversarialTask, grid

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
    assert not paper.augment and not paper.average and paper.real_label == 1.0 and not paper.picture_weight


def test_a_step_updates_generator_and_judges_and_leaves_the_encoder(make_task):
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
    for adam in (task.generator_adam, task.judge_adam, plain.generator_adam, plain.judge_adam):
        adam.param_groups[0]["eps"] = 1e-3  # else a first step is the sign of even the smallest gradient
    task.step(0)
    rng = torch_rng(plain, 0)
    voices, real = plain._draw(len(plain.embeddings), rng), plain._draw(len(plain.faces), rng)
    embedding = plain._embedding(voices, rng)
    faces = plain_flip(plain, real, rng)
    fake = plain.generator(embedding)
    judge = list(plain.trunk.parameters()) + list(plain.discriminator.parameters())
    judge += list(plain.classifier.parameters())
    real_loss = -plain.discriminator(plain.trunk(faces)).sigmoid().log().mean()
    fake_loss = -(1 - plain.discriminator(plain.trunk(fake.detach())).sigmoid()).log().mean()
    names = plain.classifier(plain.trunk(faces)).log_softmax(1)
    name_loss = -names[torch.arange(4), plain.face_identity[real]].mean()
    gradients = torch.autograd.grad(real_loss + fake_loss + name_loss, judge)
    for parameter, gradient in zip(judge, gradients, strict=True):
        parameter.grad = gradient
    plain.judge_adam.step()
    features = plain.trunk(fake)
    names = plain.classifier(features).log_softmax(1)
    loss = -names[torch.arange(4), plain.voice_identity[voices]].mean()
    loss = loss - plain.discriminator(features).sigmoid().log().mean()
    for parameter, gradient in zip(
        plain.generator.parameters(),
        torch.autograd.grad(loss, list(plain.generator.parameters())),
        strict=True,
    ):
        parameter.grad = gradient
    plain.generator_adam.step()
    for network in ("generator", "trunk", "discriminator", "classifier"):
        ours, theirs = getattr(task, network).parameters(), getattr(plain, network).parameters()
        for mine, other in zip(ours, theirs, strict=True):
            assert torch.allclose(mine, other, rtol=1e-6, atol=2e-7), network


def torch_rng(task: AdversarialTask, index: int) -> torch.Generator:
    from v2f.training.loop import generator

    return generator(task.runtime.device, task.config.seed, index)


def plain_flip(task: AdversarialTask, real: torch.Tensor, rng: torch.Generator) -> torch.Tensor:
    return task.faces(real, rng)


def test_embeddings_are_of_unit_length_with_noise_on_them(make_task):
    task = make_task()
    voices = torch.arange(4)
    noisy = task._embedding(voices, torch_rng(task, 0))
    assert torch.allclose(noisy.norm(dim=1), torch.ones(4), atol=1e-5)
    clean = unit(task.embeddings[voices].float())
    nearest = (clean @ noisy[:, :, None]).squeeze(2).amax(dim=1)
    # 64 components of 0.05: a length of 0.4 across, so a cosine of about 1 / sqrt(1.16)
    assert ((nearest > 0.8) & (nearest < 0.999)).all()


def test_the_picture_loss_falls_to_nothing(make_task):
    task = make_task("small-data", picture_steps=2, steps=4)
    with_picture = copies(task.generator)
    task.step(0)
    assert all(changed(task.generator, with_picture))
    calls = []
    task._distance_to_picture = lambda *_: calls.append(1) or torch.zeros(())
    for index in (1, 2, 3):
        task.step(index)
    assert len(calls) == 1


def test_pictures_are_of_the_voices_identity(make_task):
    task = make_task("small-data")
    voices = torch.arange(4)
    flat = task.faces.pixels(task.faces_of[task.voice_identity[voices], 0])
    own = task._distance_to_picture(flat, voices, torch_rng(task, 0))
    other = task._distance_to_picture(flat.roll(1, 0), voices, torch_rng(task, 0))
    assert own < other


def test_the_averaged_generator_lags_behind(make_task):
    task = make_task("small-data")
    for index in range(3):
        task.step(index)
    mine, theirs = copies(task.averaged), copies(task.generator)
    assert not any(a.equal(b) for a, b in zip(mine, theirs, strict=True))
    assert make_task("paper").averaged is not None


def test_the_model_written_makes_the_faces_that_were_shown(make_task, tmp_path):
    task = make_task("small-data")
    task.step(0)
    task.finish(tmp_path, 1)
    networks, _, provenance = load_networks(tmp_path / WEIGHTS)
    assert set(networks) == {"encoder", "generator", "trunk", "discriminator", "classifier"}
    looks, heard = [f"look {i}" for i in range(4)], [f"speaker{i}" for i in range(5)]
    assert people_trained_on(provenance) == [*looks, *heard]  # speaker5 is kept for testing
    assert provenance["faces seen"] == "4"
    embedding = unit(task.embeddings[:2, 0].float())
    assert F.l1_loss(networks["generator"](embedding), task.averaged(embedding)) < 1e-2


def test_pixels_and_grid_are_each_others_inverse(make_task):
    faces = make_task().faces
    shown = grid(faces.pixels(torch.arange(8)), 8)
    assert shown.unflatten(1, (8, 64)).permute(1, 0, 2, 3).equal(faces.faces[:8])


@pytest.mark.cuda
def test_twenty_steps_of_a_cuda_graph_equal_twenty_without(made_pack):
    """Across the step at which the picture loss has fallen to nothing, where the graph is another."""
    runtime = Runtime.choose("cuda", exact=True)
    config = replace(PRESETS["small-data"], batch=4, picture_steps=10)
    graphed, eager = (AdversarialTask(made_pack, VoiceEncoder(), config, runtime) for _ in range(2))
    eager.graphed.graph = False
    for index in range(20):
        ours, theirs = graphed.step(index), eager.step(index)
        for name, loss in theirs.items():
            assert float(ours[name]) == pytest.approx(float(loss), rel=1e-3, abs=1e-5), (index, name)
    assert graphed.graphed.graph and graphed.graphed.captured is not None  # it was no fallback
    for mine, other in zip(graphed.averaged.parameters(), eager.averaged.parameters(), strict=True):
        assert torch.allclose(mine, other, atol=1e-4)
