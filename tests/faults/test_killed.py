"""SIGKILL at seeded moments: weights are whole or as before, and a run that goes on ends as one that was never killed.

`make test` kills a few times, `make fuzz` fifty.
"""

import json
import os
import random
import signal
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.torch import load_file

from tests.support.killable import save_again_and_again, train
from v2f.models import Generator, NetworkConfig, VoiceEncoder, load_networks, save_networks
from v2f.models.weights import digest_of
from v2f.training.pack import Pack

KILLS = 50 if os.environ.get("HYPOTHESIS_PROFILE") == "fuzz" else 4

pytestmark = [pytest.mark.slow, pytest.mark.distributed]

# Forks of a server that has imported what they need: a kill then costs no seconds of imports.
forks = get_context("forkserver")
forks.set_forkserver_preload(
    ["torch", "v2f.training.tasks.adversarial", "torch.utils.tensorboard", "tests.support.killable"]
)


def killed(
    target: Callable[..., Any],
    arguments: tuple[Any, ...],
    seconds: float,
    at_work: Callable[[], bool] = lambda: True,
) -> bool:
    """Run it in a process of its own and kill that so long after it is at work; False if it had ended before."""
    process = forks.Process(target=target, args=arguments)
    process.start()
    while process.exitcode is None and not at_work():
        process.join(0.01)
    process.join(seconds)
    if process.exitcode is not None:
        assert process.exitcode == 0
        return False
    assert process.pid
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    return True


def written_anew(path: Path) -> Callable[[], bool]:
    """Tells whether a file was written since now."""
    before = path.stat().st_mtime_ns
    return lambda: path.stat().st_mtime_ns != before


def test_weights_are_whole_whenever_their_writer_is_killed(tmp_path: Path) -> None:
    path, moments = tmp_path / "weights.safetensors", random.Random(0)
    save_networks(path, {"generator": Generator()}, NetworkConfig(), {"number": "none"})
    seen = set()
    for _ in range(KILLS):
        assert killed(save_again_and_again, (path,), moments.uniform(0, 1), written_anew(path))
        networks, _, provenance = load_networks(path)  # its digest is checked
        seen.add(provenance["number"])
        if provenance["number"] != "none":
            assert networks["generator"].get_parameter("model.0.bias")[0] == int(provenance["number"])
    assert "none" not in seen


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """A small pack and its encoder."""
    rng, encoder = np.random.default_rng(0), tmp_path / "encoder.safetensors"
    save_networks(encoder, {"encoder": VoiceEncoder()}, NetworkConfig(), {})
    pack = Pack(
        faces=rng.integers(0, 256, (8, 64, 64, 3), dtype=np.uint8),
        face_identity=np.arange(8, dtype=np.int32) % 4,
        embeddings=rng.standard_normal((8, 2, 64)).astype(np.float16),
        voice_identity=np.arange(8, dtype=np.int32) % 4,
        voice_female=np.arange(8) % 2 == 0,
        people=np.array(["nobody"]),
        hashes=("store", digest_of(load_networks(encoder)[0]["encoder"].state_dict())),
    )
    np.savez(tmp_path / "pack.npz", **{k: np.array(v) for k, v in vars(pack).items() if v is not None})
    return tmp_path / "pack.npz", encoder


def test_training_killed_again_and_again_ends_as_if_it_never_was(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    whole, stopped, steps, moments = tmp_path / "whole", tmp_path / "killed", 2 * KILLS, random.Random(1)
    for kill in range(KILLS + 1):
        resume = any(stopped.glob("checkpoint*.safetensors"))
        seconds = moments.uniform(0.5, 2.0) if kill < KILLS else 3600
        assert killed(train, (*files, stopped, steps, resume), seconds) == (kill < KILLS)
    assert not killed(train, (*files, whole, steps, False), 3600)
    assert (stopped / "log.jsonl").read_text() == (whole / "log.jsonl").read_text()
    last = json.loads((whole / "log.jsonl").read_text().splitlines()[-1])
    assert last["step"] == steps
    first, second = load_file(stopped / "v2f.safetensors"), load_file(whole / "v2f.safetensors")
    assert first.keys() == second.keys() and all(first[name].equal(second[name]) for name in first)
