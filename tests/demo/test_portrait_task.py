"""The bundled model's stage two: detail and presence first, then trunk, discriminator and classifier alone."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from v2f.demo.pack import PortraitPack
from v2f.demo.portrait_task import PortraitConfig, PortraitTask
from v2f.errors import CorpusError
from v2f.models import FusedEncoder, NetworkConfig, Runtime, VoiceEncoder, load, unit
from v2f.models.portrait_generator import COMPONENTS, FLOW_GRID
from v2f.training.loop import Schedule, train
from v2f.training.settings import SettingsError, with_settings

SIZE, FACES, VOICES = 128, 6, 8
CONFIG = PortraitConfig(steps=6, fine_steps=1, last_steps=2, batch=2, last_batch=2)
RUNTIME = Runtime.choose("cpu", exact=True)


@pytest.fixture(scope="module")
def pack() -> PortraitPack:
    """Noise as faces; voices on one side of the embeddings' space, other sounds on the other."""
    rng = np.random.default_rng(0)

    def embeddings(*shape: int, side: float) -> np.ndarray:
        points = rng.standard_normal((*shape, 64))
        points[..., 0] = side * 20
        return (points / np.linalg.norm(points, axis=-1, keepdims=True)).astype(np.float16)

    return PortraitPack(
        faces=rng.integers(0, 256, (FACES, SIZE, SIZE, 3), dtype=np.uint8),
        face_identity=np.arange(FACES) % 2,
        embeddings=embeddings(VOICES, 2, side=1),
        voice_identity=np.arange(VOICES) % 2,
        voice_female=np.arange(VOICES) % 2 == 0,
        people=np.array(["a", "b"]),
        voice_weight=np.ones(VOICES, np.float32),
        face_weight=np.ones(FACES, np.float32),
        hashes=("store", "encoder"),
        textures=rng.normal(0, 0.1, (1 + COMPONENTS, 3, SIZE, SIZE)).astype(np.float16),
        flows=np.zeros((1 + COMPONENTS, 2, FLOW_GRID, FLOW_GRID), np.float16),
        no_voice=embeddings(10, side=-1),
        directions=rng.standard_normal((64, COMPONENTS)).astype(np.float32),
        portraits=np.arange(FACES - 1),
        places=rng.standard_normal((FACES - 1, COMPONENTS)).astype(np.float32),
        own_flows=np.zeros((FACES - 1, 2, FLOW_GRID, FLOW_GRID), np.float16),
    )


@pytest.fixture
def task(pack: PortraitPack) -> PortraitTask:
    return PortraitTask(pack, FusedEncoder(), CONFIG, RUNTIME)


def changed(task: PortraitTask, index: int) -> set[str]:
    """The networks' parts whose values a step changes."""
    before = {name: value.clone() for name, value in task.state().items() if "adam" not in name}
    task.step(index)
    after = task.state()
    return {
        ".".join(name.split(".")[:2]) for name, value in before.items() if not torch.equal(value, after[name])
    }


def test_the_first_steps_teach_detail_and_presence_and_leave_portraits_as_they_are(
    task: PortraitTask,
) -> None:
    task.step(0)  # the last layer's small weights let little through at first
    parts = changed(task, 1)
    assert {"generator.detail", "generator.presence", "averaged.detail", "averaged.presence"} <= parts
    assert not {"generator.portraits", "generator.directions"} & parts
    assert not any(part.startswith(("trunk", "discriminator", "classifier")) for part in parts)


def test_the_patch_discriminator_is_followed_where_portraits_differ_in_detail_not_in_shade(
    pack: PortraitPack,
) -> None:
    """Eyes of noise, hair that is dark or bright, the rest as smooth as the composites are."""
    faces = np.full_like(pack.faces, 128)
    rng = np.random.default_rng(0)
    faces[:, 40:48, 40:88] = rng.integers(0, 256, (FACES, 8, 48, 3))
    faces[:, :24] = rng.integers(0, 256, (FACES, 1, 1, 1))
    plain = replace(pack, faces=faces, textures=np.zeros_like(pack.textures))
    detailed = PortraitTask(plain, FusedEncoder(), CONFIG, RUNTIME).detailed
    assert detailed.shape == (SIZE, SIZE) and detailed.min() >= 0 and detailed.max() == 1
    assert detailed[42:46, 44:84].min() > 0.9 and detailed[:20].max() < 0.1


