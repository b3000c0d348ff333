"""Weights files keep networks and their origin, and say so in one sentence when they cannot be used."""

import json
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

from v2f.errors import WeightsError
from v2f.models import (
    TRAINED_ON,
    Classifier,
    Discriminator,
    FaceTrunk,
    Generator,
    NetworkConfig,
    VoiceEncoder,
    encode_people,
    file_hash,
    load,
    load_networks,
    people_trained_on,
    save_networks,
)
from v2f.models.weights import find

PROVENANCE = {"name": "made for a test", "licence": "none"}


def all_networks(config: NetworkConfig) -> dict[str, nn.Module]:
    torch.manual_seed(0)
    return {
        "encoder": VoiceEncoder(config),
        "generator": Generator(config),
        "trunk": FaceTrunk(config),
        "discriminator": Discriminator(config),
    }


@pytest.fixture
def encoder_file(tmp_path: Path) -> Path:
    """A small weights file, as the speaker stage writes them."""
    path = tmp_path / "speaker.safetensors"
    save_networks(path, {"encoder": VoiceEncoder()}, NetworkConfig(), PROVENANCE)
    return path


def described_as(tmp_path: Path, encoder_file: Path, config: object) -> Path:
    """The same weights with another description of their networks."""
    with safe_open(encoder_file, framework="pt") as file:
        metadata = {**file.metadata(), "config": json.dumps(config)}
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a mapping)
    save_file(tensors, tmp_path / "other", metadata)
    return tmp_path / "other"


def assert_one_sentence(error: pytest.ExceptionInfo[WeightsError]) -> None:
    text = str(error.value)
    assert text.endswith(".") and "\n" not in text and "Error" not in text


@pytest.mark.parametrize("reading", ["released", "table2"])
def test_full_precision_comes_back_bit_for_bit(tmp_path: Path, reading: str) -> None:
    config, path = NetworkConfig(reading), tmp_path / "w.safetensors"
    networks = all_networks(config)
    save_networks(path, networks, config, PROVENANCE, half=False)
    loaded, loaded_config, provenance = load_networks(path)
    assert loaded_config == config and provenance == PROVENANCE
    assert list(loaded) == list(networks)
    for name, network in networks.items():
        for key, tensor in network.state_dict().items():
            assert torch.equal(loaded[name].state_dict()[key], tensor), f"{name}.{key}"


def test_equal_networks_make_equal_files(tmp_path: Path) -> None:
    networks, told = {"discriminator": Discriminator()}, {**PROVENANCE, "by": "Zoë"}
    files = [tmp_path / f"{i}.safetensors" for i in range(9)]
    for file in files:
        save_networks(file, networks, NetworkConfig(), told)
    assert len({file.read_bytes() for file in files}) == 1
    assert load_networks(files[0])[2] == told


def test_the_size_of_faces_comes_back(large_weights: Path) -> None:
    model = load(large_weights)
    assert model.config.image_size == model.trunk.image_size == 128
    assert model.generator(torch.zeros(1, 64)).shape == (1, 3, 128, 128)


def test_a_file_that_names_reading_alone_holds_table_2s_networks_for_faces_of_64_pixels(
    tmp_path: Path, encoder_file: Path
) -> None:
    older = described_as(tmp_path, encoder_file, {"reading": "released"})
    networks, config, _ = load_networks(older)
    assert config == NetworkConfig() and config.image_size == 64
    assert isinstance(networks["encoder"], VoiceEncoder)


@pytest.mark.parametrize("name", ["encoder", "generator"])
def test_an_unknown_network_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} must be in .*'table2'.* not 'other'"):
        NetworkConfig(**{name: "other"})


@pytest.mark.parametrize(
    "config",
    [{"encoder": "other"}, {"generator": ["table2"]}, {"encoder": None}, {"unknown": 1}, ["table2"], 1],
)
def test_a_description_that_is_not_understood_is_one_sentence(
    tmp_path: Path, encoder_file: Path, config: object
) -> None:
    with pytest.raises(WeightsError, match="does not say which networks it holds") as error:
        load_networks(described_as(tmp_path, encoder_file, config))
    assert_one_sentence(error)


def test_half_precision_halves_the_file_and_loads_as_float32(tmp_path: Path) -> None:
    config, path = NetworkConfig(), tmp_path / "w.safetensors"
    networks = all_networks(config)
    save_networks(path, networks, config, PROVENANCE)
    model = load(path)
    assert path.stat().st_size < 2.01 * sum(p.numel() for n in networks.values() for p in n.parameters())
    assert {p.dtype for p in model.generator.parameters()} == {torch.float32}
    weight = networks["generator"].get_parameter("model.0.weight")
    torch.testing.assert_close(model.generator.get_parameter("model.0.weight"), weight, rtol=1e-3, atol=1e-6)


def test_values_too_large_for_half_precision_are_kept(tmp_path: Path) -> None:
    encoder, path = VoiceEncoder(), tmp_path / "w.safetensors"
    encoder.get_buffer("model.1.running_var").fill_(1e6)
    save_networks(path, {"encoder": encoder}, NetworkConfig(), PROVENANCE)
    loaded, _, _ = load_networks(path)
    assert loaded["encoder"].get_buffer("model.1.running_var").max() == 1e6


