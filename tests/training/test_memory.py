"""What is larger than memory may hold is read from the disk ahead of the steps, and trains the same to the bit."""

from dataclasses import replace
from math import inf
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from v2f.__main__ import main
from v2f.data import store
from v2f.data.shards import read_rows, write_rows
from v2f.data.store import Store
from v2f.models import Runtime, VoiceEncoder
from v2f.models.networks import GENDERS
from v2f.training.checkpoint import Resumable
from v2f.training.memory import AHEAD, Ahead, memory_limit
from v2f.training.pack import Pack
from v2f.training.packing import make_pack
from v2f.training.presets import PRESETS, SmallDataConfig
from v2f.training.tasks.gender import GenderConfig, GenderTask
from v2f.training.tasks.matcher import MatcherConfig, MatcherTask
from v2f.training.tasks.small_data import algorithm1
from v2f.training.tasks.speaker import SpeakerTask

CPU = Runtime.choose("cpu", exact=True)
STEPS = 3


def numbers(step: int) -> torch.Tensor:
    return torch.full((2,), step)


def test_each_step_gets_its_own_and_the_next_ones_are_read_by_then() -> None:
    read: list[int] = []
    ahead = Ahead(lambda step: read.append(step) or numbers(step), CPU.device, steps=100)
    assert [int(ahead(step)[0]) for step in range(5)] == list(range(5))
    ahead.readers.shutdown()
    assert sorted(read) == list(range(5 + AHEAD)), "each once"


def test_a_run_may_begin_anywhere_and_nothing_is_read_behind_its_end() -> None:
    read: list[int] = []
    ahead = Ahead(lambda step: read.append(step) or numbers(step), CPU.device, steps=9)
    assert [int(ahead(step)[0]) for step in (7, 8, 3, 4)] == [7, 8, 3, 4]
    ahead.readers.shutdown()
    assert max(read) == 8


def test_what_goes_wrong_while_reading_is_told_to_who_asks() -> None:
    def fails(step: int) -> torch.Tensor:
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        Ahead(fails, CPU.device, steps=1)(0)


def test_the_limit_is_what_was_asked_for_or_a_part_of_the_memory_for_each_process(monkeypatch) -> None:
    assert memory_limit(CPU.device, 0.5) == 500_000_000
    alone = memory_limit(CPU.device)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    assert 0 < memory_limit(CPU.device) == pytest.approx(alone / 4, rel=1e-6)


def assert_equal_steps(held: Resumable, streamed: Resumable) -> None:
    """Both do the same steps, to the bit."""
    for index in range(STEPS):
        first, second = held.step(index), streamed.step(index)  # type: ignore[attr-defined]
        assert first.keys() == second.keys() and all(first[name].equal(second[name]) for name in first)
    one, other = held.state(), streamed.state()
    assert all(one[name].equal(other[name]) for name in one)


@pytest.mark.parametrize("preset", PRESETS)
def test_stage_one_from_the_disk_is_that_from_memory(made_store: Path, preset: str) -> None:
    config = replace(PRESETS[preset].speaker, steps=STEPS, batch=4)
    held, streamed = (SpeakerTask(Store.open(made_store), config, CPU, limit=limit) for limit in (inf, 0))
    assert held.ahead is None and streamed.ahead is not None
    assert_equal_steps(held, streamed)


@pytest.mark.parametrize("preset", PRESETS)
def test_stage_two_from_the_disk_is_that_from_memory(made_pack_file: Path, preset: str) -> None:
    config = replace(PRESETS[preset].adversarial, steps=STEPS, batch=4)
    if isinstance(config, SmallDataConfig):
        config = replace(config, adversarial_steps=STEPS - 1)
    held, streamed = (
        algorithm1(Pack.open(made_pack_file, limit), VoiceEncoder(), config, CPU) for limit in (inf, 0)
    )
    assert isinstance(streamed.pack.faces, np.memmap) and streamed.sampler.read is not None
    assert_equal_steps(held, streamed)
    assert held.sample_grid().equal(streamed.sample_grid())


def test_the_classifiers_from_the_disk_are_those_from_memory(made_store: Path) -> None:
    people = read_rows(made_store / store.PEOPLE, store.Person)
    known = [replace(person, gender=GENDERS[i % 2]) for i, person in enumerate(people)]
    write_rows(made_store / store.PEOPLE, store.Person, known)
    opened = Store.open(made_store)
    for task, config in (
        (GenderTask, replace(GenderConfig(), batch=4)),
        (MatcherTask, replace(MatcherConfig(), batch=4)),
    ):
        assert_equal_steps(task(opened, config, CPU), task(opened, config, CPU, 0))


def test_a_pack_from_the_disk_is_that_from_memory(
    made_store: Path, made_encoder: Path, tmp_path: Path
) -> None:
    held, streamed = (
        make_pack(made_store, made_encoder, tmp_path / name, crops=3, limit=limit)
        for name, limit in (("held.npz", inf), ("streamed.npz", 0))
    )
    with np.load(held) as one, np.load(streamed) as other:
        assert all(np.array_equal(one[name], other[name]) for name in one.files)


def test_faces_of_a_pack_stay_on_the_disk_where_they_take_more_than_the_limit(made_pack_file: Path) -> None:
    whole = Pack.open(made_pack_file)
    size = whole.faces.nbytes
    assert not isinstance(whole.faces, np.memmap)
    assert not isinstance(Pack.open(made_pack_file, 2 * size).faces, np.memmap)
    mapped = Pack.open(made_pack_file, size - 1)
    assert isinstance(mapped.faces, np.memmap) and np.array_equal(mapped.faces, whole.faces)


def test_a_pack_that_somebody_compressed_is_read_whole(made_pack_file: Path, tmp_path: Path) -> None:
    with np.load(made_pack_file) as file:
        np.savez_compressed(tmp_path / "small.npz", **file)
    assert np.array_equal(Pack.open(tmp_path / "small.npz", 0).faces, Pack.open(made_pack_file).faces)


def test_the_limit_is_an_option_of_both_stages(made_store: Path, made_encoder: Path, tmp_path: Path) -> None:
    weights = []
    for name, more in (("held", []), ("streamed", ["--memory", "0"])):
        pack, encoder = tmp_path / f"{name}.npz", tmp_path / name / "encoder.safetensors"
        steps = ["--steps", "1", "--batch", "4", "--device", "cpu", "--exact", *more]
        assert (
            main(["train", "speaker", "--data", str(made_store), "--out", str(tmp_path / name), *steps]) == 0
        )
        given = ["--encoder", str(encoder), "--crops", "2"]
        assert main(["train", "pack", "--data", str(made_store), "--out", str(pack), *given, *more]) == 0
        given = ["--data", str(pack), "--encoder", str(encoder), "--out", str(tmp_path / f"{name}-gan")]
        assert main(["train", "gan", *given, *steps]) == 0
        weights.append(load_file(tmp_path / f"{name}-gan" / "v2f.safetensors"))
    assert all(weights[0][name].equal(weights[1][name]) for name in weights[0])
