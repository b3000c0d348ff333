"""Settings from a file and the command line: over the preset's, checked, and kept in the weights."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from v2f.__main__ import main
from v2f.models import load_networks
from v2f.training.presets import PRESETS, SmallDataConfig, SpeakerConfig
from v2f.training.settings import SETTINGS, SettingsError, lines, recorded, with_settings
from v2f.training.tasks.matcher import MatcherConfig
from v2f.training.tasks.stage_two import WEIGHTS

GAN, SPEAKER = SmallDataConfig(), PRESETS["paper"].speaker
FILE = """
[speaker]
batch = 64
crops.shortest = 2
[adversarial]
learning_rate = 1e-3
betas = [0.4, 0.9]
"""


def given(*assignments: str) -> SmallDataConfig:
    return with_settings(GAN, "adversarial", None, assignments)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "my.toml"
    path.write_text(FILE)
    return path


def test_a_setting_is_named_by_section_and_field() -> None:
    changed = given("adversarial.learning_rate=1e-4", "adversarial.r1 = 1", "adversarial.falls_after=10")
    assert (changed.learning_rate, changed.r1, changed.falls_after) == (1e-4, 1.0, 10)
    assert isinstance(changed.r1, float) and changed.steps == GAN.steps
    assert given("adversarial.betas=[0.5, 0.99]").betas == (0.5, 0.99)


def test_a_setting_of_a_setting_has_another_dot() -> None:
    changed = with_settings(
        SPEAKER, "speaker", None, ["speaker.crops.augment=true", "speaker.crops.longest=6"]
    )
    assert changed.crops.augment and changed.crops.longest == 6.0 and changed.crops.shortest == 3.0
    assert (
        with_settings(SPEAKER, "speaker", None, ["speaker.networks.reading=table2"]).networks.reading
        == "table2"
    )


def test_a_file_holds_those_of_all_stages_and_the_command_line_comes_after_it(file: Path) -> None:
    assert with_settings(SPEAKER, "speaker", file, []).batch == 64
    assert with_settings(SPEAKER, "speaker", file, []).crops.shortest == 2.0
    changed = with_settings(GAN, "adversarial", file, ["adversarial.learning_rate=2e-3"])
    assert (changed.learning_rate, changed.betas) == (2e-3, (0.4, 0.9))
    assert with_settings(MatcherConfig(), "matcher", file, []) == MatcherConfig()


@pytest.mark.parametrize(
    ("assignment", "sentence"),
    [
        ("adversarial.learning_rat=1", "adversarial: there is no setting 'learning_rat'; there are: steps, "),
        ("adverserial.steps=1", "--set: there is no setting 'adverserial'; there are: adversarial."),
        ("speaker.steps=1", "--set: there is no setting 'speaker'; there are: adversarial."),
        ("adversarial.networks.image_size=32", "adversarial: there is no setting 'networks'"),
        ("adversarial.steps=many", "adversarial.steps takes a whole number, not 'many'."),
        ("adversarial.steps=1.5", "adversarial.steps takes a whole number, not 1.5."),
        ("adversarial.steps=true", "adversarial.steps takes a whole number, not True."),
        ("adversarial.betas=[0.5]", "adversarial.betas takes a list of 2 numbers, not [0.5]."),
        ("adversarial.steps", "--set takes SECTION.NAME=VALUE, not 'adversarial.steps'."),
        ("adversarial=1", "--set takes SECTION.NAME=VALUE, not 'adversarial=1'."),
        ("adversarial.steps.more=1", "adversarial.steps takes a whole number, not {'more': 1}."),
    ],
)
def test_what_is_not_known_is_one_sentence(assignment: str, sentence: str) -> None:
    with pytest.raises(SettingsError) as error:
        given(assignment)
    assert str(error.value).startswith(sentence) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[adversarial]\nstep = 1\n", "adversarial: there is no setting 'step'"),
        ("[gann]\nsteps = 1\n", "there is no setting 'gann'; there are: speaker, pack, adversarial"),
        ("adversarial = 3\n", "adversarial is a section of settings, not 3."),
        ("steps 1", "is not TOML"),
        (None, "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_taken_is_named(text: str | None, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "my.toml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(SettingsError) as error:
        with_settings(GAN, "adversarial", path, [])
    assert str(path) in str(error.value) and sentence in str(error.value)


def test_a_value_that_a_configuration_refuses_is_one_sentence() -> None:
    with pytest.raises(SettingsError, match="speaker.networks.*reading"):
        with_settings(SPEAKER, "speaker", None, ["speaker.networks.reading=table3"])


def test_what_is_recorded_can_be_given_again() -> None:
    config = given("adversarial.falls_after=7", "adversarial.r1=0.5")
    told = lines(recorded("adversarial", config, recorded("speaker", SpeakerConfig())))
    assert "adversarial.r1=0.5" in told and "speaker.crops.shortest=3.0" in told
    again = [line for line in told if line.startswith("adversarial.") and ".networks." not in line]
    assert given(*again) == config


def test_the_weights_of_stage_two_hold_the_settings_of_all_stages(
    made_store: Path, tmp_path: Path, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, pack = tmp_path / "run", tmp_path / "pack.npz"
    more = ["--config", str(file), "--device", "cpu", "--steps", "1", "--batch", "4"]
    encoder = ["--encoder", str(out / "encoder.safetensors")]
    assert main(["train", "speaker", "--data", str(made_store), "--out", str(out), *more]) == 0
    crops = ["--crops", "2", "--set", "pack.longest=2.0"]
    assert main(["train", "pack", "--data", str(made_store), "--out", str(pack), *encoder, *crops]) == 0
    assert main(["train", "gan", "--data", str(pack), "--out", str(out / "gan"), *encoder, *more]) == 0
    weights = out / "gan" / WEIGHTS
    settings = json.loads(load_networks(weights)[2][SETTINGS])
    assert settings["speaker"]["crops"]["shortest"] == 2.0 and settings["pack"]["longest"] == 2.0
    assert settings["adversarial"]["learning_rate"] == 1e-3 and settings["adversarial"]["batch"] == 4
    assert settings["adversarial"].keys() == asdict(GAN).keys()
    capsys.readouterr()
    assert main(["weights", "show", str(weights)]) == 0
    assert "setting: adversarial.learning_rate=0.001\n" in capsys.readouterr().out
    assert (
        main(["train", "gan", "--data", str(pack), "--out", str(out / "b"), *encoder, "--set", "gan.x=1"])
        == 1
    )
    said = capsys.readouterr().err
    assert said.startswith("v2f: --set: there is no setting 'gan'") and said.count("\n") == 1
