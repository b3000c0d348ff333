"""bfloat16, and weights laid out once, change nothing that matters: neither faces nor how training goes."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from statistics import mean

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.support.browser import EXAMPLES
from v2f.audio import keep_speech, read_audio
from v2f.audio.front_ends import FRONT_ENDS
from v2f.models import Runtime, VoiceEncoder, load, networks, unit
from v2f.training.pack import Pack
from v2f.training.presets import PRESETS
from v2f.training.tasks.adversarial import AdversarialTask

CPU = torch.device("cpu")
CUDA = torch.device("cuda")
ALIKE = 2.0  # of 255, the mean absolute difference that a face may have from float32's
DURATIONS = (2, 5, 10)  # seconds of each example
STEPS, BATCH = 200, 4
SEEDS = range(3)
LOSSES = ("loss_D", "loss_C", "loss_G_adv", "loss_G_id")


@pytest.fixture
def exact_cuda(gpu_settings: None) -> Runtime:
    """float32 on a GPU."""
    return Runtime.choose("cuda", exact=True)


@torch.inference_mode()
def faces(log_mels: list[Tensor], runtime: Runtime, settled: bool) -> np.ndarray:
    """Features [bins, frames] by the bundled weights -> faces float32 [n, 3, 64, 64], 0 to 255."""
    model = load()
    put: Callable = runtime.prepare_for_inference if settled else runtime.place
    encoder, generator = put(model.encoder.eval()), put(model.generator.eval())
    with runtime.autocast():
        heard = torch.cat([encoder(log_mel[None].to(runtime.device)) for log_mel in log_mels])
        drawn = generator(unit(heard.float()))
    return (drawn.float().clamp(-1, 1) * 127.5 + 127.5).cpu().numpy()


@pytest.fixture(scope="module")
def log_mels() -> list[Tensor]:
    """What the bundled weights' encoder takes of the bundled examples after each duration."""
    front_end = FRONT_ENDS[load().config.encoder]
    return [
        front_end.features(keep_speech(read_audio(clip, seconds)))
        for clip in EXAMPLES
        for seconds in DURATIONS
    ]


@pytest.mark.parametrize(
    ("precision", "settled"),
    [
        pytest.param("bf16", False, marks=pytest.mark.bf16),
        pytest.param("bf16", True, marks=pytest.mark.bf16),
        ("float32", True),
    ],
)
def test_faces_are_those_of_float32(log_mels: list[Tensor], precision: str, settled: bool) -> None:
    expected = faces(log_mels, Runtime(CPU, "float32"), settled=False)
    drawn = faces(log_mels, Runtime(CPU, precision), settled)  # type: ignore[arg-type]
    by_face = np.abs(drawn - expected).mean(axis=(1, 2, 3))
    assert by_face.max() < (ALIKE if precision == "bf16" else 0.01)
    apart = [np.abs(a - b).mean() for a, b in pairwise(expected[:: len(DURATIONS)])]
    assert min(apart) > 2 * by_face.max(), "another speaker's face differs by more"


@pytest.mark.cuda
def test_faces_of_a_gpu_are_those_of_float32(log_mels: list[Tensor], exact_cuda: Runtime) -> None:
    expected = faces(log_mels, Runtime(CPU, "float32"), settled=False)
    for runtime, line in ((exact_cuda, 0.1), (Runtime.choose("cuda"), ALIKE)):
        by_face = np.abs(faces(log_mels, runtime, settled=True) - expected).mean(axis=(1, 2, 3))
        assert by_face.max() < line


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks of an eighth of the width, so that many seeds take seconds."""
    for name in ("GENERATOR_CHANNELS", "TRUNK_CHANNELS"):
        widths = getattr(networks, name)
        monkeypatch.setattr(networks, name, tuple(width // 8 for width in widths))


def made_pack() -> Pack:
    """Six people: flat colours with noise on them, and voices around a direction each."""
    rng = np.random.default_rng(0)
    people, faces_each, voices_each = 6, 8, 4
    colours = rng.integers(40, 215, (people, 1, 1, 1, 3)) + rng.normal(0, 12, (people, faces_each, 64, 64, 3))
    voices = rng.standard_normal((people, 1, 1, 64)) + 0.3 * rng.standard_normal((people, voices_each, 4, 64))
    voices /= np.linalg.norm(voices, axis=-1, keepdims=True)
    return Pack(
        faces=colours.clip(0, 255).astype(np.uint8).reshape(-1, 64, 64, 3),
        face_identity=np.repeat(np.arange(people, dtype=np.int32), faces_each),
        embeddings=voices.astype(np.float16).reshape(-1, 4, 64),
        voice_identity=np.repeat(np.arange(people, dtype=np.int32), voices_each),
        voice_female=np.arange(people * voices_each) % 2 == 0,
        people=np.array(["made"]),
        hashes=("made", "made"),
    )


def mean_losses(runtime: Runtime, seed: int) -> dict[str, float]:
    """Each loss, averaged over the first STEPS steps."""
    config = replace(PRESETS["paper"].adversarial, batch=BATCH, seed=seed)
    task = AdversarialTask(made_pack(), VoiceEncoder(), config, runtime)
    told = [{loss: value.item() for loss, value in task.step(index).items()} for index in range(STEPS)]
    return {loss: mean(values[loss] for values in told) for loss in LOSSES}


def check_losses(quick: Runtime, exact: Runtime) -> None:
    """The mean over seeds moves by no more than float32's seeds lie apart."""
    in_bf16, in_float32 = ([mean_losses(runtime, seed) for seed in SEEDS] for runtime in (quick, exact))
    for loss in LOSSES:
        slow, fast = [values[loss] for values in in_float32], [values[loss] for values in in_bf16]
        assert abs(mean(fast) - mean(slow)) <= max(slow) - min(slow), loss


@pytest.mark.slow
@pytest.mark.bf16
def test_training_goes_as_it_goes_in_float32(narrow: None) -> None:
    check_losses(Runtime(CPU, "bf16"), Runtime(CPU, "float32"))


@pytest.mark.cuda
def test_training_on_a_gpu_goes_as_it_goes_in_float32(exact_cuda: Runtime) -> None:
    check_losses(Runtime.choose("cuda"), exact_cuda)
