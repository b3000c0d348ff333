"""Algorithm 1 for small data: what is added to it, and when."""

from dataclasses import replace

import pytest
import torch

from tests.training.tasks.test_adversarial import copies, rng_of
from v2f.models import Runtime, VoiceEncoder, load_networks, unit
from v2f.models.cpu_kernels import twice_differentiable
from v2f.training.presets import PRESETS, SmallDataConfig
from v2f.training.tasks.adversarial import AdversarialTask
from v2f.training.tasks.small_data import SmallDataTask, algorithm1, falling
from v2f.training.tasks.stage_two import WEIGHTS

CPU = Runtime.choose("cpu", exact=True)


@pytest.fixture
def make_task(made_pack):
    def make(**settings) -> SmallDataTask:
        return SmallDataTask(made_pack, VoiceEncoder(), SmallDataConfig(batch=4, **settings), CPU)

    return make


@pytest.mark.parametrize(("preset", "kind"), [("paper", AdversarialTask), ("small-data", SmallDataTask)])
def test_each_preset_has_its_own_algorithm(made_pack, preset, kind):
    config = replace(PRESETS[preset].adversarial, batch=4)
    assert type(algorithm1(made_pack, VoiceEncoder(), config, CPU)) is kind


def test_the_average_is_what_is_written(make_task, tmp_path):
    task = make_task()
    for index in range(2):
        task.step(index)
    task.finish(tmp_path, 2)
    written = load_networks(tmp_path / WEIGHTS)[0]["generator"]
    embedding = unit(task.sampler.embeddings[:2, 0].float())
    assert (written(embedding) - task.kept(embedding)).abs().mean() < 1e-2
    assert (written(embedding) - task.generator(embedding)).abs().mean() > 1e-3


def test_the_distance_to_a_picture_falls_to_nothing(make_task):
    task = make_task(picture_steps=2)
    with_distance = ["loss_G_picture" in task.step(index) for index in range(4)]
    assert with_distance == [True, True, False, False]


def test_pictures_are_of_the_voices_identity(make_task):
    task = make_task()
    voices = torch.arange(4)
    asked = task.sampler.voice_identity[voices]
    pictures = task.sampler.pictures(voices, rng_of(task, 0))
    for picture, identity in zip(pictures, asked, strict=True):
        own = task.sampler.faces.pixels(task.sampler.faces_of[identity][task.sampler.faces_of[identity] >= 0])
        assert any(picture.equal(face) for face in own)


def test_discriminator_and_classifier_have_the_last_steps_to_themselves(make_task):
    task = make_task(adversarial_steps=1)
    task.step(0)
    drawing, trunk = copies(task.kept) + copies(task.generator), copies(task.trunk)
    losses = task.step(1)
    assert "loss_D" in losses and "loss_G_adv" not in losses
    now = copies(task.kept) + copies(task.generator)
    assert all(mine.equal(then) for mine, then in zip(now, drawing, strict=True))
    assert not any(mine.equal(then) for mine, then in zip(copies(task.trunk), trunk, strict=True))


def test_the_learning_rate_falls_after_a_step(make_task):
    assert [falling(step, 4, 4) for step in (0, 4, 6, 8, 9)] == [1, 1, 0.5, 0, 0]
    task = make_task(falls_after=0, falls_over=1)
    task.step(0)
    before = copies(task.generator) + copies(task.trunk)
    task.step(1)
    now = copies(task.generator) + copies(task.trunk)
    assert all(mine.equal(then) for mine, then in zip(now, before, strict=True))


def test_the_gradient_penalty_flattens_the_discriminator_at_real_faces(make_task):
    def slope(task: SmallDataTask) -> float:
        faces = task.sampler.faces.pixels(torch.arange(len(task.sampler.faces))).requires_grad_()
        with twice_differentiable():
            (gradient,) = torch.autograd.grad(task.discriminator(task.trunk(faces)).sum(), faces)
        return float(gradient.square().sum())

    task = make_task(r1=100.0, augment=0.0)
    before = slope(task)
    for index in range(5):
        task._penalise_gradient(rng_of(task, index))
    assert slope(task) < before / 2


def test_the_average_of_the_generator_lags_behind(make_task):
    task = make_task()
    for index in range(3):
        task.step(index)
    mine, theirs = copies(task.kept), copies(task.generator)
    assert not any(a.equal(b) for a, b in zip(mine, theirs, strict=True))


@pytest.mark.cuda
def test_twenty_steps_of_a_cuda_graph_equal_twenty_without(made_pack):
    """Across the step at which the picture loss has fallen to nothing, where the graph is another."""
    runtime = Runtime.choose("cuda", exact=True)
    config = SmallDataConfig(batch=4, picture_steps=10)
    graphed, eager = (SmallDataTask(made_pack, VoiceEncoder(), config, runtime) for _ in range(2))
    eager.graphs.enabled = False
    for index in range(20):
        ours, theirs = graphed.step(index), eager.step(index)
        for name, loss in theirs.items():
            assert float(ours[name]) == pytest.approx(float(loss), rel=1e-4, abs=1e-6), (index, name)
    assert graphed.graphs.enabled and set(graphed.graphs.graphs) == {
        "with pictures",
        "without",
    }  # it was no fallback
    for mine, other in zip(graphed.kept.parameters(), eager.kept.parameters(), strict=True):
        assert torch.allclose(mine, other, atol=1e-5)