def test_the_last_steps_teach_trunk_discriminator_and_classifier_alone(task: PortraitTask) -> None:
    parts = changed(task, CONFIG.steps - 1)
    assert {part.split(".")[0] for part in parts} == {"trunk", "discriminator", "classifier"}


def test_voices_are_told_from_other_sounds(pack: PortraitPack) -> None:
    task = PortraitTask(pack, FusedEncoder(), replace(CONFIG, steps=22, batch=1, learning_rate=0.1), RUNTIME)
    losses = [float(task.step(index)["loss_presence"]) for index in range(20)]
    assert losses[-1] < 0.2 < losses[0]
    voices, sounds = (unit(torch.from_numpy(part).float()) for part in (pack.embeddings[:, 0], pack.no_voice))
    assert task.generator.voice_logits(voices).min() > task.generator.voice_logits(sounds).max()


def test_a_portrait_brought_near_the_mean_keeps_what_its_smooth_version_lacks(task: PortraitTask) -> None:
    rng = torch.Generator().manual_seed(0)
    smooth, sharp = task.portraits.pairs(4, rng)
    assert smooth.shape == sharp.shape == (4, 3, SIZE, SIZE)
    assert smooth.abs().max() <= 1 and sharp.abs().max() <= 1
    lacking = sharp - smooth
    assert lacking.std() > 0.3  # these faces are noise, nearly all of which is lacking


def test_a_resumed_run_equals_an_uninterrupted_one(pack: PortraitPack, tmp_path: Path) -> None:
    def run(folder: Path, steps: int, resume: bool = False) -> None:
        task = PortraitTask(pack, FusedEncoder(), CONFIG, RUNTIME)
        assert train(task, folder, Schedule(steps, log_every=1, save_every=2), resume)

    run(tmp_path / "whole", 5)
    run(tmp_path / "halves", 4)
    run(tmp_path / "halves", 5, resume=True)
    whole, halves = (load(tmp_path / name / "v2f.safetensors") for name in ("whole", "halves"))
    for name in ("generator", "trunk", "classifier"):
        ours, theirs = getattr(whole, name).state_dict(), getattr(halves, name).state_dict()
        assert all(torch.equal(ours[key], theirs[key]) for key in ours)
    assert whole.config == NetworkConfig(encoder="fused", generator="portrait", image_size=SIZE)
    assert whole.provenance["stage"] == "portrait" and whole.provenance["trained on"] == "a\nb"
    assert whole.provenance["faces_fitted_to"] == "dlib, FaceRes"


def test_the_weights_name_the_encoder_that_heard_the_voices(pack: PortraitPack, tmp_path: Path) -> None:
    networks = NetworkConfig(generator="portrait", image_size=SIZE)
    encoder = VoiceEncoder(networks)
    task = PortraitTask(pack, encoder, replace(CONFIG, networks=networks), RUNTIME)
    task.finish(tmp_path, step=0)
    model = load(tmp_path / "v2f.safetensors")
    assert model.config == networks and isinstance(model.encoder, VoiceEncoder)


def test_a_pack_of_small_faces_is_refused_in_one_sentence(pack: PortraitPack) -> None:
    with pytest.raises(CorpusError, match="64x64 pixels.* make it again with --size 128") as told:
        PortraitTask(replace(pack, faces=pack.faces[:, ::2, ::2]), FusedEncoder(), CONFIG, RUNTIME)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("steps", [1, 5, 100, 370, 7400])
def test_fewer_or_more_steps_teach_detail_first_as_well(steps: int) -> None:
    config = PortraitConfig().scaled(steps)
    first = steps - config.fine_steps - config.last_steps
    assert config.steps == steps and first >= 0.8 * steps - 1 and first > 0
    assert config.fine_steps == pytest.approx(steps * 300 / 3700, abs=0.5)
    assert PortraitConfig().scaled(3700) == PortraitConfig()


def test_settings_that_leave_no_steps_for_detail_are_one_sentence() -> None:
    with pytest.raises(SettingsError, match="leave none of steps 600") as error:
        with_settings(PortraitConfig(), "portrait", None, ["portrait.steps=600"])
    assert "\n" not in str(error.value)
