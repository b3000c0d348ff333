"""The paper's settings are the paper's at every stage, and one flag chooses them."""

import argparse

import numpy as np
import pytest

from v2f.training.cli import add_arguments
from v2f.training.presets import PRESETS, CropConfig

PAPER, SMALL = PRESETS["paper"], PRESETS["small-data"]


def stages() -> dict[str, argparse.ArgumentParser]:
    commands = argparse.ArgumentParser().add_subparsers()
    add_arguments(commands)
    (stages,) = (action for action in commands.choices["train"]._actions if action.choices)
    return dict(stages.choices)  # type: ignore[arg-type]


def test_the_papers_crops_have_3_to_8_seconds_alike_and_are_heard_as_they_are() -> None:
    for crops in (PAPER.speaker.crops, PAPER.pack):
        assert [crops.seconds(place) for place in (0, 0.5, 1)] == [3, 5.5, 8]
        assert crops.repeat and not crops.augment


@pytest.mark.parametrize("crops", [SMALL.speaker.crops, SMALL.pack])
def test_short_crops_are_more_frequent_for_small_data(crops: CropConfig) -> None:
    seconds = [crops.seconds(place) for place in (0, 0.5, 1)]
    np.testing.assert_allclose(seconds, [crops.shortest, (crops.shortest * 8) ** 0.5, 8])
    assert crops.augment


def test_stage_two_of_the_paper_is_section_4s() -> None:
    gan = PAPER.adversarial
    assert (gan.steps, gan.batch, gan.learning_rate, gan.betas) == (100_000, 128, 2e-4, (0.5, 0.999))


@pytest.mark.parametrize("stage", ["speaker", "pack", "gan"])
def test_all_three_stages_take_the_same_flag(stage: str) -> None:
    (flag,) = (action for action in stages()[stage]._actions if action.dest == "preset")
    assert flag.choices is not None and set(flag.choices) == set(PRESETS) and flag.default == "small-data"
