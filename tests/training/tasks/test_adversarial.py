"""Algorithm 1: who is updated when, what the losses are, and what the presets say."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from v2f.models import Runtime, VoiceEncoder, load_networks, people_trained_on, unit
from v2f.training.pack import Pack
from v2f.training.presets import PRESETS
from v2f.training.seeding import seeded_generator
from v2f.training.tasks.adversarial import BEST, BEST_MATCHING, BEST_STEP, MATCHING, AdversarialTask
from v2f.training.tasks.stage_two import WEIGHTS, grid

CPU = Runtime.choose("cpu", exact=True)


@pytest.fixture
def make_task(made_pack):
    def make(**settings) -> AdversarialTask:
        return AdversarialTask(
            made_pack, VoiceEncoder(), replace(PRESETS["paper"].adversarial, batch=4, **settings), CPU
        )

    return make


def copies(module: torch.nn.Module) -> list[torch.Tensor]:
    return [parameter.detach().clone() for parameter in module.parameters()]


def changed(module: torch.nn.Module, before: list[torch.Tensor]) -> list[bool]:
    return [not now.equal(then) for now, then in zip(module.parameters(), before, strict=True)]


def test_the_paper_preset_is_the_papers():
    paper = PRESETS["paper"].adversarial
    assert (paper.batch, paper.learning_rate, paper.betas, paper.steps) == (128, 2e-4, (0.5, 0.999), 100_000)
    assert paper.identity_weight == 1.0 and paper.networks.generator == "table2"


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


def test_the_model_written_makes_the_faces_that_were_shown(make_task, tmp_path):
    task = make_task()
    task.step(0)
    task.finish(tmp_path, 1)
    networks, _, provenance = load_networks(tmp_path / WEIGHTS)
    assert set(networks) == {"encoder", "generator", "trunk", "discriminator", "classifier"}
    looks, heard = [f"look {i}" for i in range(4)], [f"speaker{i}" for i in range(5)]
    assert people_trained_on(provenance) == [*looks, *heard]  # speaker5 is kept for testing
    assert provenance["faces seen"] == "4"
    embedding = unit(task.sampler.embeddings[:2, 0].float())
    assert F.l1_loss(networks["generator"](embedding), task.kept(embedding)) < 1e-2


def test_pixels_and_grid_are_each_others_inverse(make_task):
    faces = make_task().sampler.faces
    shown = grid(faces.pixels(torch.arange(8)), 8)
    assert shown.unflatten(1, (8, 64)).permute(1, 0, 2, 3).equal(faces.faces[:8])


@pytest.mark.parametrize("female", [True, False])
def test_a_picture_is_drawn_where_everybody_is_of_one_or_of_unknown_gender(made_pack, female):
    pack = replace(made_pack, voice_female=np.full_like(made_pack.voice_female, female))
    task = AdversarialTask(pack, VoiceEncoder(), replace(PRESETS["paper"].adversarial, batch=4), CPU)
    assert task.sample_grid().shape == (4 * 64, 8 * 64, 3)


@pytest.fixture
def validated_task(validated_pack_file) -> AdversarialTask:
    config = replace(PRESETS["paper"].adversarial, batch=4)
    return AdversarialTask(Pack.open(validated_pack_file), VoiceEncoder(), config, CPU)


def test_validation_people_are_matched_by_the_trunk(validated_task, monkeypatch):
    """By one that sees only how red a face is, and a generator that draws voices as red as their true faces."""
    validated_task.pack.validation_faces[:] = 40
    validated_task.pack.validation_faces[validated_task.pack.validation_face == 4, ..., 0] = 200
    monkeypatch.setattr(validated_task.trunk, "forward", lambda faces: faces.mean(dim=(2, 3)))
    for red, accuracy in (([0.5, -0.5], 1.0), ([-0.5, 0.5], 0.0), ([0.2, 0.2], 0.5)):
        drawn = torch.tensor(red)[:, None, None, None] * torch.tensor([1.0, 0, 0])[:, None, None]
        monkeypatch.setattr(
            validated_task.kept, "forward", lambda _, drawn=drawn: drawn.expand(-1, 3, 64, 64)
        )
        assert validated_task.validation_matching() == accuracy


def test_the_best_weights_by_validation_are_kept_beside_the_last(validated_task, tmp_path, monkeypatch):
    kept = {}
    for step, matching in ((1, 0.5), (2, 0.75), (3, 0.75), (4, 0.6)):
        validated_task.step(step)
        monkeypatch.setattr(validated_task, "validation_matching", lambda value=matching: value)
        figures = validated_task.validate(tmp_path, step)
        kept[step] = (figures[MATCHING], figures[BEST_MATCHING], figures[BEST_STEP])
    assert kept == {1: (0.5, 0.5, 1), 2: (0.75, 0.75, 2), 3: (0.75, 0.75, 2), 4: (0.6, 0.75, 2)}
    assert validated_task.finish(tmp_path, 4)[f"{BEST} is of step"] == 2
    (best, _, of_best), (last, _, of_last) = (load_networks(tmp_path / name) for name in (BEST, WEIGHTS))
    assert (of_best["steps"], of_best[MATCHING], of_last["steps"]) == ("2", "0.7500", "4")
    assert best.keys() == last.keys() and MATCHING not in of_last
    assert not any(map(torch.equal, best["generator"].parameters(), last["generator"].parameters()))
    assert people_trained_on(of_best) == people_trained_on(of_last)


def test_measuring_changes_nothing_that_is_learned(validated_task, tmp_path):
    before = {name: tensor.clone() for name, tensor in validated_task.state().items() if name != "best"}
    assert 0 <= validated_task.validate(tmp_path, 1)[MATCHING] <= 1
    after = validated_task.state()
    assert all(tensor.equal(after[name]) for name, tensor in before.items())


def test_a_model_that_diverged_is_never_the_best(validated_task, tmp_path):
    with torch.no_grad():
        next(validated_task.trunk.parameters()).fill_(float("nan"))
    assert np.isnan(validated_task.validate(tmp_path, 1)[MATCHING])
    assert not (tmp_path / BEST).exists() and BEST not in str(validated_task.finish(tmp_path, 1))


def test_what_was_best_is_known_after_a_checkpoint(validated_task, tmp_path):
    validated_task.validate(tmp_path, 7)
    state, best = validated_task.state(), validated_task.best
    validated_task.best = None
    validated_task.load_state(state)
    assert validated_task.best.equal(best) and best[1] == 7


def test_without_validation_people_nothing_is_measured(make_task, tmp_path):
    task = make_task()
    assert task.validate(tmp_path, 1) == {} and not list(tmp_path.glob("*best*"))
    assert "no two validation people" in task.unmeasured


STAGE_TWO = """
import sys
from dataclasses import replace
from pathlib import Path

for name in ("soundfile", "av", "soxr", "webrtcvad", "torchaudio", "scipy", "sklearn", "v2f.audio", "v2f.data"):
    sys.modules[name] = None  # as if it were not installed
from v2f.models import Runtime, load_networks
from v2f.training.pack import Pack
from v2f.training.presets import PRESETS
from v2f.training.tasks.adversarial import AdversarialTask

encoder = load_networks(sys.argv[2])[0]["encoder"]
config = replace(PRESETS["paper"].adversarial, batch=4)
task = AdversarialTask(Pack.open(sys.argv[1]), encoder, config, Runtime.choose("cpu"))
task.step(0)
print(task.validate(Path(sys.argv[3]), 1))
"""


@pytest.mark.slow
def test_stage_two_measures_validation_people_without_any_audio_package(
    validated_pack_file, made_encoder, tmp_path
):
    arguments = [str(validated_pack_file), str(made_encoder), str(tmp_path)]
    done = subprocess.run([sys.executable, "-c", STAGE_TWO, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert MATCHING in done.stdout and (tmp_path / BEST).is_file()