def test_loaded_networks_are_ready_for_inference_and_for_training(encoder_file: Path) -> None:
    encoder = load_networks(encoder_file)[0]["encoder"]
    assert not encoder.training
    encoder(torch.randn(2, 64, 32)).sum().backward()
    assert all(parameter.grad is not None for parameter in encoder.parameters())


def test_loading_leaves_the_random_numbers_alone(encoder_file: Path) -> None:
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    load_networks(encoder_file)
    assert torch.equal(torch.rand(1), expected)


def test_a_classifier_comes_back_with_as_many_identities(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    save_networks(path, {"classifier": Classifier(7)}, NetworkConfig(), PROVENANCE)
    classifier = load_networks(path)[0]["classifier"]
    assert isinstance(classifier, Classifier) and classifier.out_features == 7


def test_who_was_trained_on_is_told_by_name_in_order_and_once() -> None:
    told = {**PROVENANCE, TRAINED_ON: encode_people(["Zoë", "Ann", "Zoë"])}
    assert people_trained_on(told) == ["Ann", "Zoë"]


def test_weights_that_do_not_tell_whom_they_were_trained_on_say_none() -> None:
    assert people_trained_on(PROVENANCE) is None
    assert people_trained_on({TRAINED_ON: ""}) == []


def test_networks_of_another_name_are_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="averaged"):
        save_networks(tmp_path / "w", {"averaged": VoiceEncoder()}, NetworkConfig(), PROVENANCE)


def test_an_encoder_alone_makes_no_faces(encoder_file: Path) -> None:
    with pytest.raises(WeightsError, match="generator") as error:
        load(encoder_file)
    assert_one_sentence(error)


def test_released_weights_have_no_discriminator(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    networks = {"encoder": VoiceEncoder(), "generator": Generator()}
    save_networks(path, networks, NetworkConfig(), PROVENANCE)
    model = load(path)
    assert model.trunk is None and model.discriminator is None


def test_an_existing_file_is_replaced_whole_and_nothing_else_is_left(encoder_file: Path) -> None:
    save_networks(encoder_file, {"discriminator": Discriminator()}, NetworkConfig(), PROVENANCE)
    assert list(load_networks(encoder_file)[0]) == ["discriminator"]
    assert list(encoder_file.parent.iterdir()) == [encoder_file]


def test_a_full_disk_is_one_sentence_and_the_old_file_stays(encoder_file: Path, monkeypatch) -> None:
    before = file_hash(encoder_file)

    def full_disk(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("v2f.models.weights.os.fsync", full_disk)
    with pytest.raises(WeightsError, match="No space left") as error:
        save_networks(encoder_file, {"encoder": VoiceEncoder()}, NetworkConfig(), PROVENANCE)
    assert_one_sentence(error)
    assert file_hash(encoder_file) == before
    assert list(encoder_file.parent.iterdir()) == [encoder_file]


def damage(contents: bytes, how: str) -> bytes:
    match how:
        case "empty":
            return b""
        case "header only":
            return contents[:100]
        case "truncated":
            return contents[:-1000]
        case "one bit flipped":
            return contents[:-50] + bytes([contents[-50] ^ 1]) + contents[-49:]
        case "a JPEG":
            return b"\xff\xd8\xff\xe0" + bytes(2000)
        case "a pickle":
            return b"\x80\x04cos\nsystem\n(S'false'\ntR."
    raise AssertionError(how)


@pytest.mark.parametrize(
    "how", ["empty", "header only", "truncated", "one bit flipped", "a JPEG", "a pickle"]
)
def test_damaged_files_are_refused(encoder_file: Path, how: str) -> None:
    encoder_file.write_bytes(damage(encoder_file.read_bytes(), how))
    with pytest.raises(WeightsError, match="damaged") as error:
        load_networks(encoder_file)
    assert_one_sentence(error)


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        {"format": "pt"},
        {"v2f_format": "99"},
        {"v2f_format": "1"},
        {"v2f_format": "1", "config": '{"reading": "tea leaves"}', "provenance": "{}"},
        {"v2f_format": "1", "config": "[]", "provenance": "{}"},
        {"v2f_format": "1", "config": "{}", "provenance": "7"},
    ],
)
def test_other_safetensors_files_are_refused(tmp_path: Path, metadata: dict[str, str] | None) -> None:
    path = tmp_path / "w.safetensors"
    save_file({"encoder.x": torch.zeros(3)}, path, metadata)
    with pytest.raises(WeightsError) as error:
        load_networks(path)
    assert_one_sentence(error)


def test_networks_of_another_shape_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    save_networks(path, {"generator": Generator(NetworkConfig("table2"))}, NetworkConfig(), PROVENANCE)
    with pytest.raises(WeightsError, match="generator of another shape") as error:
        load_networks(path)
    assert_one_sentence(error)


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no weights file") as error:
        load(tmp_path / "nowhere.safetensors")
    assert_one_sentence(error)


def test_missing_released_weights_name_the_command_that_fetches_them(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(WeightsError, match="v2f weights pull released"):
        load("released")


def test_a_path_may_be_given_as_text(encoder_file: Path) -> None:
    assert find(str(encoder_file)) == encoder_file
